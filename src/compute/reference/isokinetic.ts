/**
 * One step of microcanonical (isokinetic) Langevin dynamics: O – B A B (A B) – O, with unit direction u and
 * preconditioner √V (`scale`); g = −√V∘∇U.
 *
 * B(c): with e = g/|g|, ue = ⟨u, e⟩, δ = c·ε·|g|/(d − 1), ζ = e^{−δ}:
 *   u ← normalise( e·(1 − ζ)·(1 + ζ + ue·(1 − ζ)) + 2ζ·u ),  ΔK = (d − 1)·(δ − log 2 + log(1 + ue + (1 − ue)·ζ²));
 *   where |g| < 1e-13, u stays and ΔK = 0.
 * A(c): x ← x + c·ε·√V∘u, then ∇U anew.
 * O:    u ← normalise(u + ν·z), ν = √((e^{ε/L} − 1)/d), z ~ N(0, I); nothing where L = ∞. Half of ε on each side.
 * Coefficients B, A, B, …: leapfrog ½, 1, ½; mclachlan b, ½, 1 − 2b, ½, b.
 * ΔE = ΣΔK + U(x') − U(x).
 *
 * A step that ends with a non-finite number in x', u', ∇U', U' or ΔE is bad: x, ∇U, L_n and U stay, u becomes a fresh
 * uniform direction (the same u would repeat the same move), ΔE counts as 0. Needs d ≥ 2.
 *
 * Source: Robnik, De Luca, Silverstein & Seljak (2023); Robnik & Seljak (2024) for O; McLachlan (1995), minimum norm.
 */
import type { ChainPotential, Evaluation } from "./chain-potential.ts";

/** b of McLachlan's second-order minimum-norm integrator. */
const b = 0.1931833275037836;

const coefficients = {
  leapfrog: [0.5, 1, 0.5],
  mclachlan: [b, 0.5, 1 - 2 * b, 0.5, b],
} as const;

/** One chain's arrays (dim), changed in place; `gradient` is ∇U at `position` and `evaluation` its L_n and U. */
export interface IsokineticChain {
  readonly position: Float64Array;
  readonly direction: Float64Array;
  readonly gradient: Float64Array;
  evaluation: Evaluation;
}

/** Settings of a step and its random numbers (dim each). */
export interface IsokineticStep {
  readonly integrator: keyof typeof coefficients;
  readonly stepSize: number;
  readonly decoherenceLength: number;
  /** √V. */
  readonly scale: Float64Array;
  /** z of the refresh before the moves. */
  readonly noiseBefore: Float64Array;
  /** z of the refresh after the moves. */
  readonly noiseAfter: Float64Array;
  /** Normals whose direction replaces u after a bad step; read only then. */
  readonly freshDirection: () => Float64Array;
}

/** ΔE of the step, nats, and whether it was bad (then ΔE = 0). */
export interface IsokineticOutcome {
  readonly energyError: number;
  readonly isBad: boolean;
}

/** Does one step in place. */
export const isokineticStep = (
  chain: IsokineticChain,
  evaluate: ChainPotential,
  step: IsokineticStep,
): IsokineticOutcome => {
  const { position, direction, gradient } = chain;
  const before = { position: position.slice(), gradient: gradient.slice(), evaluation: chain.evaluation };

  refresh(direction, step.noiseBefore, step);
  let kineticChange = 0;
  coefficients[step.integrator].forEach((coefficient, stage) => {
    if (stage % 2 === 0) {
      kineticChange += turn(chain, coefficient * step.stepSize, step.scale);
    } else {
      move(chain, coefficient * step.stepSize, step.scale);
      chain.evaluation = evaluate(position, gradient);
    }
  });
  refresh(direction, step.noiseAfter, step);

  const energyError = kineticChange + chain.evaluation.potential - before.evaluation.potential;
  if (Number.isFinite(energyError) && isFiniteChain(chain)) return { energyError, isBad: false };
  position.set(before.position);
  gradient.set(before.gradient);
  chain.evaluation = before.evaluation;
  direction.set(step.freshDirection());
  normalise(direction);
  return { energyError: 0, isBad: true };
};

/** B: turns u towards −√V∘∇U; returns ΔK. `time` = c·ε. */
const turn = (chain: IsokineticChain, time: number, scale: Float64Array): number => {
  const { direction, gradient } = chain;
  const force = gradient.map((g, i) => -scale[i] * g);
  const norm = Math.sqrt(dot(force, force));
  if (norm < 1e-13) return 0;
  const d1 = direction.length - 1;
  // 1 + ue = ½|u + e|² for unit vectors: exact also where e ≈ −u.
  const ahead = direction.reduce((sum, u, i) => sum + (u + force[i] / norm) ** 2, 0) / 2;
  const behind = 2 - ahead;
  const delta = (time * norm) / d1;
  const zeta = Math.exp(-delta);
  const along = ((1 - zeta) * (ahead + behind * zeta)) / norm;
  for (let i = 0; i < direction.length; i++) direction[i] = along * force[i] + 2 * zeta * direction[i];
  normalise(direction);
  return d1 * (delta - Math.LN2 + Math.log(ahead + behind * zeta * zeta));
};

/** A: x ← x + c·ε·√V∘u. */
const move = (chain: IsokineticChain, time: number, scale: Float64Array): void => {
  const { position, direction } = chain;
  for (let i = 0; i < position.length; i++) position[i] += time * scale[i] * direction[i];
};

/** O over half a step. */
const refresh = (direction: Float64Array, noise: Float64Array, step: IsokineticStep): void => {
  const nu = refreshScale(step, direction.length);
  if (nu === 0) return;
  for (let i = 0; i < direction.length; i++) direction[i] += nu * noise[i];
  normalise(direction);
};

/** ν = √((e^{2(ε/2)/L} − 1)/d): the noise of one of the two refreshes of a step. 0 where L = ∞. */
export const refreshScale = (step: { stepSize: number; decoherenceLength: number }, dim: number): number =>
  Math.sqrt(Math.expm1(step.stepSize / step.decoherenceLength) / dim);

const dot = (x: Float64Array, y: Float64Array): number => x.reduce((sum, value, i) => sum + value * y[i], 0);

const normalise = (x: Float64Array): void => {
  const norm = Math.sqrt(dot(x, x));
  for (let i = 0; i < x.length; i++) x[i] /= norm;
};

const isFiniteChain = ({ position, direction, gradient }: IsokineticChain): boolean =>
  position.every(Number.isFinite) && direction.every(Number.isFinite) && gradient.every(Number.isFinite);
