/** What is done in a store, as workers and drivers over Redis ask: also by attempts that nobody heard of any more. */
import type { Task } from "../../plan/task.ts";
import { runFiles, targetFiles } from "../../runs/layout.ts";
import { readManifest } from "../../runs/manifest.ts";
import { storeOf } from "../../tasks/store-of.ts";

/**
 * True if a valid result of the task is in the store at `runsFolder` that was finished not before `since` (milliseconds since
 * 1970; null: at any time).
 */
export const isTaskDoneSince =
  (runsFolder: string) =>
  (task: Task, since: number | null): boolean => {
    if (task.kind === "noop") return false;
    const store = storeOf(runsFolder);
    const path =
      task.kind === "build-target" ? targetFiles(store, task.targetId).meta : runFiles(store, task).manifest;
    const reading = readManifest(path, task.id);
    if (reading.kind !== "valid" || reading.manifest.status !== "ok") return false;
    return since === null || Date.parse(reading.manifest.finishedAt) >= since;
  };
