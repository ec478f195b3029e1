/**
 * The broker keeps the state of every task of one sweep and hands tasks to workers, each to one worker at a time.
 *
 * Promises of every body (one contract suite, `test/contract/brokers.test.ts`):
 * - A task is leased only after all tasks it needs are `done` or `skipped`; builds first, then the longest expected.
 * - A lease is valid until it is completed, failed, given back, or not renewed for too long. Calls with a lease that is
 *   no longer valid change nothing and answer false: the task has moved on, and the caller must drop its work.
 * - Failures are retried by the policy of the sweep, with back-off; `giveBack` costs nothing.
 * - The final failure of a task makes all that depend on it `upstream_failed`, naming that task; the rest goes on.
 * - Every change of state is one event, in order; after the last, `sweep_done`, once.
 *
 * The broker is a cache that can be rebuilt from the plan and the results on disk; it is never the only copy of a result.
 */
import type { Json } from "../core/canonical-json.ts";
import type { Plan } from "../plan/plan.ts";
import type { Task, TaskKind } from "../plan/task.ts";
import type { TaskState } from "../plan/task-state.ts";
import type { TaskFailure } from "./failure.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { SweepEvent } from "./sweep-event.ts";
import type { Progress } from "./task-messages.ts";

/** Rules of one sweep. */
export interface SubmitOptions {
  readonly retryPolicy: RetryPolicy;
  /** After this many tasks of their own failure the rest is cancelled; 1 is fail-fast, null keeps going. */
  readonly maxFailures: number | null;
  /** Expected seconds by task id, where known: longer tasks go first, and tasks that do not fit a worker's life wait. */
  readonly expectedSec: ReadonlyMap<string, number>;
}

/** A worker that asks for a task. */
export interface LeaseRequest {
  /** Unique name of the slot, for people: `node7/slot-2`. */
  readonly worker: string;
  /** Kinds that the worker takes; null: all. */
  readonly serves: readonly TaskKind[] | null;
  /** Seconds until the worker ends by itself; null: it does not. Tasks expected to take longer are not for it. */
  readonly remainingSec: number | null;
  /** Gives up waiting: the answer is null. */
  readonly signal?: AbortSignal;
}

/** One attempt of one task, held by one worker. */
export interface Lease {
  readonly task: Task;
  /** 1 for the first start; attempts that were given back count too. */
  readonly attempt: number;
  /** Unique for ever; fences stale writers. */
  readonly attemptToken: string;
  readonly worker: string;
}

/** All that is known of one task. Plain JSON. */
export interface TaskRecord {
  readonly task: Task;
  readonly state: TaskState;
  /** Starts so far. */
  readonly attempt: number;
  /** Worker of the running or last attempt. */
  readonly worker: string | null;
  /** Milliseconds since 1970 of the last attempt's start and end. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly progress: Progress | null;
  /** What the task answered when it was done. */
  readonly summary: Json;
  /** The last failure, also while the task waits for its retry. */
  readonly failure: TaskFailure | null;
  /** The failed task that made this one `upstream_failed`. */
  readonly rootTaskId: string | null;
  /** Why it was cancelled. */
  readonly reason: string | null;
}

/** What a worker needs of a broker: tasks to take, and somebody to tell how they ended. */
export interface TaskSource {
  /** Waits for a task for this worker. Null: none will come any more (all final, drained, closed or signal). */
  lease(request: LeaseRequest): Promise<Lease | null>;
  /** The attempt succeeded. False: stale. */
  complete(lease: Lease, summary: Json): Promise<boolean>;
  /** The attempt failed; the broker retries or ends the task. False: stale. */
  fail(lease: Lease, failure: TaskFailure): Promise<boolean>;
  /** The attempt was stopped on request and can continue later, at no cost. False: stale. */
  giveBack(lease: Lease): Promise<boolean>;
  /** Keeps the lease and reports progress. False: stale, stop working. */
  renew(lease: Lease, progress: Progress | null): Promise<boolean>;
  /** Events from now on, in order; of a source in a worker only `stop_requested`. Returns the way to end it. */
  subscribe(listener: (event: SweepEvent) => void): () => void;
  /** Frees timers and connections; pending leases answer null. */
  close(): Promise<void>;
}

/** Hands out tasks and keeps their state; see the promises above. */
export interface Broker extends TaskSource {
  /** Takes the plan of the sweep; once a broker. Tasks that are done already become `skipped`. */
  submit(plan: Plan, options: SubmitOptions): Promise<void>;
  /**
   * Ends tasks (absent: all): those that wait become `cancelled`; those that run are asked to stop (`stop_requested`)
   * and become `cancelled` when given back or failed, or `done` if they finish first.
   */
  cancel(reason: string, taskIds?: readonly string[]): Promise<void>;
  /** Hands out nothing more; running leases stay valid. */
  drain(): Promise<void>;
  /** One record a task, in the plan's order. */
  records(): Promise<readonly TaskRecord[]>;
  /** The record of one task, or null if the plan has no such task. */
  record(taskId: string): Promise<TaskRecord | null>;
}
