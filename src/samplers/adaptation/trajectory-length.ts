/**
 * Random trajectory lengths with a given mean: N = ⌈U·s⌉, U ~ uniform(0, 1).
 *
 * A trajectory of fixed length resonates with periodic orbits of near-Gaussian posteriors; one drawn anew each time,
 * independently of the state, does not, and leaves the target invariant. `s` is calibrated so that E[N] is exactly the
 * wanted mean: with k = ⌊2μ − 1⌋, s = k + k(μ − (k+1)/2)/(k + 1 − μ).
 * Source: BlackJAX, `blackjax/mcmc/dynamic_hmc.py`, `rescale`.
 */

/** The s for which E[⌈U·s⌉] = `mean`. @param mean ≥ 1 */
export const lengthScale = (mean: number): number => {
  const floor = Math.floor(2 * mean - 1);
  return floor + (floor * (mean - (floor + 1) / 2)) / (floor + 1 - mean);
};

/** ⌈uniform·scale⌉, at least 1. @param uniform in [0, 1) */
export const trajectoryLength = (uniform: number, scale: number): number =>
  Math.max(1, Math.ceil(uniform * scale));
