/**
 * Isokinetic (microcanonical) Langevin dynamics of one chain, in plain float64: the equations that the fused operation
 * `Ensemble.isokinetic` carries out for many chains, and the reference of its tests.
 *
 * One step of size ε: O(ε/2), then the palindrome B A B (leapfrog: ½, 1, ½) or B A B A B (McLachlan: b, ½, 1 − 2b, ½, b),
 * then O(ε/2), with G = √V∘∇U, e = −G/|G|, and the unit vector u:
 * - B(c): δ = cε|G|/(d − 1), ζ = e^{−δ}, p = u·e; u ∝ e(1 − ζ)(1 + ζ + p(1 − ζ)) + 2ζu;
 *   ΔK = (d − 1)(δ − log 2 + log(1 + p + (1 − p)ζ²)); nothing happens where |G| < 1e-13;
 * - A(c): w ← w + cε·√V∘u;
 * - O(h): u ∝ u + νz, ν = √((e^{2h/L} − 1)/d), z ~ N(0, I); L = ∞ gives ν = 0.
 * ΔE = ΣΔK + ΔU. The gradient at the end of a step is that of the next step's first B: 2 (McLachlan) or 1 (leapfrog)
 * gradients a step. The scheme is not adjusted: its stationary law is off by O(ε²), watched through Var(ΔE)/d.
 *
 * Source: Robnik, De Luca, Silverstein & Seljak (2023); Ver Steeg & Galstyan (2021); McLachlan (1995), minimum-norm
 * second-order coefficients. ν and the O–…–O order as BlackJAX has them.
 */

/** b of McLachlan's minimum-norm scheme. */
export const MCLACHLAN_B = 0.1931833275037836;

/** Below this length a gradient has no direction. */
const MIN_GRADIENT_NORM = 1e-13;

/** Fractions of ε of B, A, B, … in order; the number of A's is the number of gradients of a step. */
export const isokineticCoefficients = {
  leapfrog: [0.5, 1, 0.5],
  mclachlan: [MCLACHLAN_B, 0.5, 1 - 2 * MCLACHLAN_B, 0.5, MCLACHLAN_B],
} as const satisfies Record<string, readonly number[]>;

export type IsokineticIntegrator = keyof typeof isokineticCoefficients;

/** Gradients of one step: 2 for McLachlan, 1 for leapfrog. */
export const gradientsPerStep = (integrator: IsokineticIntegrator): number =>
  (isokineticCoefficients[integrator].length - 1) / 2;

/**
 * Relative bias of E[U] − min U on a Gaussian in any dimension ≥ 3, to first order: ΔE² grows as ε⁶ and the bias as ε²,
 * so it is c·⟨(ΔE²/d)^(1/3)⟩, the average over steps. c was measured with this code for d = 3 … 300 and ε that give
 * Var(ΔE)/d = 5e-5 … 1e-3, where it varies by a sixth. Elsewhere it is an order of magnitude; unlike a formula in
 * Var(ΔE) it is not ruled by the few steps that cross a kink of a relu network.
 */
export const gaussianBias = (integrator: IsokineticIntegrator, meanCubeRoot: number): number =>
  (integrator === "mclachlan" ? -0.33 : 0.57) * meanCubeRoot;

/** Euclidean length; NaN if an entry is NaN. */
export const normOf = (vector: Float64Array): number => {
  let sum = 0;
  for (const entry of vector) sum += entry * entry;
  return Math.sqrt(sum);
};

/** `vector` ← `vector`/‖`vector`‖, in place. */
export const normalise = (vector: Float64Array): void => {
  const inverse = 1 / normOf(vector);
  for (let i = 0; i < vector.length; i++) vector[i] *= inverse;
};

/**
 * B over time `time` = cε, in place on the unit vector `direction`.
 *
 * @param gradient G = √V∘∇U, shape (dim), dim ≥ 2.
 * @returns ΔK, nats.
 */
export const kickDirection = (direction: Float64Array, gradient: Float64Array, time: number): number => {
  const dim = direction.length;
  const norm = normOf(gradient);
  if (norm < MIN_GRADIENT_NORM) return 0;
  let alignment = 0; // p = u·e
  for (let i = 0; i < dim; i++) alignment -= (direction[i] * gradient[i]) / norm;
  const delta = (time * norm) / (dim - 1);
  const zeta = Math.exp(-delta);
  const along = -((1 - zeta) * (1 + zeta + alignment * (1 - zeta))) / norm;
  for (let i = 0; i < dim; i++) direction[i] = along * gradient[i] + 2 * zeta * direction[i];
  normalise(direction);
  return (dim - 1) * (delta - Math.LN2 + Math.log(1 + alignment + (1 - alignment) * zeta * zeta));
};

/** ν of a refresh over time h: √((e^{2h/L} − 1)/d). */
export const refreshScale = (dim: number, time: number, decoherenceLength: number): number =>
  Math.sqrt(Math.expm1((2 * time) / decoherenceLength) / dim);

/** O with scale `nu`, in place; `noise` is standard normal. */
export const refreshDirection = (direction: Float64Array, noise: Float64Array, nu: number): void => {
  for (let i = 0; i < direction.length; i++) direction[i] += nu * noise[i];
  normalise(direction);
};

/** U and ∇U at a position; the caller owns the gradient. */
export type PotentialFunction = (position: Float64Array) => { potential: number; gradient: Float64Array };

/** Phase point of one chain. */
export interface IsokineticPoint {
  /** w, shape (dim). */
  readonly position: Float64Array;
  /** u, a unit vector. */
  readonly direction: Float64Array;
  /** U and ∇U at `position`. */
  readonly potential: number;
  readonly gradient: Float64Array;
}

/** What a step needs beside the point it starts from. */
export interface IsokineticStep {
  readonly potentialOf: PotentialFunction;
  /** √V, shape (dim). */
  readonly scale: Float64Array;
  readonly integrator: IsokineticIntegrator;
  readonly stepSize: number;
}

/** A point after a step, and what the step did. */
export interface IsokineticOutcome {
  readonly point: IsokineticPoint;
  /** ΣΔK, nats. */
  readonly kineticChange: number;
  /** ΔE = ΣΔK + ΔU, nats. NaN or ∞ marks a bad step, which the caller undoes. */
  readonly energyError: number;
}

const multiply = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value * b[i]);

/** The B A … B part of one step, without refreshes; `point` is not changed. */
export const isokineticStep = (point: IsokineticPoint, step: IsokineticStep): IsokineticOutcome => {
  const position = point.position.slice();
  const direction = point.direction.slice();
  let { potential, gradient } = point;
  let kineticChange = 0;
  isokineticCoefficients[step.integrator].forEach((coefficient, stage) => {
    const time = coefficient * step.stepSize;
    if (stage % 2 === 0) {
      kineticChange += kickDirection(direction, multiply(step.scale, gradient), time);
      return;
    }
    for (let i = 0; i < position.length; i++) position[i] += time * step.scale[i] * direction[i];
    ({ potential, gradient } = step.potentialOf(position));
  });
  const energyError = kineticChange + potential - point.potential;
  return { point: { position, direction, potential, gradient }, kineticChange, energyError };
};
