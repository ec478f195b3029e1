/**
 * `sampling.until` of a run, asked between draws: is it enough?
 *
 * Goals of accuracy are looked at after fixed numbers of draws, so a run that was killed and resumed stops where an
 * undisturbed one does. Only `wall_sec` depends on the clock; it is looked at in warmup too, and may leave no draws.
 */
import { isTimeToLook, metGoals } from "../analysis/stopping-rule.ts";
import { wallSecInWarmup } from "../analysis/verdict.ts";
import type { RunConfig } from "../config/experiment.ts";
import { distanceField, lossField } from "../runs/run-draws.ts";
import type { Posterior, Sampler } from "../samplers/sampler.ts";
import type { RunState } from "./run-state.ts";

/** Watches one run. */
export interface Until {
  /** Asked before each draw but the first. @param numDraws draws a chain so far. */
  readonly isEnough: (numDraws: number) => boolean;
  /** Asked before the first draw, and before each unit of warmup: is there no time left? */
  readonly isTooLate: () => boolean;
  /**
   * Why the run ended: `draws` (all that were asked for), `wall_sec`, `wall_sec in warmup`, or the goals that were met:
   * `mcse_rel`, `ess_bulk`, `mcse_rel and ess_bulk`.
   */
  readonly reason: () => string;
}

/** What a watch looks at. */
export interface Watched {
  readonly config: RunConfig;
  readonly sampler: Sampler<unknown>;
  readonly posterior: Posterior;
  readonly state: RunState;
}

/** Field of losses without control variate, of samplers that have one. */
const rawLossField = "raw_loss";

export const watchUntil = ({ config, sampler, posterior, state }: Watched): Until => {
  const { mcse_rel: mcseRel, ess_bulk: essBulk, wall_sec: wallSec } = config.sampling.until ?? {};
  let reason = "draws";
  const goalsMet = (numDraws: number): string | null => {
    if ((mcseRel === undefined && essBulk === undefined) || !isTimeToLook(numDraws)) return null;
    const loss = state.column(lossField);
    const rawLoss = sampler.statistics.includes(rawLossField) ? state.column(rawLossField) : loss;
    const facts = { ...posterior, isIndependent: sampler.isIndependent };
    const distance = state.column(distanceField);
    return metGoals({ mcseRel, essBulk }, { loss, rawLoss, distance }, facts);
  };
  const isLate = (): boolean => wallSec !== undefined && state.elapsedSec() >= wallSec;
  return {
    isEnough: (numDraws) => {
      const cause = goalsMet(numDraws) ?? (isLate() ? "wall_sec" : null);
      if (cause !== null) reason = cause;
      return cause !== null;
    },
    isTooLate: () => {
      if (!isLate()) return false;
      reason = wallSecInWarmup;
      return true;
    },
    reason: () => reason,
  };
};
