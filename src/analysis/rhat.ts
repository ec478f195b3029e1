/**
 * R̂: spread over all chains against spread within chains; 1 when chains agree.
 *
 * Source: Vehtari et al. (2021), eqs. 1–4 and §4, as in ArviZ and R `posterior`. `rhat` (rank) is the one to report.
 * NaN in, NaN out: a non-finite draw never hides behind a plausible number. One chain gives NaN.
 */
import { type Chains, isAllFinite, mean, variance } from "./moments.ts";
import { foldChains, rankNormalise, splitChains } from "./rank-normalise.ts";

/** Which transformation comes before the ratio: none; halves; halves and ranks; folded about the median, halves and ranks. */
export type RhatKind = "identity" | "split" | "bulk" | "folded";

/**
 * max(bulk, folded): sensitive to differences in location and in scale.
 * @param chains shape (numChains ≥ 2, numDraws ≥ 4). Not changed.
 * @returns unitless, about 1 when mixed; NaN if a draw is not finite, or all draws are equal; ∞ if each half chain is
 *   constant but they differ.
 */
export const rhat = (chains: Chains): number => {
  const bulk = rhatOf(chains, "bulk");
  const folded = rhatOf(chains, "folded");
  // Folding constant halves that lie symmetrically about the median makes all values equal: then only `bulk` speaks.
  return Number.isNaN(folded) ? bulk : Math.max(bulk, folded);
};

/** R̂ after one chosen transformation; shapes and NaN as in `rhat`. */
export const rhatOf = (chains: Chains, kind: RhatKind): number => {
  if (chains.length < 2 || chains[0].length < 4 || !chains.every(isAllFinite)) return Number.NaN;
  switch (kind) {
    case "identity":
      return spreadRatio(chains);
    case "split":
      return spreadRatio(splitChains(chains));
    case "bulk":
      return spreadRatio(rankNormalise(splitChains(chains)));
    case "folded":
      return spreadRatio(rankNormalise(foldChains(splitChains(chains))));
  }
};

/** √((B/W + n − 1)/n) with B = n·var(chain means), W = mean of the variances within chains. */
const spreadRatio = (chains: Chains): number => {
  const n = chains[0].length;
  const between = n * variance(chains.map(mean));
  const within = mean(chains.map((chain) => variance(chain)));
  return Math.sqrt((between / within + n - 1) / n);
};
