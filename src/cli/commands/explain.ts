/** `lambda-hat explain CELL`: why a task is done, waits, failed, or would run again. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { Command } from "commander";
import type { RunSamplerTask, Task } from "../../plan/task.ts";
import { logPathsOf } from "../../queue/log-paths.ts";
import type { SweepEvent } from "../../queue/sweep-event.ts";
import { readAttempt } from "../../runs/attempt.ts";
import { readCheckpoint } from "../../runs/checkpoint.ts";
import { runFiles, type Store } from "../../runs/layout.ts";
import { manifestFileOf, readResult } from "../../tasks/done-since.ts";
import { printLine } from "../output/print.ts";
import { findTask, namedTasks } from "../sweep/find-task.ts";
import { loadSweep, type StoredSweep } from "../sweep/stored-sweep.ts";
import { lookAround, type Surroundings } from "../sweep/sweep-surroundings.ts";
import { whyNotRunning } from "../sweep/why-not-running.ts";

interface ExplainOptions {
  readonly sweep?: string;
  readonly storeRoot: string;
}

export const explainCommand = (): Command =>
  new Command("explain")
    .description("why a cell or build is in the state it is in")
    .argument("<cell>", "id, beginning of an id, or names as in `base × hmc`")
    .option("--sweep <id>", "another sweep than the newest")
    .option("--store-root <dir>", "folder of the runs", "runs")
    .action(async (cell: string, options: ExplainOptions) => {
      const sweep = loadSweep(options.storeRoot, options.sweep ?? null);
      const { task, name } = findTask(sweep.plan, cell);
      const around = await lookAround({ sweepId: sweep.plan.id, store: sweep.store }, task);
      printLine(`${name}  (${task.id})`);
      for (const line of explain(sweep, task, { ...around, resume: resumeCommandOf(sweep, options) }))
        printLine(`  ${line}`);
    });

/** How to go on with the sweep. */
const resumeCommandOf = ({ plan }: StoredSweep, { sweep, storeRoot }: ExplainOptions): string =>
  [
    "lambda-hat resume",
    ...(sweep === undefined ? [] : [`--sweep ${plan.id}`]),
    ...(storeRoot === "runs" ? [] : [`--store-root ${storeRoot}`]),
  ].join(" ");

/** Sentences, most important first. */
const explain = (
  sweep: StoredSweep,
  task: Task,
  around: Surroundings & { readonly resume: string },
): readonly string[] => {
  const state = sweep.progress.tasks.get(task.id)?.state ?? "planned";
  const lines = [
    `state: ${state}`,
    ...whyNotRunning(sweep, task, around),
    ...onDisk(sweep.store, task),
    ...history(sweep.events, task.id),
  ];
  if (state === "upstream_failed") lines.push(...needs(sweep, task));
  if (sweep.driver === null && state !== "done" && state !== "skipped") {
    lines.push(`nobody drives this sweep now: \`${around.resume}\` goes on from here`);
  }
  const logs = logPathsOf(task, sweep.store.logs);
  return [...lines, `log: ${logs.log}`];
};

const onDisk = (store: Store, task: Task): readonly string[] => {
  if (task.kind === "noop") return [];
  const manifestFile = manifestFileOf(store.runs, task);
  const reading = readResult(store.runs, task);
  if (reading.kind === "valid") {
    const { attempt, host, finishedAt } = reading.manifest;
    const result = `result on disk: attempt ${attempt} on ${host}, ${finishedAt}: ${manifestFile}`;
    return [result, ...(task.kind === "run-sampler" ? verdictOf(store, task) : [])];
  }
  const found =
    reading.kind === "absent" ? "no result on disk" : `the result on disk does not count: ${reading.reason}`;
  const attempt = readAttempt(dirname(manifestFile));
  const begun =
    attempt === null
      ? []
      : [`last attempt: number ${attempt.number}, begun ${attempt.startedAt} on ${attempt.host}`];
  return [found, ...begun, ...(task.kind === "run-sampler" ? checkpointOf(store, task) : [])];
};

const checkpointOf = (store: Store, task: RunSamplerTask): readonly string[] => {
  const checkpoint = readCheckpoint(runFiles(store.runs, task).checkpoint, task.id);
  if (checkpoint.kind !== "found") return [];
  const { "run.phase": phase, "run.index": index } = checkpoint.state;
  return [`a checkpoint is there: ${String(phase)} ${String(index)}`];
};

const verdictOf = (store: Store, task: RunSamplerTask): readonly string[] => {
  try {
    const analysis = JSON.parse(readFileSync(runFiles(store.runs, task).analysis, "utf8")) as {
      verdict: string;
      verdict_reasons: readonly string[];
    };
    return [`verdict: ${analysis.verdict}`, ...analysis.verdict_reasons.map((reason) => `  ${reason}`)];
  } catch {
    return [];
  }
};

/** The last failure or retry, with the end of its log. */
const history = (events: readonly SweepEvent[], taskId: string): readonly string[] => {
  const own = events.filter((event) => "taskId" in event && event.taskId === taskId);
  const lines: string[] = [];
  const last = own.findLast((event) => event.kind === "task_failed" || event.kind === "retry");
  if (last?.kind === "task_failed") {
    lines.push(
      `failed in attempt ${last.attempt} (${last.cause}, ${last.error.code}): ${last.error.message}`,
    );
    lines.push(...last.logTail.map((line) => `  | ${line}`));
  } else if (last?.kind === "retry") {
    lines.push(`attempt ${last.attempt} failed and was tried again: ${last.error.message}`);
  }
  const upstream = own.findLast((event) => event.kind === "upstream_failed");
  if (upstream?.kind === "upstream_failed")
    lines.push(`cannot run, because ${upstream.rootTaskId} failed; explain that one`);
  return lines;
};

const needs = (sweep: StoredSweep, task: Task): readonly string[] => {
  const names = new Map(namedTasks(sweep.plan).map((named) => [named.task.id, named.name]));
  return task.needs.map(
    (id) => `needs ${names.get(id) ?? id}, which is ${sweep.progress.tasks.get(id)?.state ?? "unknown"}`,
  );
};
