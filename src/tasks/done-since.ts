/** What is done in a store, also by attempts that nobody heard of any more and by other sweeps. */
import type { Task } from "../plan/task.ts";
import { runFiles, targetFiles } from "../runs/layout.ts";
import { type Manifest, readManifest } from "../runs/manifest.ts";

/**
 * Manifest of a valid result of the task in the store at `runsRoot` that was finished not before `since` (milliseconds
 * since 1970; null: at any time); null if there is none.
 */
export const resultSince = (runsRoot: string, task: Task, since: number | null): Manifest | null => {
  if (task.kind === "noop") return null;
  const path =
    task.kind === "build-target"
      ? targetFiles(runsRoot, task.targetId).meta
      : runFiles(runsRoot, task).manifest;
  const reading = readManifest(path, task.id);
  if (reading.kind !== "valid") return null;
  const isNew = since === null || Date.parse(reading.manifest.finishedAt) >= since;
  return isNew ? reading.manifest : null;
};

/** True if there is such a result. */
export const isTaskDoneSince =
  (runsRoot: string) =>
  (task: Task, since: number | null): boolean =>
    resultSince(runsRoot, task, since) !== null;
