/** Facts that come twice, late or early change the books once. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { supervisedFailure } from "../../../../../src/queue/failure.ts";
import { FactBook } from "../../../../../src/queue/redis/facts/fact-book.ts";
import { defaultRetryPolicy } from "../../../../../src/queue/retry-policy.ts";
import { SweepLedger } from "../../../../../src/queue/sweep-ledger.ts";
import { aPlan, aTask } from "../../../../support/plans.ts";

type TaskFact = Parameters<FactBook["apply"]>[0];
const at = (taskId: string, attempt = 1) => ({ taskId, attempt, worker: "w", time: 0 });
const started = (taskId: string, attempt = 1): TaskFact => ({
  kind: "started",
  ...at(taskId, attempt),
  token: "t",
});
const done = (taskId: string, attempt = 1): TaskFact => ({
  kind: "done",
  ...at(taskId, attempt),
  summary: null,
});
const givenBack = (taskId: string, attempt = 1): TaskFact => ({ kind: "given_back", ...at(taskId, attempt) });
const failed = (taskId: string, attempt = 1): TaskFact => ({
  kind: "failed",
  ...at(taskId, attempt),
  failure: supervisedFailure("worker_lost", "gone"),
  decision: { kind: "retry", delayMs: 1 },
});

const open = () => {
  const kinds: string[] = [];
  const zombies: string[] = [];
  const ledger = new SweepLedger({
    now: () => 0,
    emit: (event) => kinds.push(event.kind),
    onReady: () => {},
    onWithdrawn: () => {},
    onTooManyFailures: () => {},
    onFinished: () => {},
  });
  ledger.open(aPlan([aTask("a"), aTask("b", { needs: ["a"] })]), {
    retryPolicy: defaultRetryPolicy,
    maxFailures: null,
    expectedSec: new Map(),
  });
  const book = new FactBook(ledger, { onRetry: () => {}, onZombie: ({ task }) => zombies.push(task.id) });
  const apply = (...facts: readonly TaskFact[]): void => {
    for (const fact of facts) book.apply(fact);
  };
  const stateOf = (id: string) => ledger.entry(id).state;
  return { ledger, apply, stateOf, kinds, zombies };
};

describe("fact-book", () => {
  it("keeps facts of a task back until what it needs is done", () => {
    const { apply, stateOf, kinds } = open();
    apply(started("a"), started("b"), done("b"));
    expect(stateOf("b")).toBe("waiting");
    apply(done("a"));
    expect([stateOf("a"), stateOf("b")]).toEqual(["done", "done"]);
    expect(kinds.slice(1)).toEqual([
      "task_ready",
      "task_started",
      "task_done",
      "task_ready",
      "task_started",
      "task_done",
    ]);
  });

  it("enters an attempt whose end, or whose start, nobody told", () => {
    const { apply, stateOf, ledger } = open();
    apply(started("a"), started("a", 2));
    expect([stateOf("a"), ledger.entry("a").attempt]).toEqual(["running", 2]);
    apply(done("a", 3));
    expect([stateOf("a"), ledger.entry("a").attempt]).toEqual(["done", 3]);
  });

  it("ignores facts of an attempt that is over", () => {
    const { apply, stateOf } = open();
    apply(started("a"), failed("a"), started("a", 2), givenBack("a"), failed("a"));
    expect(stateOf("a")).toBe("running");
  });

  it("tells of a task that runs although it was cancelled", () => {
    const { apply, ledger, zombies } = open();
    ledger.cancel(ledger.affectedBy(null), "enough", () => false);
    apply(started("a"));
    expect(zombies).toEqual(["a"]);
  });

  it("any facts, however often, leave every task in a state from which it can end", () => {
    const fact = fc
      .tuple(
        fc.constantFrom(started, done, failed, givenBack),
        fc.constantFrom("a", "b"),
        fc.integer({ min: 1, max: 3 }),
      )
      .map(([make, id, attempt]) => make(id, attempt));
    fc.assert(
      fc.property(fc.array(fact, { maxLength: 20 }), (facts) => {
        const { apply, stateOf } = open();
        apply(...facts, ...facts, done("a", 9), done("b", 9));
        expect([stateOf("a"), stateOf("b")]).toEqual(["done", "done"]);
      }),
    );
  });
});
