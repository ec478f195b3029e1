/** How one attempt of a task failed, as it crosses processes and is written to the event log. */
import { type ErrorCode, type ErrorRecord, errorRecordOf, SweepError } from "../core/errors.ts";
import type { TaskChange } from "../plan/task-state.ts";

/**
 * Whose fault it was; each has its own retry budget.
 * task_error: the work threw. worker_lost: its process or lease died. timeout, out_of_memory: over a limit.
 */
export type FailureCause = "task_error" | "worker_lost" | "timeout" | "out_of_memory";

/** One failed attempt. */
export interface TaskFailure {
  readonly cause: FailureCause;
  readonly error: ErrorRecord;
  /** Last lines of the task's log, oldest first, at most 20. */
  readonly logTail: readonly string[];
}

/** What a failure without further attempts does to the task's state. */
export const changeOfCause: Readonly<Record<FailureCause, TaskChange>> = {
  task_error: "fail",
  worker_lost: "fail",
  timeout: "time_out",
  out_of_memory: "exhaust_memory",
};

const codeOfCause: Readonly<Record<Exclude<FailureCause, "task_error">, ErrorCode>> = {
  worker_lost: "WORKER_LOST",
  timeout: "TIMEOUT",
  out_of_memory: "OUT_OF_MEMORY",
};

/** A failure that the supervisor saw, with the error code of its cause. `message` is complete. */
export const supervisedFailure = (
  cause: Exclude<FailureCause, "task_error">,
  message: string,
  logTail: readonly string[] = [],
): TaskFailure => ({
  cause,
  error: { ...errorRecordOf(new SweepError(codeOfCause[cause], message, { retryable: true })), stack: null },
  logTail,
});

/** A worker that stopped renewing its lease. */
export const lostLeaseFailure = (worker: string, seconds: number): TaskFailure =>
  supervisedFailure(
    "worker_lost",
    `worker ${worker} has not been heard of for ${seconds} s; the task is given to another.`,
  );
