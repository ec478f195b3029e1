/**
 * What a finished task tells the queue: a few numbers for people, made from the files that it leaves.
 *
 * A task process can die between its last file and its answer. Its supervisor then finds the answer here, so that finished
 * work is not done again.
 */
import { readFileSync } from "node:fs";
import type { Json } from "../core/canonical-json.ts";
import type { Task } from "../plan/task.ts";
import { removeCheckpoint } from "../runs/checkpoint.ts";
import { removeDrawLog } from "../runs/draw-log.ts";
import { runFiles, targetFiles } from "../runs/layout.ts";
import { readManifest } from "../runs/manifest.ts";
import { storeOf } from "./store-of.ts";

type Fields = { readonly [name: string]: unknown };

const numberOrNull = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;

/** From the facts of `meta.json`. */
export const buildAnswer = ({ initial_loss, gradient_norm, n, d }: Fields): Json => ({
  initial_loss: numberOrNull(initial_loss),
  gradient_norm: numberOrNull(gradient_norm),
  n: numberOrNull(n),
  d: numberOrNull(d),
});

/** From `analysis.json`. */
export const runAnswer = ({ llc_mean, llc_mcse, verdict }: Fields): Json => ({
  llc_mean: numberOrNull(llc_mean),
  llc_mcse: numberOrNull(llc_mcse),
  verdict: typeof verdict === "string" ? verdict : null,
});

/** Answer of a finished run, from its `analysis.json`; null if that cannot be read. */
export const storedRunAnswer = (analysisFile: string): Json => {
  try {
    return runAnswer(JSON.parse(readFileSync(analysisFile, "utf8")) as Fields);
  } catch {
    return null;
  }
};

/**
 * Answer of an attempt that wrote its manifest and died before it could speak; undefined if it left none. Deletes what such
 * an attempt had no time to delete.
 *
 * @param attemptToken that of the attempt's lease: results of any other attempt do not count.
 */
export const answerLeftBy = (runsFolder: string, task: Task, attemptToken: string): Json | undefined => {
  if (task.kind === "noop") return undefined;
  const store = storeOf(runsFolder);
  const run = task.kind === "run-sampler" ? runFiles(store, task) : null;
  const reading = readManifest(run?.manifest ?? targetFiles(store, task.targetId).meta, task.id);
  if (reading.kind !== "valid") return undefined;
  const { status, token, facts } = reading.manifest;
  if (status !== "ok" || token !== attemptToken) return undefined;
  if (run === null) return buildAnswer(facts);
  removeCheckpoint(run.checkpoint);
  removeDrawLog(run.drawLog);
  return storedRunAnswer(run.analysis);
};
