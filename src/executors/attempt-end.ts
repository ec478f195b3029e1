/** From how an attempt ended, and what its supervisor did to it, to what the broker is told. Pure. */
import type { Json } from "../core/canonical-json.ts";
import { taskClassOf } from "../core/task-class.ts";
import type { Lease } from "../queue/broker.ts";
import { supervisedFailure, type TaskFailure } from "../queue/failure.ts";
import { terminatedCode } from "../queue/task-server.ts";
import { type AttemptEnd, exitText } from "./warm-process.ts";

/**
 * Why the supervisor stopped an attempt. `stop`: asked to give back (cancel, drain). `timeout`, `memory`: over a limit.
 * `stale`: the broker has given the task to somebody else.
 */
export type StopCause = "stop" | "timeout" | "memory" | "stale";

/** What to tell the broker. */
export type Verdict =
  | { readonly kind: "complete"; readonly summary: Json }
  | { readonly kind: "give_back" }
  | { readonly kind: "fail"; readonly failure: TaskFailure }
  | { readonly kind: "drop" };

/** One ended attempt. */
export interface EndedAttempt {
  readonly lease: Lease;
  readonly end: AttemptEnd;
  readonly stopCause: StopCause | null;
  /** What native code and the runtime wrote to the process's descriptors meanwhile. */
  readonly nativeOutput: string;
  /** What it finished before it died without a word; undefined: nothing. */
  readonly leftAnswer: Json | undefined;
  /** Limits that held, for messages. */
  readonly timeoutSec: number | null;
  readonly memoryMiB: number | null;
}

/** Finished work counts, whatever was asked of it meanwhile. `logTail` of a failure is filled in by the caller. */
export const verdictOf = (attempt: EndedAttempt): Verdict => {
  const { end, stopCause } = attempt;
  if (stopCause === "stale") return { kind: "drop" };
  if (end.kind === "done") return { kind: "complete", summary: end.summary };
  if (attempt.leftAnswer !== undefined) return { kind: "complete", summary: attempt.leftAnswer };
  if (stopCause === "timeout" || stopCause === "memory") return { kind: "fail", failure: overLimit(attempt) };
  if (end.kind === "given_back") return { kind: "give_back" };
  if (end.kind === "failed") return { kind: "fail", failure: ownFailure(attempt, end) };
  if (stopCause === "stop" || wasTerminated(end)) return { kind: "give_back" };
  return { kind: "fail", failure: crash(attempt, end) };
};

/** Batch systems send TERM to every process of an allocation: a request to end, which reached the task's process first. */
const wasTerminated = ({ code, signal }: Extract<AttemptEnd, { kind: "exited" }>): boolean =>
  signal === "SIGTERM" || code === terminatedCode;

const nameOf = ({ lease }: EndedAttempt): string => `task ${lease.task.id} (${lease.task.title})`;

/** Key of the experiment that sets a limit of such tasks. */
const limitOf = (limit: "timeout" | "memory", { lease }: EndedAttempt): string => {
  const name = taskClassOf(lease.task.kind);
  return limit === "timeout" ? `timeout.${name}` : `resources.${name}.memory`;
};

const overLimit = (attempt: EndedAttempt): TaskFailure =>
  attempt.stopCause === "timeout"
    ? supervisedFailure(
        "timeout",
        `${nameOf(attempt)} ran longer than its limit of ${attempt.timeoutSec} s and was stopped. Raise ${limitOf("timeout", attempt)} in the experiment, or make it smaller.`,
      )
    : outOfMemory(attempt, `held more than its limit of ${attempt.memoryMiB} MiB and was stopped`);

const outOfMemory = (attempt: EndedAttempt, what: string): TaskFailure =>
  supervisedFailure(
    "out_of_memory",
    `${nameOf(attempt)} ${what}. Raise ${limitOf("memory", attempt)} in the experiment or memory_per_task of the card, or make it smaller.`,
  );

const ownFailure = (attempt: EndedAttempt, end: Extract<AttemptEnd, { kind: "failed" }>): TaskFailure =>
  end.error.code !== "OUT_OF_MEMORY" && /allocation failed|out of memory/i.test(end.error.message)
    ? outOfMemory(attempt, `could not get memory ("${end.error.message}")`)
    : {
        cause: end.error.code === "OUT_OF_MEMORY" ? "out_of_memory" : "task_error",
        error: end.error,
        logTail: [],
      };

const crash = (attempt: EndedAttempt, end: Extract<AttemptEnd, { kind: "exited" }>): TaskFailure => {
  if (/heap out of memory/.test(attempt.nativeOutput))
    return outOfMemory(attempt, "filled the JavaScript heap");
  const hint = end.signal === "SIGKILL" ? " The system may have run out of memory." : "";
  return supervisedFailure(
    "worker_lost",
    `the process of ${nameOf(attempt)} ended by itself: ${exitText(end)}.${hint}`,
  );
};
