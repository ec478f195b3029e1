/** One task inside a broker: its state, what is known of it, and what can be told to others. */
import { randomUUID } from "node:crypto";
import type { Json } from "../core/canonical-json.ts";
import type { Task } from "../plan/task.ts";
import { nextState, type TaskChange, type TaskState } from "../plan/task-state.ts";
import type { Lease, TaskRecord } from "./broker.ts";
import type { TaskFailure } from "./failure.ts";
import type { Progress } from "./task-messages.ts";

/** An attempt that another process has begun. */
export interface StartedAttempt {
  readonly number: number;
  readonly token: string;
}

/** Mutable record of one task; owned by one ledger. */
export class TaskEntry {
  readonly task: Task;
  /** Position in the plan. */
  readonly order: number;
  state: TaskState = "planned";
  /** Needs that are neither done nor skipped. */
  numOpenNeeds: number;
  attempt = 0;
  lease: Lease | null = null;
  readonly failureCounts = { task_error: 0, worker_lost: 0, timeout: 0, out_of_memory: 0 };
  startedAt: number | null = null;
  finishedAt: number | null = null;
  progress: Progress | null = null;
  summary: Json = null;
  failure: TaskFailure | null = null;
  rootTaskId: string | null = null;
  /** Set while a stop is asked for, and kept once cancelled. */
  cancelReason: string | null = null;
  /** Ends the back-off or the lease's time limit. */
  stopTimer: (() => void) | null = null;
  #worker: string | null = null;
  /** Furthest progress so far, and attempts in a row that were given back without having come further. */
  #furthest: Progress | null = null;
  #hasAdvanced = false;
  #numStandstills = 0;

  constructor(task: Task, order: number) {
    this.task = task;
    this.order = order;
    this.numOpenNeeds = new Set(task.needs).size;
  }

  /** Moves to the next state. @throws bug where the table has none. */
  change(change: TaskChange): void {
    const next = nextState(this.state, change);
    if (next === null) throw new Error(`bug: task ${this.task.id} is ${this.state} and cannot ${change}`);
    this.state = next;
    this.stopTimer?.();
    this.stopTimer = null;
    if (next !== "running") this.lease = null;
  }

  /** Starts the next attempt, or enters one that was begun elsewhere. */
  startAttempt(worker: string, now: number, begun: StartedAttempt | null = null): Lease {
    this.change("lease");
    this.attempt = begun?.number ?? this.attempt + 1;
    this.#worker = worker;
    this.startedAt = now;
    this.finishedAt = null;
    this.progress = null;
    const attemptToken = begun?.token ?? randomUUID();
    this.lease = { task: this.task, attempt: this.attempt, attemptToken, worker };
    return this.lease;
  }

  /** Enters how far the running attempt is. */
  note(progress: Progress): void {
    this.progress = progress;
    const { phase, done } = this.#furthest ?? { phase: "", done: 0 };
    if (progress.phase === phase && progress.done <= done) return;
    this.#furthest = progress;
    this.#hasAdvanced = true;
  }

  /** The attempt is given back. Returns how many in a row, this one included, were so without having come further. */
  countStandstills(): number {
    this.#numStandstills = this.#hasAdvanced ? 0 : this.#numStandstills + 1;
    this.#hasAdvanced = false;
    return this.#numStandstills;
  }

  /** Worker of the running or last attempt. */
  get worker(): string | null {
    return this.#worker;
  }

  /** The last attempt, as events name it. */
  get attemptRef(): { readonly taskId: string; readonly attempt: number } {
    return { taskId: this.task.id, attempt: this.attempt };
  }

  /** Seconds of the last attempt until `now`. */
  secondsUntil(now: number): number {
    return this.startedAt === null ? 0 : (now - this.startedAt) / 1000;
  }

  /** A copy for others. */
  toRecord(): TaskRecord {
    return {
      task: this.task,
      state: this.state,
      attempt: this.attempt,
      worker: this.#worker,
      startedAt: this.startedAt,
      finishedAt: this.finishedAt,
      progress: this.progress,
      summary: this.summary,
      failure: this.failure,
      rootTaskId: this.rootTaskId,
      reason: this.state === "cancelled" ? this.cancelReason : null,
    };
  }
}
