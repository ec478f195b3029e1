/** Runs that cannot end within their time limit: said before anything starts, at the line of their sampler. */
import { SweepError } from "../../core/errors.ts";
import type { Task } from "../../plan/task.ts";
import { formatDuration } from "../output/sweep-progress.ts";
import type { PlannedSweep } from "./plan-experiment.ts";

/** A machine that was busy when the fastest run was done may be faster now, by this factor. */
const mostSpeedUp = 2;

/**
 * A run is refused if no machine could do it in time, or if twice the speed of the fastest comparable run is not enough,
 * so that one slow machine in the history refuses nothing. Runs that may stop by themselves (`sampling.until`) are let
 * through.
 *
 * @throws SweepError `CONFIG_INVALID`, one line a run.
 */
export const refuseOverlong = (sweep: PlannedSweep): void => {
  const { plan, experiment } = sweep;
  const done = new Set(plan.doneTaskIds);
  const places = new Map(
    plan.cells.map(({ taskId, samplerIndex }) => [taskId, experiment.samplers[samplerIndex]?.place]),
  );
  const lines = plan.tasks.flatMap((task): string[] => {
    const text = done.has(task.id) ? null : refusalOf(task, sweep);
    return text === null ? [] : [`${places.get(task.id) ?? experiment.file}  ${task.title}: ${text}`];
  });
  if (lines.length === 0) return;
  const advice = "Lower draws or steps, raise timeout.sample, or set sampling.until.wall_sec.";
  throw new SweepError(
    "CONFIG_INVALID",
    `${experiment.file}: more draws than the time limit allows\n  ${lines.join("\n  ")}\n${advice}`,
  );
};

const refusalOf = (task: Task, { fastestSec, leastSec }: PlannedSweep): string | null => {
  const { timeoutSec } = task.resources;
  if (task.kind !== "run-sampler" || timeoutSec === null) return null;
  const { sampling } = task.config as { sampling?: { until?: unknown } };
  if (sampling?.until !== undefined) return null;
  const { threads } = task.resources;
  const [fastest, least] = [fastestSec.get(task.id) ?? 0, leastSec.get(task.id) ?? 0];
  const isMeasured = fastest > mostSpeedUp * timeoutSec;
  if (!isMeasured && least <= timeoutSec) return null;
  const [seconds, basis] = isMeasured
    ? [fastest, `about ${formatDuration(fastest)} at the speed of the fastest earlier run of ${task.sampler}`]
    : [
        least,
        `at least ${formatDuration(least)} on any machine with ${threads} ${threads === 1 ? "thread" : "threads"}`,
      ];
  const share = Number(((100 * timeoutSec) / seconds).toPrecision(1));
  return `${basis}, but timeout.sample (or the card) stops it after ${formatDuration(timeoutSec)}; ${isMeasured ? "about" : "at most"} ${share} % of its draws would fit.`;
};
