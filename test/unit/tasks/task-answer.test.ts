/** Laws of the answer that a dead attempt has left. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunSamplerTask } from "../../../src/plan/task.ts";
import { beginAttempt } from "../../../src/runs/attempt.ts";
import { runFiles, storeAt } from "../../../src/runs/layout.ts";
import { writeManifest } from "../../../src/runs/manifest.ts";
import { answerLeftBy } from "../../../src/tasks/task-answer.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const targetId = "tgt_0123456789ab";
const id = `${targetId}/hmc_01234567`;
const task: RunSamplerTask = {
  kind: "run-sampler",
  id,
  needs: [targetId],
  title: "a × hmc",
  resources: { threads: 1, timeoutSec: null, memoryMiB: null },
  targetId,
  runId: "01234567",
  sampler: "hmc",
  config: {},
  backend: "auto",
};

/** A store in which the attempt with the token `mine` wrote its manifest and died. */
const aStoreWithAnEndedRun = () => {
  const store = storeAt(temporaryFolder(), "runs");
  const files = runFiles(store.runs, task);
  mkdirSync(files.dir, { recursive: true });
  const attempt = beginAttempt(files.dir, 0, "mine");
  writeFileSync(
    files.analysis,
    JSON.stringify({ llc_mean: 1.5, llc_mcse: null, verdict: "converged", r_hat: 1 }),
  );
  writeFileSync(files.checkpoint, "old");
  writeFileSync(files.drawLog, "old");
  writeManifest(files.manifest, { id, attempt, finishedMs: 1, files: ["analysis.json"], facts: {} });
  return { store, files };
};

describe("answerLeftBy", () => {
  it("finds the answer of the attempt that wrote the manifest, and tidies up after it", () => {
    const { store, files } = aStoreWithAnEndedRun();
    const answer = { llc_mean: 1.5, llc_mcse: null, verdict: "converged" };
    expect(answerLeftBy(store.runs, task, "mine")).toEqual(answer);
    expect([files.checkpoint, files.drawLog].filter((path) => existsSync(path))).toEqual([]);
  });

  it("finds nothing of another attempt, of a newer one's folder, or where there is none", () => {
    const { store, files } = aStoreWithAnEndedRun();
    expect(answerLeftBy(store.runs, task, "another")).toBeUndefined();
    beginAttempt(files.dir, 2, "newer");
    expect(answerLeftBy(store.runs, task, "mine")).toBeUndefined();
    expect(answerLeftBy(join(temporaryFolder(), "runs"), task, "mine")).toBeUndefined();
  });
});
