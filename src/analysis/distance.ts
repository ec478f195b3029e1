/**
 * How far from w* a run went, and whether its chains settled there.
 *
 * Losses can mix while the weights do not: along a singular set L_n hardly changes, and an error that rests on losses alone
 * is then too small. ‖w − w*‖ shows that: chains that have been unequally far, or are still on their way, disagree in it.
 * It is no estimate that is reported, so it has to settle only roughly: R̂ ≤ 1.1 and 10 effective draws a chain, the
 * general advice of Gelman et al. (2013), section 11.4–11.5.
 */
import { essBulk } from "./ess.ts";
import { type Chains, mean, pool } from "./moments.ts";
import { rhat } from "./rhat.ts";

/** NaN where it cannot be told, or is not known. */
export interface DistanceFacts {
  /** Mean of ‖w − w*‖ over all draws, in units of the weights. */
  readonly distanceMean: number;
  readonly distanceRHat: number;
  /** Bulk ESS; NaN for independent draws. */
  readonly distanceEss: number;
}

/** @param distance ‖w − w*‖ of every draw, shape (numChains, numDraws); undefined: unknown. */
export const distanceFactsOf = (
  distance: Chains | undefined,
  { isIndependent }: { readonly isIndependent: boolean },
): DistanceFacts => {
  if (distance === undefined) {
    return { distanceMean: Number.NaN, distanceRHat: Number.NaN, distanceEss: Number.NaN };
  }
  return {
    distanceMean: mean(pool(distance)),
    distanceRHat: rhat(distance),
    distanceEss: isIndependent || distance.length === 0 ? Number.NaN : essBulk(distance),
  };
};

const mostRHat = 1.1;
const leastEssPerChain = 10;

/** A sentence if the chains have not settled, else null. Fits (independent draws) may be at any distance. */
export const whyUnsettled = (
  { distanceRHat, distanceEss }: Omit<DistanceFacts, "distanceMean">,
  { isIndependent, numChains }: { readonly isIndependent: boolean; readonly numChains: number },
): string | null => {
  const leastEss = leastEssPerChain * numChains;
  if (isIndependent || !(distanceRHat > mostRHat || distanceEss < leastEss)) return null;
  return `The chains' distances from w* have not settled (R̂ = ${distanceRHat.toFixed(2)}, at most ${mostRHat}; ESS = ${Number(distanceEss.toPrecision(3))}, at least ${leastEss}): λ̂ may hang on how far they went, and its error is then too small. Draw more, or raise γ.`;
};
