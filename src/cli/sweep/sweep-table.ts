/**
 * The results table of a running sweep: one row a planned cell from the start, rewritten as tasks begin and end. Where only a
 * part of the experiment runs, the other cells have their rows too, as the disk knows them.
 *
 * Rows are made from manifests on disk; the queue adds only what a task that left none has to say. A change that comes too
 * soon after a write is written by a timer, so that the file never stays behind for longer than the pause between writes.
 */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { relative } from "node:path";
import type { Experiment } from "../../config/experiment.ts";
import { resolveCell } from "../../config/experiment.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { ErrorRecord } from "../../core/errors.ts";
import { packageVersion } from "../../core/package-root.ts";
import type { PlannedCell } from "../../plan/plan.ts";
import { isFinal, isSuccess, type TaskState } from "../../plan/task-state.ts";
import type { TaskRecord } from "../../queue/broker.ts";
import type { SweepEvent } from "../../queue/sweep-event.ts";
import type { ResultRow } from "../../results/columns.ts";
import { type JsonObject, type TaskRecord as ManifestRecord, resultRowOf } from "../../results/result-row.ts";
import { writeSweepResults } from "../../results/results-files.ts";
import { runFiles, targetFiles } from "../../runs/layout.ts";
import { readManifest } from "../../runs/manifest.ts";
import { isTaskDoneSince } from "../../tasks/done-since.ts";
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

/** What an event says of a task that is not final after it. */
const openStateAfter: Partial<Record<SweepEvent["kind"], TaskState>> = {
  task_ready: "ready",
  task_started: "running",
  retry: "waiting",
  given_back: "waiting",
};

export class SweepTable {
  readonly #sweep: PlannedSweep;
  readonly #root: string;
  readonly #clock: Clock;
  /** Tasks of this sweep; those of the whole experiment may be more. */
  readonly #planned: ReadonlySet<string>;
  readonly #states = new Map<string, KnownState>();
  readonly #rows: ResultRow[];
  /** Cells by task, with their row's index; equal cells share a task. */
  readonly #cellsOf = new Map<string, [index: number, cell: PlannedCell][]>();
  /** The next write is not before this time of the clock. */
  #writeAt = 0;
  #stopTimer: (() => void) | null = null;
  #isClosed = false;
  /** The last write; a failed one fails all that follow. */
  #written: Promise<void> = Promise.resolve();
  readonly #failure = new AbortController();

  /** @param root folder that holds `results/`. */
  constructor(sweep: PlannedSweep, root: string, clock: Clock = systemClock) {
    this.#sweep = sweep;
    this.#root = root;
    this.#clock = clock;
    this.#planned = new Set(sweep.plan.tasks.map(({ id }) => id));
    const done = new Set(sweep.plan.doneTaskIds);
    const isOnDisk = isTaskDoneSince(sweep.store.runs);
    for (const task of sweep.whole.tasks) {
      const isDone = this.#planned.has(task.id) ? done.has(task.id) : isOnDisk(task, null);
      this.#states.set(task.id, { ...unknown, state: isDone ? "skipped" : "planned" });
    }
    this.#rows = sweep.whole.cells.map((cell, index) => {
      this.#cellsOf.set(cell.taskId, [...(this.#cellsOf.get(cell.taskId) ?? []), [index, cell]]);
      return this.#rowOf(cell);
    });
  }

  /** Rows of the cells that this sweep is about. */
  get rows(): readonly ResultRow[] {
    const { cells } = this.#sweep.whole;
    return this.#rows.filter((_, index) => this.#planned.has(cells[index]?.taskId ?? ""));
  }

  /** Rows in the file, those of other cells of the experiment included. */
  get numRows(): number {
    return this.#rows.length;
  }

  /** True if every cell that this sweep is about has a run and every run has converged. */
  isConverged(): boolean {
    return this.rows.every((row) => row["status"] === "ok" && row["verdict"] === "converged");
  }

  /** Takes note of a task that is final; writes the table if the last time is long enough ago. */
  async update(record: TaskRecord): Promise<void> {
    const { task, state, attempt, failure, rootTaskId, startedAt, finishedAt } = record;
    const error = failure?.error ?? null;
    this.#states.set(task.id, { state, attempt, error, rootTaskId, startedAt, finishedAt });
    for (const [index, cell] of this.#cellsOf.get(task.id) ?? []) this.#rows[index] = this.#rowOf(cell);
    if (this.#clock.now() >= this.#writeAt) await this.#write();
    else this.#writeLater();
  }

  /** Takes note of tasks that wait, can be taken or run; what has ended comes by `update`. */
  hear(event: SweepEvent): void {
    if (event.kind === "plan") for (const id of this.#planned) this.#note(id, { status: "waiting" });
    const status = openStateAfter[event.kind];
    if (status === undefined || !("taskId" in event)) return;
    const attempt = "attempt" in event ? { attempt: event.attempt } : {};
    const startedAt = event.kind === "task_started" ? new Date(event.time).toISOString() : null;
    this.#note(event.taskId, { ...attempt, status, started_at: startedAt });
  }

  /** Aborted when a table could not be written by the timer; `finish` then throws why. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** Writes the final table. @throws why an earlier write failed. */
  async finish(): Promise<void> {
    this.close();
    await this.#write();
  }

  /** Writes no more by itself. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer?.();
  }

  /** Changes the rows of a task that is not final. */
  #note(taskId: string, changes: ResultRow): void {
    const cells = this.#cellsOf.get(taskId);
    if (cells === undefined || isFinal(this.#knownOf(taskId).state)) return;
    for (const [index] of cells) this.#rows[index] = { ...this.#rows[index], ...changes };
    this.#writeLater();
  }

  #writeLater(): void {
    if (this.#isClosed || this.#stopTimer !== null) return;
    const delayMs = Math.max(0, this.#writeAt - this.#clock.now());
    this.#stopTimer = this.#clock.after(delayMs, () => {
      this.#write().catch((error: unknown) => this.#failure.abort(error));
    });
  }

  #write(): Promise<void> {
    this.#stopTimer?.();
    this.#written = this.#written.then(() => this.#writeNow());
    return this.#written;
  }

  async #writeNow(): Promise<void> {
    this.#stopTimer = null;
    this.#writeAt = this.#clock.now() + writeEveryMs;
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
    this.#writeAt = this.#clock.now() + Math.max(writeEveryMs, 20 * tookMs);
  }

  #rowOf(cell: PlannedCell): ResultRow {
    const { experiment, plan, whole, store } = this.#sweep;
    const known = this.#knownOf(cell.taskId);
    const { state, attempt, error } = known;
    const files = runFiles(store.runs, cell);
    const isOk = isSuccess(state);
    const { target, sampler } = entriesOf(experiment, cell);
    return resultRowOf({
      experiment: experiment.name,
      sweepId: this.#planned.has(cell.taskId) ? plan.id : whole.id,
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
