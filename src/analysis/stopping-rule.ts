/**
 * May a run stop before its last draw? Looks at the draws so far, at numbers of draws that are fixed in advance, so that
 * equal runs stop at equal places however they are interrupted.
 *
 * Goals of accuracy hold only together with what the verdict asks of the number of draws: R̂ ≤ 1.01, bulk and tail ESS of
 * 100 a chain, distances that have settled. An error estimate from less cannot be trusted. Looking often and stopping at
 * the first good look makes an error estimate a little too small (by some percent at the spacing of 10 % used here); for
 * a figure to be quoted, take a goal with a margin.
 */
import { accuracyOf, type LossDraws, type LossFacts } from "./accuracy.ts";
import { distanceFactsOf, whyUnsettled } from "./distance.ts";
import type { Chains } from "./moments.ts";
import { thresholds } from "./verdict.ts";

/** Goals, of which all that are given must be met. */
export interface AccuracyGoals {
  /** Wanted llc_mcse/|llc_mean|. */
  readonly mcseRel?: number | undefined;
  /** Wanted bulk ESS, all chains. */
  readonly essBulk?: number | undefined;
}

/** What is looked at. */
export interface LookedAt extends LossDraws {
  /** ‖w − w*‖, shape (numChains, numDraws). */
  readonly distance: Chains;
}

/** Draws a chain before the first look. */
const firstLook = 100;
const growth = 1.1;

/** True at 100 draws a chain, then at every 10 % more. */
export const isTimeToLook = (numDraws: number): boolean => {
  let look = firstLook;
  while (look < numDraws) look = Math.ceil(look * growth);
  return look === numDraws;
};

/** Names of the goals if there are any and all are met, else null. */
export const metGoals = (goals: AccuracyGoals, draws: LookedAt, facts: LossFacts): string | null => {
  const { mcseRel, essBulk } = goals;
  const accuracy = accuracyOf(draws, facts);
  const met: readonly (readonly [name: string, isMet: boolean])[] = [
    ...(mcseRel === undefined
      ? []
      : [["mcse_rel", accuracy.llcMcse <= mcseRel * Math.abs(accuracy.llcMean)] as const]),
    ...(essBulk === undefined ? [] : [["ess_bulk", accuracy.essBulk >= essBulk] as const]),
  ];
  const numChains = draws.loss.length;
  const leastEss = thresholds.essPerChain * numChains;
  const { isIndependent } = facts;
  const isSettled =
    whyUnsettled(distanceFactsOf(draws.distance, facts), { isIndependent, numChains }) === null;
  const isTrusted =
    accuracy.rHat <= thresholds.rHat &&
    accuracy.essBulk >= leastEss &&
    accuracy.essTail >= leastEss &&
    isSettled;
  const isMet = met.length > 0 && met.every(([, holds]) => holds) && isTrusted;
  return isMet ? met.map(([name]) => name).join(" and ") : null;
};
