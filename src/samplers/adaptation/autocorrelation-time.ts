/**
 * Integrated autocorrelation time of one quantity over several chains: how many draws are worth one independent draw.
 *
 * Source: Geyer (1992), initial monotone positive sequence; pooled over chains as in Vehtari et al. (2021), without
 * splitting or rank normalisation: it steers tuning and is never reported as a diagnostic.
 */

/** Autocovariance of each chain about its own mean at one lag, biased (divisor n), averaged over chains. */
const covarianceAt = (chains: readonly Float64Array[], means: readonly number[], lag: number): number => {
  let total = 0;
  chains.forEach((draws, chain) => {
    const mean = means[chain];
    let sum = 0;
    for (let i = lag; i < draws.length; i++) sum += (draws[i] - mean) * (draws[i - lag] - mean);
    total += sum / draws.length;
  });
  return total / chains.length;
};

const meanOf = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
};

/** Sample variance (divisor n − 1); 0 for one value. */
const varianceOf = (values: readonly number[]): number => {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
};

/**
 * τ in draws, at least 1: numChains·numDraws/τ draws are independent.
 *
 * @param chains shape (numChains, numDraws), equal lengths ≥ 4.
 * @returns NaN if a draw is not finite or all draws are equal.
 */
export const autocorrelationTime = (chains: readonly Float64Array[]): number => {
  const numDraws = chains[0].length;
  const means = chains.map(meanOf);
  const within = (covarianceAt(chains, means, 0) * numDraws) / (numDraws - 1);
  const spread = (within * (numDraws - 1)) / numDraws + varianceOf(means);
  if (!(spread > 0) || !Number.isFinite(spread)) return Number.NaN;
  const correlationAt = (lag: number): number => 1 - (within - covarianceAt(chains, means, lag)) / spread;

  let total = 0;
  let previous = Number.POSITIVE_INFINITY;
  for (let lag = 0; lag + 1 < numDraws; lag += 2) {
    const pair = (lag === 0 ? 1 : correlationAt(lag)) + correlationAt(lag + 1);
    if (pair < 0) break;
    previous = Math.min(previous, pair);
    total += previous;
  }
  return Math.max(1, 2 * total - 1);
};
