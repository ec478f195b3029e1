/** What is done in a store, also by attempts that nobody heard of any more and by other sweeps. */
import type { Task } from "../plan/task.ts";
import { runFiles, targetFiles } from "../runs/layout.ts";
import { type Manifest, readManifest } from "../runs/manifest.ts";
import { storeOf } from "./store-of.ts";

/**
 * Manifest of a valid result of the task in the store at `runsFolder` that was finished not before `since` (milliseconds
 * since 1970; null: at any time); null if there is none.
 */
export const resultSince = (runsFolder: string, task: Task, since: number | null): Manifest | null => {
  if (task.kind === "noop") return null;
  const store = storeOf(runsFolder);
  const path =
    task.kind === "build-target" ? targetFiles(store, task.targetId).meta : runFiles(store, task).manifest;
  const reading = readManifest(path, task.id);
  if (reading.kind !== "valid") return null;
  const isNew = since === null || Date.parse(reading.manifest.finishedAt) >= since;
  return isNew ? reading.manifest : null;
};

/** True if there is such a result. */
export const isTaskDoneSince =
  (runsFolder: string) =>
  (task: Task, since: number | null): boolean =>
    resultSince(runsFolder, task, since) !== null;
