/**
 * Monte-Carlo standard errors of mean, standard deviation and quantiles, in the units of the draws.
 *
 * Source: Vehtari et al. (2021), §3–4, as in R `posterior` (for the standard deviation: with the ESS of the squared
 * deviations, posterior#232) and ArviZ (order statistics of the quantile's interval).
 * Fewer than 4 draws, or a draw that is not finite, gives NaN. Shapes (numChains, numDraws).
 */
import { essMean, essMedian, essQuantile, essSd } from "./ess.ts";
import { inverseIncompleteBeta } from "./incomplete-beta.ts";
import { type Chains, mean, pool, sorted, variance } from "./moments.ts";

/** Standard deviation over all draws (ddof 1) divided by √ESS of the mean. */
export const mcseMean = (chains: Chains): number => Math.sqrt(variance(pool(chains)) / essMean(chains));

/** √(Var(c²)/(4·E[c²]·ESS)) with c the deviation from the mean and the ESS of c². */
export const mcseSd = (chains: Chains): number => {
  const draws = pool(chains);
  const center = mean(draws);
  const second = mean(draws.map((value) => (value - center) ** 2));
  const fourth = mean(draws.map((value) => (value - center) ** 4));
  return Math.sqrt((fourth - second * second) / essSd(chains) / (4 * second));
};

/** Half the width of the central 68.3 % interval of the quantile at `probability`, from order statistics. */
export const mcseQuantile = (chains: Chains, probability: number): number =>
  halfWidth(chains, probability, essQuantile(chains, probability));

/** MCSE of the median. */
export const mcseMedian = (chains: Chains): number => halfWidth(chains, 0.5, essMedian(chains));

const halfWidth = (chains: Chains, probability: number, ess: number): number => {
  if (Number.isNaN(ess)) return Number.NaN;
  const shape = { a: ess * probability + 1, b: ess * (1 - probability) + 1 };
  const ascending = sorted(pool(chains));
  const last = ascending.length - 1;
  // Φ(−1) and Φ(1), to the digits that R `posterior` and ArviZ use.
  const low = inverseIncompleteBeta(0.1586553, shape) * ascending.length - 1;
  const high = inverseIncompleteBeta(0.8413447, shape) * ascending.length - 1;
  return (ascending[Math.ceil(Math.min(high, last))] - ascending[Math.floor(Math.max(low, 0))]) / 2;
};
