/**
 * The transformations in front of R̂ and ESS: splitting chains, folding, ranks and normal scores.
 *
 * Source: Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), §4; Blom's (r − 3/8)/(S + 1/4).
 */
import { type Chains, mapDraws, median, pool } from "./moments.ts";
import { normalQuantile } from "./normal-quantile.ts";

/** Each chain's first and last half (numDraws odd: without the middle draw), shape (2·numChains, ⌊numDraws/2⌋). Views. */
export const splitChains = (chains: Chains): Float64Array[] =>
  chains.flatMap((chain) => {
    const half = Math.floor(chain.length / 2);
    return [chain.subarray(0, half), chain.subarray(chain.length - half)];
  });

/** |x − median| with the median over all draws of all chains, so that differences in spread become differences in level. */
export const foldChains = (chains: Chains): Float64Array[] => {
  const center = median(pool(chains));
  return mapDraws(chains, (value) => Math.abs(value - center));
};

/** Ranks from 1 over all values; equal values share the mean of their ranks. Finite values only. */
export const averageRanks = (values: Float64Array): Float64Array => {
  const order = new Uint32Array(values.length).map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    const shared = (start + 1 + end) / 2;
    for (let i = start; i < end; i++) ranks[order[i]] = shared;
    start = end;
  }
  return ranks;
};

/** Normal scores Φ⁻¹((rank − 3/8)/(S + 1/4)) with ranks over all chains, same shape as the input. Finite values only. */
export const rankNormalise = (chains: Chains): Float64Array[] => {
  const ranks = averageRanks(pool(chains));
  const total = ranks.length;
  let offset = 0;
  return chains.map((chain) => {
    const scores = ranks.slice(offset, offset + chain.length);
    offset += chain.length;
    return scores.map((rank) => normalQuantile((rank - 0.375) / (total + 0.25)));
  });
};
