/** Laws of what counts as done in a store. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { BuildTargetTask, RunSamplerTask } from "../../../src/plan/task.ts";
import { beginAttempt } from "../../../src/runs/attempt.ts";
import { writeManifest } from "../../../src/runs/manifest.ts";
import { isTaskDoneSince, manifestFileOf, readResult } from "../../../src/tasks/done-since.ts";
import { aTask } from "../../support/plans.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const targetId = "tgt_0123456789ab";
const { needs, title, resources } = aTask("x");
const base = { needs, title, resources, targetId, config: {} };
const build: BuildTargetTask = { ...base, kind: "build-target", id: targetId };
const run: RunSamplerTask = {
  ...base,
  kind: "run-sampler",
  id: `${targetId}/hmc_01234567`,
  runId: "01234567",
  sampler: "hmc",
  backend: "auto",
};

/** A store in which the task was finished 5 s after 1970. */
const aStoreWith = (task: BuildTargetTask | RunSamplerTask): string => {
  const runsRoot = join(temporaryFolder(), "runs");
  const path = manifestFileOf(runsRoot, task);
  mkdirSync(dirname(path), { recursive: true });
  const attempt = beginAttempt(dirname(path), 0);
  writeManifest(path, { id: task.id, attempt, finishedMs: 5000, files: [], facts: {} });
  return runsRoot;
};

describe("a task is done", () => {
  it.each([build, run])("where its manifest is: $kind", (task) => {
    const runsRoot = aStoreWith(task);
    expect(readResult(runsRoot, task).kind).toBe("valid");
    const other = task.kind === "build-target" ? run : build;
    expect(readResult(runsRoot, other)).toEqual({ kind: "absent" });
  });

  it("since any time up to its end", () => {
    const isDone = isTaskDoneSince(aStoreWith(run));
    expect([null, 4999, 5000, 5001].map((since) => isDone(run, since))).toEqual([true, true, true, false]);
  });

  it("never if it leaves nothing", () => {
    expect(isTaskDoneSince(aStoreWith(run))(aTask("x"), null)).toBe(false);
  });
});
