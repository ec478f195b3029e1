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
import { runFiles } from "../runs/layout.ts";
import { resultSince } from "./done-since.ts";

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
 * Answer of whoever finished the task not before `since` (milliseconds since 1970; null: at any time); undefined if nobody has.
 */
export const answerSince = (runsRoot: string, task: Task, since: number | null): Json | undefined => {
  const manifest = resultSince(runsRoot, task, since);
  if (manifest === null) return undefined;
  if (task.kind !== "run-sampler") return buildAnswer(manifest.facts);
  return storedRunAnswer(runFiles(runsRoot, task).analysis);
};

/**
 * Answer of an attempt that wrote its manifest and died before it could speak; undefined if it left none. Deletes what such
 * an attempt had no time to delete.
 *
 * @param attemptToken that of the attempt's lease: results of any other attempt do not count.
 */
export const answerLeftBy = (runsRoot: string, task: Task, attemptToken: string): Json | undefined => {
  if (resultSince(runsRoot, task, null)?.token !== attemptToken) return undefined;
  if (task.kind === "run-sampler") {
    const run = runFiles(runsRoot, task);
    removeCheckpoint(run.checkpoint);
    removeDrawLog(run.drawLog);
  }
  return answerSince(runsRoot, task, null);
};
