/** Laws of retries. */
import { describe, expect, it } from "vitest";
import { errorRecordOf, SweepError } from "../../../src/core/errors.ts";
import { type FailureCause, supervisedFailure, type TaskFailure } from "../../../src/queue/failure.ts";
import { decideRetry, defaultRetryPolicy, type FailureCounts } from "../../../src/queue/retry-policy.ts";

const counts = (overrides: Partial<FailureCounts>): FailureCounts => ({
  task_error: 0,
  worker_lost: 0,
  timeout: 0,
  out_of_memory: 0,
  ...overrides,
});
const failureOf = (cause: FailureCause, retryable = true): TaskFailure =>
  cause === "task_error"
    ? { cause, error: errorRecordOf(new SweepError("TASK_FAILED", "x", { retryable })), logTail: [] }
    : supervisedFailure(cause, "x");

describe("decideRetry", () => {
  it("tries again until the budget of the cause is used up", () => {
    for (const cause of ["task_error", "worker_lost", "timeout", "out_of_memory"] as const) {
      const budget = defaultRetryPolicy.budgets[cause];
      for (let used = 1; used <= budget; used++) {
        expect(decideRetry(failureOf(cause), counts({ [cause]: used }), defaultRetryPolicy).kind).toBe(
          "retry",
        );
      }
      expect(decideRetry(failureOf(cause), counts({ [cause]: budget + 1 }), defaultRetryPolicy).kind).toBe(
        "final",
      );
    }
  });

  it("never repeats an error that is not retryable, whatever the budget", () => {
    const policy = { ...defaultRetryPolicy, budgets: { ...defaultRetryPolicy.budgets, task_error: 100 } };
    expect(decideRetry(failureOf("task_error", false), counts({ task_error: 1 }), policy).kind).toBe("final");
  });

  it("doubles the pause with every failure of any cause, up to the maximum", () => {
    const policy = { ...defaultRetryPolicy, budgets: { ...defaultRetryPolicy.budgets, worker_lost: 100 } };
    const delays = [1, 2, 3, 20].map((lost) =>
      decideRetry(failureOf("worker_lost"), counts({ worker_lost: lost, task_error: 1 }), policy),
    );
    expect(delays).toEqual([1000, 2000, 4000, 60_000].map((delayMs) => ({ kind: "retry", delayMs })));
  });
});
