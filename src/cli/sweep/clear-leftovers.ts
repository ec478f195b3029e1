/** Removes what runs that were killed between their manifest and their last step left behind. */
import type { Plan } from "../../plan/plan.ts";
import { removeCheckpoint } from "../../runs/checkpoint.ts";
import { removeDrawLog } from "../../runs/draw-log.ts";
import { runFiles, type Store } from "../../runs/layout.ts";

/** Deletes checkpoints and draw logs of finished runs. Nobody works on those: a newer attempt would make them unfinished. */
export const clearLeftovers = (plan: Plan, store: Store): void => {
  const done = new Set(plan.doneTaskIds);
  for (const task of plan.tasks) {
    if (task.kind !== "run-sampler" || !done.has(task.id)) continue;
    const { checkpoint, drawLog } = runFiles(store, task);
    removeCheckpoint(checkpoint);
    removeDrawLog(drawLog);
  }
};
