/**
 * Leapfrog (velocity Verlet) for H(q, p) = U(q) + ½·Σ V_i·p_i²: half kick, drift, half kick.
 *
 * p ← p − (ε/2)·∇U(q);  q ← q + ε·V∘p;  p ← p − (ε/2)·∇U(q). One gradient a step: the last of a step is the first of
 * the next. Source: Duane et al. (1987); Neal (2011), eqs. 2.28–2.30.
 *
 * With a lower triangular factor F it is the leapfrog of the coordinates y = F⁻¹q, whose gradient is Fᵀ∇U, written in q:
 * p ← p − (ε/2)·Fᵀ∇U(q);  q ← q + ε·F·(V∘p). In terms of q the inverse mass matrix is F·diag(V)·Fᵀ.
 */
import type { ChainPotential, Evaluation } from "./chain-potential.ts";

/** One chain's arrays (dim), changed in place; `gradient` is ∇U at `position`, in and out. */
export interface LeapfrogChain {
  readonly position: Float64Array;
  readonly momentum: Float64Array;
  readonly gradient: Float64Array;
}

/** What momenta become velocities by. */
export interface ChainMass {
  /** V, shape (dim). */
  readonly inverseMass: Float64Array;
  /** F, shape (dim, dim), of which the lower triangle is read; null: 1. */
  readonly factor: Float64Array | null;
}

/** Does `numSteps` ≥ 1 steps; returns L_n and U at the end. Non-finite numbers spread and stay. */
export const leapfrogChain = (
  chain: LeapfrogChain,
  evaluate: ChainPotential,
  settings: ChainMass & { readonly stepSize: number; readonly numSteps: number },
): Evaluation => {
  const { position, momentum, gradient } = chain;
  const { stepSize, numSteps, inverseMass, factor } = settings;
  const kick = (): void => {
    const slope = factor === null ? gradient : timesTransposed(factor, gradient);
    for (let i = 0; i < momentum.length; i++) momentum[i] -= 0.5 * stepSize * slope[i];
  };
  const drift = (): void => {
    if (factor === null) {
      for (let i = 0; i < position.length; i++) position[i] += stepSize * inverseMass[i] * momentum[i];
      return;
    }
    const velocity = times(
      factor,
      momentum.map((value, i) => inverseMass[i] * value),
    );
    for (let i = 0; i < position.length; i++) position[i] += stepSize * velocity[i];
  };
  let evaluation: Evaluation = { loss: NaN, potential: NaN };
  for (let step = 0; step < numSteps; step++) {
    kick();
    drift();
    evaluation = evaluate(position, gradient);
    kick();
  }
  return evaluation;
};

/** F·x, of the lower triangle. */
const times = (factor: Float64Array, x: Float64Array): Float64Array =>
  x.map((_, i) => {
    let sum = 0;
    for (let j = 0; j <= i; j++) sum += factor[i * x.length + j] * x[j];
    return sum;
  });

/** Fᵀ·x, of the lower triangle. */
const timesTransposed = (factor: Float64Array, x: Float64Array): Float64Array =>
  x.map((_, j) => {
    let sum = 0;
    for (let i = j; i < x.length; i++) sum += factor[i * x.length + j] * x[i];
    return sum;
  });
