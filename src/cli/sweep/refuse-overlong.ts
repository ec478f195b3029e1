/** Runs that earlier ones show to take longer than they may: said before anything starts. */
import { SweepError } from "../../core/errors.ts";
import { formatDuration } from "../output/sweep-progress.ts";
import type { PlannedSweep } from "./plan-experiment.ts";

/**
 * The measure is the fastest comparable run, so that one slow machine in the history refuses nothing. Runs that may stop
 * by themselves (`sampling.until`) are let through.
 *
 * @throws SweepError `CONFIG_INVALID`, one line a run.
 */
export const refuseOverlong = ({ plan, experiment, fastestSec }: PlannedSweep): void => {
  const done = new Set(plan.doneTaskIds);
  const lines = plan.tasks.flatMap((task): string[] => {
    const { timeoutSec } = task.resources;
    const fastest = fastestSec.get(task.id);
    if (task.kind !== "run-sampler" || done.has(task.id) || timeoutSec === null || fastest === undefined)
      return [];
    const { sampling } = task.config as { sampling?: { until?: unknown } };
    if (fastest <= timeoutSec || sampling?.until !== undefined) return [];
    const share = Math.floor((100 * timeoutSec) / fastest);
    return [
      `${task.title}: about ${formatDuration(fastest)} at the speed of the fastest earlier run of ${task.sampler}, but timeout.sample (or the card) stops it after ${formatDuration(timeoutSec)}; about ${share} % of its draws would fit.`,
    ];
  });
  if (lines.length === 0) return;
  const advice = "Lower draws or steps, raise timeout.sample, or set sampling.until.wall_sec.";
  throw new SweepError(
    "CONFIG_INVALID",
    `${experiment.file}: more draws than the time limit allows\n  ${lines.join("\n  ")}\n${advice}`,
  );
};
