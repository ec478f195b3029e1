/**
 * How often a task may be tried again, by whose fault the last attempt was.
 *
 * Budgets are counted apart: a lost worker takes nothing from the budget of task errors. Work that was given back
 * (drained, preempted, stopped) is free. A task error is repeated only if it is retryable, because the same wrong
 * configuration fails the same way again.
 */
import type { TaskKind } from "../core/task-class.ts";
import type { FailureCause, TaskFailure } from "./failure.ts";

/** Retries after the first attempt, per cause. */
export type RetryBudgets = Readonly<Record<FailureCause, number>>;

/** How many retries, and the pause before each. */
export interface RetryPolicy {
  readonly budgets: RetryBudgets;
  /** Of kinds of task that have budgets of their own. */
  readonly budgetsByKind?: Readonly<Partial<Record<TaskKind, RetryBudgets>>>;
  /** Pause before the first retry; it doubles with each further one. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
}

/** What users get without a card: one retry of a retryable error, three lost workers, no second try over a limit. */
export const defaultRetryPolicy: RetryPolicy = {
  budgets: { task_error: 1, worker_lost: 3, timeout: 0, out_of_memory: 0 },
  backoffMs: 500,
  maxBackoffMs: 60_000,
};

/** The policy for one kind of task. */
export const policyFor = (policy: RetryPolicy, kind: TaskKind): RetryPolicy => ({
  ...policy,
  budgets: policy.budgetsByKind?.[kind] ?? policy.budgets,
});

/** Failed attempts of one task so far, per cause, the one being judged included. */
export type FailureCounts = Readonly<Record<FailureCause, number>>;

export type RetryDecision = { readonly kind: "retry"; readonly delayMs: number } | { readonly kind: "final" };

/** Whether to try again, and when. Pure; the pause has no random part: slots, not clients, take the tasks. */
export const decideRetry = (
  failure: TaskFailure,
  counts: FailureCounts,
  policy: RetryPolicy,
): RetryDecision => {
  if (failure.cause === "task_error" && !failure.error.isRetryable) return { kind: "final" };
  if (counts[failure.cause] > policy.budgets[failure.cause]) return { kind: "final" };
  const numFailures = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { kind: "retry", delayMs: Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** (numFailures - 1)) };
};

/** Why the rest of a sweep was cancelled after `maxFailures` failed tasks. */
export const reasonOfMaxFailures = (maxFailures: number): string =>
  maxFailures === 1
    ? "stopped after the first failed task (--fail-fast)"
    : `stopped after ${maxFailures} failed tasks (--max-fails)`;
