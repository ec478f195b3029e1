/**
 * The results table of a running sweep: one row a planned cell from the start, rewritten as tasks end.
 *
 * Rows are made from manifests on disk; the queue adds only what a task that left none has to say.
 */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { relative } from "node:path";
import type { Experiment } from "../../config/experiment.ts";
import { resolveCell } from "../../config/experiment.ts";
import type { ErrorRecord } from "../../core/errors.ts";
import { packageVersion } from "../../core/package-root.ts";
import type { PlannedCell } from "../../plan/plan.ts";
import { isSuccess, type TaskState } from "../../plan/task-state.ts";
import type { TaskRecord } from "../../queue/broker.ts";
import type { ResultRow } from "../../results/columns.ts";
import { type JsonObject, type TaskRecord as ManifestRecord, resultRowOf } from "../../results/result-row.ts";
import { writeSweepResults } from "../../results/results-files.ts";
import { runFiles, targetFiles } from "../../runs/layout.ts";
import { readManifest } from "../../runs/manifest.ts";
import type { PlannedSweep } from "./plan-experiment.ts";

/** Between two writes while the sweep runs, at least; a large table is written less often, so that it costs at most 5 %. */
const writeEveryMs = 2000;

interface KnownState {
  readonly state: TaskState;
  readonly attempt: number | null;
  readonly error: ErrorRecord | null;
  readonly rootTaskId: string | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

const unknown: Omit<KnownState, "state"> = {
  attempt: null,
  error: null,
  rootTaskId: null,
  startedAt: null,
  finishedAt: null,
};

export class SweepTable {
  readonly #sweep: PlannedSweep;
  readonly #root: string;
  readonly #states = new Map<string, KnownState>();
  readonly #rows: ResultRow[];
  /** Cells by task, with their row's index; equal cells share a task. */
  readonly #cellsOf = new Map<string, [index: number, cell: PlannedCell][]>();
  #writeAt = 0;

  /** @param root folder that holds `results/`. */
  constructor(sweep: PlannedSweep, root: string) {
    this.#sweep = sweep;
    this.#root = root;
    const done = new Set(sweep.plan.doneTaskIds);
    for (const { id } of sweep.plan.tasks) {
      this.#states.set(id, { ...unknown, state: done.has(id) ? "skipped" : "planned" });
    }
    this.#rows = sweep.plan.cells.map((cell, index) => {
      this.#cellsOf.set(cell.taskId, [...(this.#cellsOf.get(cell.taskId) ?? []), [index, cell]]);
      return this.#rowOf(cell);
    });
  }

  get rows(): readonly ResultRow[] {
    return this.#rows;
  }

  /** True if every cell has a run and every run has converged. */
  isConverged(): boolean {
    return this.#rows.every((row) => row["status"] === "ok" && row["verdict"] === "converged");
  }

  /** Takes note of a task that is final; writes the table if the last time is long enough ago. */
  async update(record: TaskRecord): Promise<void> {
    const { task, state, attempt, failure, rootTaskId, startedAt, finishedAt } = record;
    const error = failure?.error ?? null;
    this.#states.set(task.id, { state, attempt, error, rootTaskId, startedAt, finishedAt });
    for (const [index, cell] of this.#cellsOf.get(task.id) ?? []) this.#rows[index] = this.#rowOf(cell);
    if (performance.now() >= this.#writeAt) await this.#write();
  }

  /** Writes the final table. */
  async finish(): Promise<void> {
    await this.#write();
  }

  async #write(): Promise<void> {
    const { plan, experiment } = this.#sweep;
    if (plan.cells.length === 0) return;
    const metadata = {
      experiment: experiment.name,
      sweep_id: plan.id,
      experiment_yaml: experiment.sourceText,
      lambda_hat_version: packageVersion,
    };
    const start = performance.now();
    await writeSweepResults(this.#root, metadata, this.#rows);
    const tookMs = performance.now() - start;
    this.#writeAt = performance.now() + Math.max(writeEveryMs, 20 * tookMs);
  }

  #rowOf(cell: PlannedCell): ResultRow {
    const { experiment, plan, store } = this.#sweep;
    const known = this.#knownOf(cell.taskId);
    const { state, attempt, error } = known;
    const files = runFiles(store.runs, cell);
    const isOk = isSuccess(state);
    const { target, sampler } = entriesOf(experiment, cell);
    return resultRowOf({
      experiment: experiment.name,
      sweepId: plan.id,
      cell,
      presets: target.presets,
      state,
      targetConfig: target.config as unknown as JsonObject,
      runConfig: resolveCell(target, sampler) as unknown as JsonObject,
      run: isOk ? manifestOf(files.manifest, cell.taskId) : attemptOf(known),
      analysis: isOk ? readJson(files.analysis) : null,
      target: manifestOf(targetFiles(store.runs, cell.targetId).meta, cell.targetId),
      error,
      attempt,
      runDir: relative(this.#root, files.dir),
    });
  }

  /** State of a task; its error is that of the root cause. */
  #knownOf(taskId: string): KnownState {
    const known = this.#states.get(taskId);
    if (known === undefined) throw new Error(`bug: no state of ${taskId}`);
    const root = known.rootTaskId === null ? undefined : this.#states.get(known.rootTaskId);
    return root === undefined ? known : { ...known, error: root.error };
  }
}

const entriesOf = (experiment: Experiment, cell: PlannedCell) => {
  const target = experiment.targets[cell.targetIndex];
  const sampler = experiment.samplers[cell.samplerIndex];
  if (target === undefined || sampler === undefined) throw new Error("bug: a cell outside the experiment");
  return { target, sampler };
};

/** A failed attempt leaves no manifest; its times are the queue's. */
const attemptOf = ({ attempt, startedAt, finishedAt }: KnownState): ManifestRecord | null => {
  if (attempt === null || startedAt === null || finishedAt === null) return null;
  const iso = (time: number): string => new Date(time).toISOString();
  return {
    attempt,
    host: hostname(),
    startedAt: iso(startedAt),
    finishedAt: iso(finishedAt),
    facts: {},
  };
};

const manifestOf = (path: string, id: string): ManifestRecord | null => {
  const reading = readManifest(path, id);
  return reading.kind === "valid" ? reading.manifest : null;
};

const readJson = (path: string): JsonObject | null => {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as JsonObject;
  } catch {
    return null;
  }
};
