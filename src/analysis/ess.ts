/**
 * Effective sample size: how many independent draws would give the same error.
 *
 * Source: Geyer (1992), initial monotone sequence; Vehtari et al. (2021), §3–4; arithmetic as in ArviZ and R `posterior`:
 * biased autocovariance, improved truncation for antithetic chains, floor 1/log10(S) of the autocorrelation time.
 * Fewer than 4 draws, or a draw that is not finite, gives NaN. Draws that are all equal (within 1e-15) give S.
 */
import { autocovariance } from "./autocorrelation.ts";
import {
  type Chains,
  isAllFinite,
  mapDraws,
  mean,
  median,
  pool,
  quantileOfSorted,
  sorted,
  variance,
} from "./moments.ts";
import { rankNormalise, splitChains } from "./rank-normalise.ts";

const isValid = (chains: Chains): boolean =>
  chains.length > 0 && chains[0].length >= 4 && chains.every(isAllFinite);

/** Bulk ESS: of the rank-normalised half chains; for location. Shape (numChains, numDraws); unit draws. */
export const essBulk = (chains: Chains): number =>
  isValid(chains) ? essIdentity(rankNormalise(splitChains(chains))) : Number.NaN;

/** ESS of the mean: of the half chains. */
export const essMean = (chains: Chains): number =>
  isValid(chains) ? essIdentity(splitChains(chains)) : Number.NaN;

/** ESS of the standard deviation: of the squared deviations from the mean over all draws. */
export const essSd = (chains: Chains): number => {
  const center = mean(pool(chains));
  return essMean(mapDraws(chains, (value) => (value - center) ** 2));
};

/** ESS of the quantile at `probability`: of the indicator of values at or below it. */
export const essQuantile = (chains: Chains, probability: number): number =>
  essIndicator(chains, 0, probability);

/** ESS of the median. */
export const essMedian = (chains: Chains): number => essQuantile(chains, 0.5);

/** Tail ESS: the lesser of the quantiles at `lower` and `upper`. */
export const essTail = (chains: Chains, [lower, upper]: readonly [number, number] = [0.05, 0.95]): number =>
  Math.min(essQuantile(chains, lower), essQuantile(chains, upper));

/** ESS of the probability of the interval between the quantiles at `lower` and `upper`. */
export const essLocal = (chains: Chains, [lower, upper]: readonly [number, number]): number =>
  essIndicator(chains, lower, upper);

/** ESS of the median absolute deviation. */
export const essMad = (chains: Chains): number => {
  if (!isValid(chains)) return Number.NaN;
  const center = median(pool(chains));
  const folded = mapDraws(chains, (value) => Math.abs(value - center));
  const deviation = median(pool(folded));
  return essMean(mapDraws(folded, (value) => (value <= deviation ? 1 : 0)));
};

/** ESS of the indicator of Q_lower ≤ x ≤ Q_upper (lower 0: x ≤ Q_upper). */
const essIndicator = (chains: Chains, lower: number, upper: number): number => {
  if (!isValid(chains)) return Number.NaN;
  const ascending = sorted(pool(chains));
  const low = lower === 0 ? Number.NEGATIVE_INFINITY : quantileOfSorted(ascending, lower);
  const high = quantileOfSorted(ascending, upper);
  return essMean(mapDraws(chains, (value) => (low <= value && value <= high ? 1 : 0)));
};

/** ESS of the chains as they are, neither split nor transformed. */
export const essIdentity = (chains: Chains): number => {
  if (chains.length === 0 || chains[0].length < 2 || !chains.every(isAllFinite)) return Number.NaN;
  const total = chains.length * chains[0].length;
  return isConstant(chains) ? total : total / autocorrelationTime(chains);
};

const isConstant = (chains: Chains): boolean => {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const chain of chains) {
    for (const value of chain) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return high - low < 1e-15; // ArviZ's threshold: decimal resolution of float64
};

/** τ = −1 + 2·Σρ_k, truncated where the sum of a pair of ρ turns negative, at least 1/log10(S). */
const autocorrelationTime = (chains: Chains): number => {
  const n = chains[0].length;
  const { rho, lastLag } = positiveSequence(combinedAutocorrelation(chains));
  makeMonotone(rho, lastLag);
  let sum = 0;
  for (let t = 0; t <= lastLag; t++) sum += rho[t];
  const time = -1 + 2 * sum + rho[lastLag + 1];
  return Number.isNaN(time) ? time : Math.max(time, 1 / Math.log10(chains.length * n));
};

/** ρ_t over all chains: 1 − (W − mean_c γ̂_ct)/var⁺, shape (numDraws). */
const combinedAutocorrelation = (chains: Chains): Float64Array => {
  const n = chains[0].length;
  const covariance = new Float64Array(n);
  for (const chain of chains) {
    const ofChain = autocovariance(chain);
    for (let t = 0; t < n; t++) covariance[t] += ofChain[t] / chains.length;
  }
  const within = (covariance[0] * n) / (n - 1);
  const between = chains.length > 1 ? variance(chains.map(mean)) : 0;
  const pooled = covariance[0] + between;
  const rho = covariance.map((value) => 1 - (within - value) / pooled);
  rho[0] = 1;
  return rho;
};

/** Geyer's initial positive sequence of pairs; entries after it are 0, but for one last positive even lag. */
const positiveSequence = (rho: Float64Array): { rho: Float64Array; lastLag: number } => {
  const kept = new Float64Array(rho.length);
  kept[0] = 1;
  kept[1] = rho[1];
  let even = 1;
  let odd = rho[1];
  let t = 1;
  while (t < rho.length - 3 && even + odd > 0) {
    even = rho[t + 1];
    odd = rho[t + 2];
    if (even + odd >= 0) {
      kept[t + 1] = even;
      kept[t + 2] = odd;
    }
    t += 2;
  }
  const lastLag = t - 2;
  if (even > 0) kept[lastLag + 1] = even;
  return { rho: kept, lastLag };
};

/** Geyer's initial monotone sequence, in place: no pair sums to more than the one before. */
const makeMonotone = (rho: Float64Array, lastLag: number): void => {
  for (let t = 1; t <= lastLag - 2; t += 2) {
    const before = rho[t - 1] + rho[t];
    if (rho[t + 1] + rho[t + 2] > before) {
      rho[t + 1] = before / 2;
      rho[t + 2] = before / 2;
    }
  }
};
