/** What is done in a store, also by attempts that nobody heard of any more and by other sweeps. */
import type { BuildTargetTask, RunSamplerTask, Task } from "../plan/task.ts";
import { runFiles, targetFiles } from "../runs/layout.ts";
import { type Manifest, type ManifestReading, readManifest } from "../runs/manifest.ts";

/** Where the task's manifest is once it is done: `meta.json` of a target, `manifest.json` of a run. */
export const manifestFileOf = (runsRoot: string, task: BuildTargetTask | RunSamplerTask): string =>
  task.kind === "build-target"
    ? targetFiles(runsRoot, task.targetId).meta
    : runFiles(runsRoot, task).manifest;

/** What is there; a `noop` leaves nothing. */
export const readResult = (runsRoot: string, task: Task): ManifestReading =>
  task.kind === "noop" ? { kind: "absent" } : readManifest(manifestFileOf(runsRoot, task), task.id);

/**
 * Manifest of a valid result of the task in the store at `runsRoot` that was finished not before `since` (milliseconds
 * since 1970; null: at any time); null if there is none.
 */
export const resultSince = (runsRoot: string, task: Task, since: number | null): Manifest | null => {
  const reading = readResult(runsRoot, task);
  if (reading.kind !== "valid") return null;
  const isNew = since === null || Date.parse(reading.manifest.finishedAt) >= since;
  return isNew ? reading.manifest : null;
};

/** True if there is such a result. */
export const isTaskDoneSince =
  (runsRoot: string) =>
  (task: Task, since: number | null): boolean =>
    resultSince(runsRoot, task, since) !== null;
