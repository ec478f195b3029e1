/** Laws of retry budgets that come from cards. */
import { describe, expect, it } from "vitest";
import { retryPolicyOf } from "../../../../src/cli/sweep/card-budgets.ts";
import { policyFor, type RetryBudgets, type RetryPolicy } from "../../../../src/queue/retry-policy.ts";
import { aLocalCard } from "../../../support/cards.ts";
import { aSlurmCard } from "../../../support/pilot-cards.ts";

const budgetsFor = (policy: RetryPolicy, kind: "build-target" | "run-sampler"): Partial<RetryBudgets> => {
  const { task_error, worker_lost } = policyFor(policy, kind).budgets;
  return { task_error, worker_lost };
};

describe("retryPolicyOf", () => {
  it("gives each class the budgets of its own card", () => {
    const build = aSlurmCard("label: b\nserves: build\nretries: 4\ncrash_limit: 1");
    const sample = aSlurmCard("label: s\nserves: sample\ncrash_limit: 9");
    for (const cards of [
      [build, sample],
      [sample, build],
    ]) {
      const policy = retryPolicyOf(cards, 2);
      expect(budgetsFor(policy, "build-target")).toEqual({ task_error: 4, worker_lost: 1 });
      expect(budgetsFor(policy, "run-sampler")).toEqual({ task_error: 2, worker_lost: 9 });
    }
  });

  it("gives every class the budgets of one card for all", () => {
    const policy = retryPolicyOf([aLocalCard({}, { retries: 0, crashLimit: 7 })], 2);
    for (const kind of ["build-target", "run-sampler"] as const)
      expect(budgetsFor(policy, kind)).toEqual({ task_error: 0, worker_lost: 7 });
  });

  it("takes the experiment's retries, and the usual crash limit, for a class that no card takes", () => {
    const policy = retryPolicyOf([aSlurmCard("serves: build\nretries: 4\ncrash_limit: 1")], 2);
    expect(budgetsFor(policy, "run-sampler")).toEqual({ task_error: 2, worker_lost: 3 });
  });
});
