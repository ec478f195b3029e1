/**
 * Robbins–Monro search of the scale of a random walk: log s ← log s + t^(−0.6)·(α − α*).
 *
 * Source: Andrieu & Thoms (2008), section 5.1.2. The power 0.6 forgets a bad start quickly, and with α averaged over
 * chains its noise needs no further average. Pure: a state in, a state out.
 */

import { numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";

const power = 0.6;

/** Where the search stands after `count` updates; `scale` is s, to use in the next transition. */
export interface ScaleSearch {
  readonly count: number;
  readonly scale: number;
}

/** Begins at `scale` > 0. */
export const startScaleSearch = (scale: number): ScaleSearch => ({ count: 0, scale });

/**
 * Takes in the acceptance probability of one transition.
 *
 * @param acceptance in [0, 1]; NaN counts as 0.
 * @param target the wanted mean acceptance.
 */
export const updateScaleSearch = (state: ScaleSearch, acceptance: number, target: number): ScaleSearch => {
  const count = state.count + 1;
  const error = (Number.isNaN(acceptance) ? 0 : acceptance) - target;
  return { count, scale: state.scale * Math.exp(count ** -power * error) };
};

/** The state as snapshot entries; `scaleSearchIn` reads them back. */
export const scaleSearchEntries = ({ count, scale }: ScaleSearch): Snapshot => ({
  scaleSearchCount: count,
  scaleSearchScale: scale,
});

/** @throws TRACE_INVALID if an entry is missing. */
export const scaleSearchIn = (snapshot: Snapshot): ScaleSearch => ({
  count: numberIn(snapshot, "scaleSearchCount"),
  scale: numberIn(snapshot, "scaleSearchScale"),
});

/** Scale of a random walk that is best on a Gaussian of known covariance, in its standard deviations: 2.38/√d. */
export const idealWalkScale = (dim: number): number => 2.38 / Math.sqrt(dim);

/** Acceptance at which a random walk is most efficient: 0.234, in one dimension 0.44. Source: Roberts & Rosenthal (2001). */
export const idealWalkAcceptance = (dim: number): number => (dim === 1 ? 0.44 : 0.234);
