/** What the views of a running sweep share: the last known state of every task, the counts and the time that is left. */
import type { Plan } from "../../plan/plan.ts";
import { isFinal, isSuccess, type TaskState } from "../../plan/task-state.ts";
import type { SweepEvent } from "../../queue/sweep-event.ts";

/** One task as a view shows it. */
export interface TaskProgressView {
  state: TaskState;
  /** Share of the running phase, 0 to 1. */
  fraction: number;
  phase: string;
  /** Milliseconds since 1970 of the start of the running attempt. */
  startedAt: number;
  /** Seconds of the finished attempt. */
  seconds: number | null;
  summary: unknown;
}

/** Shows a sweep while it runs. */
export interface SweepView {
  onEvent(event: SweepEvent): void;
  /** Leaves the terminal as it should stay. */
  close(): void;
}

const stateAfter: Partial<Record<SweepEvent["kind"], TaskState>> = {
  task_skipped: "skipped",
  task_ready: "ready",
  task_started: "running",
  task_done: "done",
  upstream_failed: "upstream_failed",
  task_cancelled: "cancelled",
  retry: "waiting",
  given_back: "waiting",
};

/** Follows the events of one sweep. */
export class SweepProgress {
  readonly tasks = new Map<string, TaskProgressView>();
  readonly #numSlots: number;
  readonly #expectedSec: ReadonlyMap<string, number>;
  /** By task id: whom it is like, closest first: its sampler as configured, its algorithm, its kind. */
  readonly #likeness = new Map<string, readonly string[]>();

  constructor(plan: Plan, options: { numSlots: number; expectedSec: ReadonlyMap<string, number> }) {
    this.#numSlots = options.numSlots;
    this.#expectedSec = options.expectedSec;
    const done = new Set(plan.doneTaskIds);
    const labels = new Map(plan.cells.map(({ taskId, samplerLabel }) => [taskId, samplerLabel]));
    for (const task of plan.tasks) {
      const { id, kind } = task;
      const sampler = kind === "run-sampler" ? [`label ${labels.get(id)}`, `sampler ${task.sampler}`] : [];
      this.#likeness.set(id, [...sampler, `kind ${kind}`]);
      const state: TaskState = done.has(id) ? "skipped" : "waiting";
      this.tasks.set(id, { state, fraction: 0, phase: "", startedAt: 0, seconds: null, summary: null });
    }
  }

  apply(event: SweepEvent): void {
    if (!("taskId" in event)) return;
    const task = this.tasks.get(event.taskId);
    if (task === undefined) return;
    task.state = stateAfter[event.kind] ?? task.state;
    if (event.kind === "task_started") {
      task.startedAt = event.time;
      task.fraction = 0;
    } else if (event.kind === "progress") {
      task.phase = event.phase;
      task.fraction = event.total > 0 ? event.done / event.total : 0;
    } else if (event.kind === "task_done") {
      task.seconds = event.seconds;
      task.summary = event.summary;
    } else if (event.kind === "task_failed") {
      task.state = stateOfCause[event.cause];
      task.seconds = event.seconds;
    }
  }

  /** Numbers for the status line. */
  counts(): { total: number; finished: number; running: number; failed: number; skipped: number } {
    let [finished, running, failed, skipped] = [0, 0, 0, 0];
    for (const { state } of this.tasks.values()) {
      if (isFinal(state)) finished += 1;
      if (state === "running") running += 1;
      if (state === "skipped") skipped += 1;
      if (isFinal(state) && !isSuccess(state)) failed += 1;
    }
    return { total: this.tasks.size, finished, running, failed, skipped };
  }

  /**
   * Seconds until the sweep is done, if every slot stays busy; null while nothing is known of some kind. A task's time is
   * what an earlier sweep measured, what its own progress says, or the mean of tasks of this sweep that are most like it.
   */
  remainingSec(now: number): number | null {
    const totals = this.#totalsByLikeness(now);
    let [total, longest] = [0, 0];
    for (const [id, task] of this.tasks) {
      if (isFinal(task.state)) continue;
      const expected = this.#totalOf(id, task, now) ?? meanOfLike(this.#likeness.get(id) ?? [], totals);
      if (expected === null) return null;
      const elapsed = task.state === "running" ? (now - task.startedAt) / 1000 : 0;
      const left = Math.max(0, expected - elapsed);
      total += left;
      longest = Math.max(longest, left);
    }
    return Math.max(longest, total / this.#numSlots);
  }

  /** Seconds from start to end, from an earlier sweep or from the draws that are done. */
  #totalOf(id: string, task: TaskProgressView, now: number): number | null {
    const expected = this.#expectedSec.get(id) ?? null;
    if (expected !== null || task.state !== "running") return expected;
    const elapsed = (now - task.startedAt) / 1000;
    return task.phase === "draws" && task.fraction > 0.02 ? elapsed / task.fraction : null;
  }

  #totalsByLikeness(now: number): ReadonlyMap<string, Mean> {
    const totals = new Map<string, Mean>();
    for (const [id, task] of this.tasks) {
      const seconds = task.state === "done" ? task.seconds : this.#totalOf(id, task, now);
      if (seconds === null) continue;
      for (const key of this.#likeness.get(id) ?? []) {
        const { sum, count } = totals.get(key) ?? { sum: 0, count: 0 };
        totals.set(key, { sum: sum + seconds, count: count + 1 });
      }
    }
    return totals;
  }
}

interface Mean {
  readonly sum: number;
  readonly count: number;
}

const meanOfLike = (keys: readonly string[], totals: ReadonlyMap<string, Mean>): number | null => {
  for (const key of keys) {
    const mean = totals.get(key);
    if (mean !== undefined) return mean.sum / mean.count;
  }
  return null;
};

const stateOfCause = {
  task_error: "failed",
  worker_lost: "failed",
  timeout: "timeout",
  out_of_memory: "out_of_memory",
} as const satisfies Record<string, TaskState>;

/** 5 → `5s`, 65 → `1m05s`, 4000 → `1h07m`. */
export const formatDuration = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  const pad = (value: number): string => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`;
};
