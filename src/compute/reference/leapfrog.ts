/**
 * Leapfrog (velocity Verlet) for H(q, p) = U(q) + ½·Σ V_i·p_i²: half kick, drift, half kick.
 *
 * p ← p − (ε/2)·∇U(q);  q ← q + ε·V∘p;  p ← p − (ε/2)·∇U(q). One gradient a step: the last of a step is the first of
 * the next. Source: Duane et al. (1987); Neal (2011), eqs. 2.28–2.30.
 */
import type { ChainPotential, Evaluation } from "./chain-potential.ts";

/** One chain's arrays (dim), changed in place; `gradient` is ∇U at `position`, in and out. */
export interface LeapfrogChain {
  readonly position: Float64Array;
  readonly momentum: Float64Array;
  readonly gradient: Float64Array;
}

/** Does `numSteps` ≥ 1 steps; returns L_n and U at the end. Non-finite numbers spread and stay. */
export const leapfrogChain = (
  chain: LeapfrogChain,
  evaluate: ChainPotential,
  settings: { stepSize: number; numSteps: number; inverseMass: Float64Array },
): Evaluation => {
  const { position, momentum, gradient } = chain;
  const { stepSize, numSteps, inverseMass } = settings;
  const kick = (): void => {
    for (let i = 0; i < momentum.length; i++) momentum[i] -= 0.5 * stepSize * gradient[i];
  };
  let evaluation: Evaluation = { loss: NaN, potential: NaN };
  for (let step = 0; step < numSteps; step++) {
    kick();
    for (let i = 0; i < position.length; i++) position[i] += stepSize * inverseMass[i] * momentum[i];
    evaluation = evaluate(position, gradient);
    kick();
  }
  return evaluation;
};
