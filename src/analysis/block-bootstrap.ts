/**
 * Monte-Carlo error of a mean by the circular block bootstrap: a cross-check of the MCSE that rests on autocorrelations.
 *
 * Whole blocks of consecutive draws are drawn again within each chain, so correlations up to the length of a block are kept.
 * The variance of the bootstrapped mean over all possible choices has a closed form, hence no random numbers: with block
 * means B_i over the n circular blocks of length ℓ of one chain it is ℓ/(n − ℓ)·mean (B_i − x̄)², n − ℓ instead of n because
 * x̄ is estimated. ℓ = ⌈n^{2/3}⌉: long, since an error that is too small is the mistake to find. Noise: √(ℓ/(3·n·C)) of itself.
 *
 * Source: Politis & Romano (1992); Künsch (1989).
 */
import { type Chains, mean } from "./moments.ts";

/**
 * Standard error of the mean over all draws of all chains, in the units of the draws.
 *
 * @param chains shape (numChains, numDraws). Fewer than 8 draws a chain or a draw that is not finite: NaN.
 */
export const mcseBootstrap = (chains: Chains): number => {
  const variances = chains.map(bootstrapVariance);
  return Math.sqrt(mean(variances) / chains.length);
};

/** Variance of the mean of one chain. */
const bootstrapVariance = (draws: Float64Array): number => {
  const total = draws.length;
  if (total < 8) return Number.NaN;
  const length = Math.ceil(total ** (2 / 3));
  const center = mean(draws);
  let sum = 0;
  for (let i = 0; i < length; i++) sum += draws[i] - center;
  let square = 0;
  for (let start = 0; start < total; start++) {
    square += (sum / length) ** 2;
    sum += draws[(start + length) % total] - draws[start];
  }
  return ((length / (total - length)) * square) / total;
};
