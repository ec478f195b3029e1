/** What a sweep does when its queue refuses. */
import { expect, it } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import type { Executor } from "../../../src/executors/executor.ts";
import { runPlan } from "../../../src/executors/run-plan.ts";
import { LocalBroker } from "../../../src/queue/local-broker.ts";
import { defaultRetryPolicy } from "../../../src/queue/retry-policy.ts";
import type { SweepEvent } from "../../../src/queue/sweep-event.ts";
import { aPlan, aTask } from "../../support/plans.ts";

const submit = { retryPolicy: defaultRetryPolicy, maxFailures: null, expectedSec: new Map<string, number>() };

/** As a Redis whose disk is full. */
class RefusingBroker extends LocalBroker {
  override cancel(): Promise<void> {
    return Promise.reject(new Error("MISCONF Errors writing to the AOF file"));
  }
}

const anExecutor = (run: Executor["run"]): Executor => ({
  description: "",
  numSlots: 1,
  warnings: [],
  run,
  drain: () => {},
  kill: () => {},
});

it("a queue that refuses to be stopped costs a warning, not the driver", async () => {
  const broker = new RefusingBroker({ clock: systemClock, leaseMs: null });
  const events: SweepEvent[] = [];
  const stop = new AbortController();
  const executor = anExecutor(async () => {
    stop.abort("stopped by SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 10)); // a rejection that nobody takes would fail the test
  });
  const outcome = await runPlan({
    plan: aPlan([aTask("a")]),
    broker,
    executor,
    submit,
    stop: stop.signal,
    onEvent: (event) => events.push(event),
  });
  expect(outcome.wasStopped).toBe(true);
  const warnings = events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
  expect(warnings).toEqual([expect.stringMatching(/^the queue could not be told to stop: MISCONF/)]);
  await broker.close();
});

it("throws why the executor failed, also where the queue refuses to be stopped", async () => {
  const broker = new RefusingBroker({ clock: systemClock, leaseMs: null });
  const executor = anExecutor(() => Promise.reject(new Error("no such node")));
  const running = runPlan({ plan: aPlan([aTask("a")]), broker, executor, submit });
  await expect(running).rejects.toThrow("no such node");
  await broker.close();
});
