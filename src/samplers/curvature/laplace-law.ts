/**
 * The Laplace approximation N(w*, (nβH + γI)⁻¹) of a posterior whose curvature was found, and its λ̂.
 *
 * λ̂ = nβ·E_q[½vᵀHv] = ½ Σ_i nβ·h_i/(nβ·h_i + γ): ½ for every direction that the data determine. Negative h_i (w* is no
 * minimum there, or only to rounding) count as 0: the localiser alone bounds those directions.
 */
import { SweepError } from "../../core/errors.ts";
import type { Curvature } from "./curvature-estimate.ts";
import { CurvedGaussian } from "./curved-gaussian.ts";

/** nβ and γ of the posterior, and how many digits its gradients have. */
export interface LawContext {
  readonly dim: number;
  readonly nBeta: number;
  readonly gamma: number;
  /** Share of the largest curvature below which a negative one is rounding. */
  readonly tolerance: number;
}

/** The law and what there is to say of it. */
export interface LaplaceLaw {
  readonly gaussian: CurvedGaussian;
  /** λ̂ in closed form. */
  readonly llc: number;
  readonly smallest: number;
  readonly largest: number;
  /** Mean curvature outside the leading directions; 0 where they are all. */
  readonly rest: number;
  /** Curvatures below 0 by more than rounding. */
  readonly numNegative: number;
}

/** Least precision as a share of the largest: below it a direction has no width to speak of. */
const flatness = 1e-14;

/** @throws NUMERICS if a curvature is not finite, or a direction is flat and γ = 0. */
export const laplaceLawOf = (curvature: Curvature, context: LawContext): LaplaceLaw => {
  const { dim, nBeta, gamma, tolerance } = context;
  const { curvatures, directions, restCurvature } = curvature;
  const all = Array.from(curvatures);
  if (all.length < dim) all.push(restCurvature);
  requireFinite(all);
  const [smallest, largest] = extremes(all);
  const threshold = -tolerance * Math.max(Math.abs(smallest), Math.abs(largest));
  const precisionOf = (h: number): number => nBeta * Math.max(0, h) + gamma;
  requireWidth(all.map(precisionOf));

  const llcOf = (h: number): number => (0.5 * nBeta * Math.max(0, h)) / precisionOf(h);
  const rest = dim - curvatures.length;
  return {
    gaussian: new CurvedGaussian(dim, {
      directions,
      precisions: curvatures.map(precisionOf),
      restPrecision: precisionOf(restCurvature),
    }),
    llc: curvatures.reduce((sum, h) => sum + llcOf(h), rest > 0 ? rest * llcOf(restCurvature) : 0),
    smallest,
    largest,
    rest: restCurvature,
    numNegative: all.filter((h) => h < threshold).length,
  };
};

/** Least and greatest, without a call of as many arguments as there are values. */
const extremes = (values: readonly number[]): readonly [number, number] => {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
};

const requireFinite = (curvatures: readonly number[]): void => {
  if (curvatures.every(Number.isFinite)) return;
  throw new SweepError(
    "NUMERICS",
    "laplace: the Hessian of the loss at w* is not finite; expected finite gradients around w*. Lower laplace.difference_step, or use another sampler.",
  );
};

const requireWidth = (precisions: readonly number[]): void => {
  const least = flatness * extremes(precisions)[1];
  const numFlat = precisions.filter((p) => !(p > least)).length;
  if (numFlat === 0) return;
  throw new SweepError(
    "NUMERICS",
    `laplace: the loss has no positive curvature in ${numFlat} of ${precisions.length} directions at w* and posterior.gamma is 0, so the Gaussian has no finite width there; expected gamma > 0. Set posterior.gamma or posterior.prior_radius.`,
  );
};
