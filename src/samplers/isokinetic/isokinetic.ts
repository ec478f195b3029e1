/**
 * What `mclmc` and `amclmc` know of the isokinetic step beside its fused operation (`Ensemble.isokinetic`, whose equations
 * are in `src/compute/reference/isokinetic.ts`): its names, cost and bias.
 */

/** Leapfrog: B A B; McLachlan: B A B A B, the minimum-norm scheme of second order. */
export type IsokineticIntegrator = "leapfrog" | "mclachlan";

/** Gradients of one step: 2 for McLachlan, 1 for leapfrog. */
export const gradientsPerStep = (integrator: IsokineticIntegrator): number =>
  integrator === "mclachlan" ? 2 : 1;

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
