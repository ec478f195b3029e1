/** Removes what earlier drivers and runs of a sweep left behind when they were killed. */
import { removeTemporaries } from "../../core/atomic-write.ts";
import type { Plan } from "../../plan/plan.ts";
import { clearResultsTemporaries } from "../../results/results-files.ts";
import { removeCheckpoint } from "../../runs/checkpoint.ts";
import { removeDrawLog } from "../../runs/draw-log.ts";
import { runFiles, type Store } from "../../runs/layout.ts";

/** Where to look. */
export interface LeftoverPlaces {
  readonly plan: Plan;
  readonly store: Store;
  /** Folder of the sweep, whose lock the caller holds. */
  readonly sweepDir: string;
  /** Folder that holds `results/`. */
  readonly root: string;
}

/**
 * Deletes half-written files of dead drivers, and checkpoints and draw logs of finished runs. Nobody works on those: a newer
 * attempt would make them unfinished.
 */
export const clearLeftovers = ({ plan, store, sweepDir, root }: LeftoverPlaces): void => {
  removeTemporaries(sweepDir);
  clearResultsTemporaries(root);
  const done = new Set(plan.doneTaskIds);
  for (const task of plan.tasks) {
    if (task.kind !== "run-sampler" || !done.has(task.id)) continue;
    const { checkpoint, drawLog } = runFiles(store.runs, task);
    removeCheckpoint(checkpoint);
    removeDrawLog(drawLog);
  }
};
