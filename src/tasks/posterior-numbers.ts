/**
 * nβ and γ of a run, from its `posterior` block and the sizes of its target.
 *
 * beta = beta0/ln(max(3, n)) for `1_over_log_n` (Watanabe's WBIC temperature), beta0 for `fixed`; nβ = n·beta with the real n,
 * never the size of a batch. gamma = d/prior_radius² where a radius is given.
 */
import type { RunConfig } from "../config/experiment.ts";

export interface PosteriorNumbers {
  readonly beta: number;
  readonly nBeta: number;
  readonly gamma: number;
}

/** @param sizes n training points, d parameters. */
export const posteriorNumbersOf = (
  posterior: RunConfig["posterior"],
  sizes: { readonly n: number; readonly d: number },
): PosteriorNumbers => {
  const beta =
    posterior.beta_mode === "fixed" ? posterior.beta0 : posterior.beta0 / Math.log(Math.max(3, sizes.n));
  const radius = posterior.prior_radius;
  const gamma = radius !== null && radius > 0 ? sizes.d / radius ** 2 : (posterior.gamma ?? 1);
  return { beta, nBeta: sizes.n * beta, gamma };
};
