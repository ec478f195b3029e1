/** The promises of `src/queue/broker.ts`, for every body: add a row to `bodies`. */
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it as itOf } from "vitest";
import { errorRecordOf, SweepError } from "../../src/core/errors.ts";
import type { TaskState } from "../../src/plan/task-state.ts";
import type { Broker, Lease, LeaseRequest, SubmitOptions } from "../../src/queue/broker.ts";
import { supervisedFailure, type TaskFailure } from "../../src/queue/failure.ts";
import { LocalBroker } from "../../src/queue/local-broker.ts";
import { defaultRetryPolicy } from "../../src/queue/retry-policy.ts";
import type { SweepEvent } from "../../src/queue/sweep-event.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { aPlan, aTask } from "../support/plans.ts";
import { openRedisBroker } from "../support/redis-broker-body.ts";
import { hasRedisServer, startRedis, type TestRedis } from "../support/redis-server.ts";

interface Body {
  readonly name: string;
  /** A new, empty broker whose leases last `leaseMs`, and the way to let time pass. */
  open(leaseMs: number | null): Promise<{
    broker: Broker;
    advance(byMs: number): Promise<void>;
    numTimers(): number;
    release(): void;
  }>;
  readonly isMissing: boolean;
}

let redis: TestRedis | null = null;

const bodies: readonly Body[] = [
  {
    name: "local",
    isMissing: false,
    open: async (leaseMs) => {
      const clock = new FakeClock();
      return {
        broker: new LocalBroker({ clock, leaseMs }),
        advance: async (byMs) => {
          clock.advance(byMs);
          await Promise.resolve();
        },
        numTimers: () => clock.numTimers,
        release: () => {},
      };
    },
  },
  {
    name: hasRedisServer ? "redis" : "redis (skipped: there is no redis-server on the PATH)",
    isMissing: !hasRedisServer,
    open: async (leaseMs) => {
      redis ??= await startRedis();
      return openRedisBroker(redis, leaseMs);
    },
  },
];

afterAll(async () => {
  await redis?.stop();
});

const options: SubmitOptions = { retryPolicy: defaultRetryPolicy, maxFailures: null, expectedSec: new Map() };
const request = (overrides: Partial<LeaseRequest> = {}): LeaseRequest => ({
  worker: "w0",
  serves: null,
  remainingSec: null,
  ...overrides,
});
const taskError = (message: string, retryable = false): TaskFailure => ({
  cause: "task_error",
  error: errorRecordOf(new SweepError("TASK_FAILED", message, { retryable })),
  logTail: ["last words"],
});
const lost = supervisedFailure("worker_lost", "gone");

describe.each(bodies)("broker $name", { timeout: 120_000 }, (body) => {
  const it = itOf.skipIf(body.isMissing);
  let opened: Awaited<ReturnType<Body["open"]>> | null = null;
  let events: SweepEvent[] = [];

  const start = async (
    plan: ReturnType<typeof aPlan>,
    overrides: Partial<SubmitOptions> = {},
    leaseMs: number | null = null,
  ): Promise<Broker> => {
    opened = await body.open(leaseMs);
    events = [];
    opened.broker.subscribe((event) => events.push(event));
    await opened.broker.submit(plan, { ...options, ...overrides });
    return opened.broker;
  };
  const advance = (byMs: number): Promise<void> => (opened as NonNullable<typeof opened>).advance(byMs);
  const take = async (broker: Broker, overrides: Partial<LeaseRequest> = {}): Promise<Lease> => {
    const lease = await broker.lease(request({ signal: AbortSignal.timeout(10_000), ...overrides }));
    if (lease === null) throw new Error("no lease");
    return lease;
  };
  /** Null if no task is there for this worker now. */
  const takeNow = (broker: Broker, overrides: Partial<LeaseRequest> = {}): Promise<Lease | null> => {
    const giveUp = new AbortController();
    const lease = broker.lease(request({ ...overrides, signal: giveUp.signal }));
    setTimeout(() => giveUp.abort(), 5);
    return lease;
  };
  const statesOf = async (broker: Broker): Promise<Record<string, TaskState>> =>
    Object.fromEntries((await broker.records()).map(({ task, state }) => [task.id, state]));
  const kinds = (): string[] => events.map(({ kind }) => kind);

  afterEach(async () => {
    await opened?.broker.close();
    expect(opened?.numTimers() ?? 0).toBe(0);
    opened?.release();
    opened = null;
  });

  it("leases a task only after all it needs are done", async () => {
    const broker = await start(aPlan([aTask("a"), aTask("b"), aTask("c", { needs: ["a", "b"] })]));
    const [a, b] = [await take(broker), await take(broker)];
    expect(await takeNow(broker)).toBeNull();
    await broker.complete(a, null);
    expect(await takeNow(broker)).toBeNull();
    await broker.complete(b, { answer: 42 });
    const c = await take(broker);
    expect(c.task.id).toBe("c");
    await broker.complete(c, null);
    expect(await statesOf(broker)).toEqual({ a: "done", b: "done", c: "done" });
    expect((await broker.records())[1]?.summary).toEqual({ answer: 42 });
  });

  it("tells every change of state in order and sweep_done once at the end", async () => {
    const broker = await start(aPlan([aTask("a"), aTask("b", { needs: ["a"] })]));
    for (const _ of ["a", "b"]) await broker.complete(await take(broker), null);
    expect(kinds()).toEqual([
      "plan",
      "task_ready",
      "task_started",
      "task_done",
      "task_ready",
      "task_started",
      "task_done",
      "sweep_done",
    ]);
    expect(events.at(-1)).toMatchObject({ counts: { done: 2, failed: 0 } });
    expect(await broker.lease(request())).toBeNull();
  });

  it("gives a waiting worker its task as soon as one is ready", async () => {
    const broker = await start(aPlan([aTask("a"), aTask("b", { needs: ["a"] })]));
    const a = await take(broker);
    const waiting = take(broker, { worker: "w1" });
    await broker.complete(a, null);
    expect(await waiting).toMatchObject({ task: { id: "b" }, worker: "w1", attempt: 1 });
  });

  it("skips what is done and never leases it", async () => {
    const broker = await start(aPlan([aTask("a"), aTask("b", { needs: ["a"] })], ["a"]));
    const b = await take(broker);
    expect(b.task.id).toBe("b");
    await broker.complete(b, null);
    expect(await statesOf(broker)).toEqual({ a: "skipped", b: "done" });
  });

  it("is finished at once when the plan is empty or all done", async () => {
    for (const plan of [aPlan([]), aPlan([aTask("a")], ["a"])]) {
      const broker = await start(plan);
      expect(kinds().at(-1)).toBe("sweep_done");
      expect(await broker.lease(request())).toBeNull();
      await broker.close();
    }
  });

  it("hands out builds first, then the longest expected, unknown lengths before known", async () => {
    const targetId = "tgt_0123456789ab";
    const { behaviour: _, ...common } = aTask(targetId);
    const build = { ...common, kind: "build-target" as const, targetId, config: {} };
    const plan = aPlan([aTask("short"), aTask("long"), aTask("unknown")]);
    const broker = await start(
      { ...plan, tasks: [...plan.tasks, build] },
      {
        expectedSec: new Map([
          ["short", 1],
          ["long", 100],
          [targetId, 1],
        ]),
      },
    );
    const order = [];
    for (let k = 0; k < 4; k++) order.push((await take(broker)).task.id);
    expect(order).toEqual([targetId, "unknown", "long", "short"]);
  });

  it("gives workers only the kinds they serve and tasks that fit their remaining life", async () => {
    const broker = await start(aPlan([aTask("long"), aTask("short")]), {
      expectedSec: new Map([
        ["long", 100],
        ["short", 1],
      ]),
    });
    expect(await takeNow(broker, { serves: ["build-target"] })).toBeNull();
    expect((await take(broker, { serves: ["noop"], remainingSec: 50 })).task.id).toBe("short");
    expect(await takeNow(broker, { remainingSec: 50 })).toBeNull();
    expect((await take(broker)).task.id).toBe("long");
  });

  it("does not repeat an error that is not retryable", async () => {
    const broker = await start(aPlan([aTask("a")]));
    await broker.fail(await take(broker), taskError("bad configuration"));
    const [record] = await broker.records();
    expect(record).toMatchObject({
      state: "failed",
      attempt: 1,
      failure: { error: { message: "bad configuration" } },
    });
    expect(kinds().slice(-2)).toEqual(["task_failed", "sweep_done"]);
  });

  it("repeats a retryable error once, after the back-off", async () => {
    const broker = await start(aPlan([aTask("a")]));
    await broker.fail(await take(broker), taskError("disk full", true));
    expect((await broker.records())[0]).toMatchObject({
      state: "waiting",
      failure: { error: { message: "disk full" } },
    });
    expect(await takeNow(broker)).toBeNull();
    await advance(499);
    expect(await takeNow(broker)).toBeNull();
    await advance(1);
    const second = await take(broker);
    expect(second.attempt).toBe(2);
    await broker.fail(second, taskError("disk full", true));
    expect(await statesOf(broker)).toEqual({ a: "failed" });
    expect(events.find(({ kind }) => kind === "retry")).toMatchObject({
      taskId: "a",
      attempt: 1,
      delayMs: 500,
    });
  });

  it("counts lost workers apart from task errors", async () => {
    const broker = await start(aPlan([aTask("a")]));
    for (const failure of [lost, lost, lost, taskError("flaky", true)]) {
      await broker.fail(await take(broker), failure);
      await advance(60_000);
    }
    const last = await take(broker);
    expect(last.attempt).toBe(5);
    await broker.fail(last, lost);
    expect((await broker.records())[0]).toMatchObject({ state: "failed", failure: { cause: "worker_lost" } });
    expect(kinds().filter((kind) => kind === "worker_lost")).toHaveLength(4);
  });

  it("counts by the budgets of the task's own kind where it has some", async () => {
    const budgetsByKind = { noop: { ...defaultRetryPolicy.budgets, worker_lost: 0 } };
    const broker = await start(aPlan([aTask("a")]), {
      retryPolicy: { ...defaultRetryPolicy, budgetsByKind },
    });
    await broker.fail(await take(broker), lost);
    expect((await broker.records())[0]).toMatchObject({ state: "failed", attempt: 1 });
  });

  it("ends a task that is over its time or memory in a state of its own, by default without retry", async () => {
    const broker = await start(aPlan([aTask("slow"), aTask("fat")]));
    await broker.fail(await take(broker), supervisedFailure("timeout", "took too long"));
    await broker.fail(await take(broker), supervisedFailure("out_of_memory", "held too much"));
    expect(await statesOf(broker)).toEqual({ slow: "timeout", fat: "out_of_memory" });
  });

  it("tells of a task that is given back three times in a row without getting any further, and of no other", async () => {
    const broker = await start(aPlan([aTask("a")]));
    const attempt = async (done: number): Promise<void> => {
      const lease = await take(broker);
      await broker.renew(lease, { done, total: 10, phase: "draws" });
      await broker.giveBack(lease);
    };
    const warnings = (): readonly SweepEvent[] => events.filter(({ kind }) => kind === "warning");
    for (const done of [1, 2, 3, 3, 2]) await attempt(done);
    expect(warnings()).toEqual([]);
    for (const done of [3, 3]) await attempt(done);
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toMatchObject({
      message: expect.stringContaining("task a (task a) was given back 3 times"),
    });
  });

  it("gives back free of charge, any number of times", async () => {
    const broker = await start(aPlan([aTask("a")]), {
      retryPolicy: {
        ...defaultRetryPolicy,
        budgets: { task_error: 0, worker_lost: 0, timeout: 0, out_of_memory: 0 },
      },
    });
    for (let k = 1; k <= 10; k++) {
      const lease = await take(broker);
      expect(lease.attempt).toBe(k);
      expect(await broker.giveBack(lease)).toBe(true);
    }
    expect(await statesOf(broker)).toEqual({ a: "ready" });
  });

  it("makes everything downstream of a failure upstream_failed, naming the root, and goes on with the rest", async () => {
    const broker = await start(
      aPlan([
        aTask("bad"),
        aTask("good"),
        aTask("child", { needs: ["bad"] }),
        aTask("grandchild", { needs: ["child", "good"] }),
        aTask("free", { needs: ["good"] }),
      ]),
    );
    await broker.fail(await take(broker), taskError("poisoned"));
    await broker.complete(await take(broker), null);
    await broker.complete(await take(broker), null);
    expect(await statesOf(broker)).toEqual({
      bad: "failed",
      good: "done",
      child: "upstream_failed",
      grandchild: "upstream_failed",
      free: "done",
    });
    const roots = (await broker.records()).map(({ rootTaskId }) => rootTaskId);
    expect(roots).toEqual([null, null, "bad", "bad", null]);
  });

  it("cancels the rest after maxFailures failures, running tasks by request", async () => {
    const broker = await start(aPlan(["a", "b", "c", "d"].map((id) => aTask(id))), { maxFailures: 2 });
    const [a, b, c] = [await take(broker), await take(broker), await take(broker)];
    await broker.fail(a, taskError("one"));
    expect(await statesOf(broker)).toMatchObject({ d: "ready" });
    await broker.fail(b, taskError("two"));
    expect(await statesOf(broker)).toEqual({ a: "failed", b: "failed", c: "running", d: "cancelled" });
    expect(events.find(({ kind }) => kind === "stop_requested")).toMatchObject({ taskId: "c" });
    expect(kinds()).not.toContain("sweep_done");
    await broker.giveBack(c);
    expect(await statesOf(broker)).toMatchObject({ c: "cancelled" });
    expect(kinds().at(-1)).toBe("sweep_done");
  });

  it("cancel ends what waits at once, and what runs when it is given back, failed or done", async () => {
    const tasks = ["a", "b", "c", "d"].map((id) => aTask(id));
    const broker = await start(aPlan([...tasks, aTask("e", { needs: ["a"] })]));
    const leases = [await take(broker), await take(broker), await take(broker)];
    await broker.cancel("stopped by the user");
    await broker.giveBack(leases[0] as Lease);
    await broker.fail(leases[1] as Lease, lost);
    await broker.complete(leases[2] as Lease, null);
    expect(await statesOf(broker)).toEqual({
      a: "cancelled",
      b: "cancelled",
      c: "done",
      d: "cancelled",
      e: "cancelled",
    });
    expect((await broker.records())[3]?.reason).toBe("stopped by the user");
    expect(await broker.lease(request())).toBeNull();
  });

  it("cancel of one task also ends those that need it, and no other", async () => {
    const broker = await start(aPlan([aTask("a"), aTask("b", { needs: ["a"] }), aTask("c")]));
    await broker.cancel("not wanted", ["a"]);
    expect(await statesOf(broker)).toEqual({ a: "cancelled", b: "cancelled", c: "ready" });
    expect((await take(broker)).task.id).toBe("c");
  });

  it("a cancelled task does not come back from its back-off", async () => {
    const broker = await start(aPlan([aTask("a")]));
    await broker.fail(await take(broker), lost);
    await broker.cancel("enough");
    await advance(120_000);
    expect(await statesOf(broker)).toEqual({ a: "cancelled" });
  });

  it("drain hands out nothing more and leaves running leases valid", async () => {
    const broker = await start(aPlan([aTask("a"), aTask("b")]));
    const a = await take(broker);
    const waiting = broker.lease(request({ worker: "w1", serves: ["run-sampler"] }));
    await broker.drain();
    expect(await waiting).toBeNull();
    expect(await broker.lease(request())).toBeNull();
    expect(await broker.complete(a, null)).toBe(true);
    expect(await statesOf(broker)).toEqual({ a: "done", b: "ready" });
  });

  it("refuses every call with a lease that is no longer valid", async () => {
    const broker = await start(aPlan([aTask("a")]));
    const first = await take(broker);
    await broker.giveBack(first);
    const second = await take(broker);
    for (const stale of [
      broker.complete(first, null),
      broker.fail(first, lost),
      broker.giveBack(first),
      broker.renew(first, null),
    ]) {
      expect(await stale).toBe(false);
    }
    expect(second.attemptToken).not.toBe(first.attemptToken);
    expect(await broker.renew(second, { done: 1, total: 2, phase: "draw" })).toBe(true);
    expect((await broker.records())[0]?.progress).toEqual({ done: 1, total: 2, phase: "draw" });
    expect(await broker.complete(second, null)).toBe(true);
    expect(await broker.complete(second, null)).toBe(false);
  });

  it("takes a lease that is not renewed for a lost worker", async () => {
    const broker = await start(aPlan([aTask("a")]), {}, 20_000);
    const first = await take(broker);
    await advance(18_000); // leases in Redis also age by the machine's own clock: two seconds are left
    expect(await broker.renew(first, null)).toBe(true);
    await advance(18_000);
    expect(await statesOf(broker)).toEqual({ a: "running" });
    await advance(4000);
    expect(await broker.renew(first, null)).toBe(false);
    await advance(60_000);
    const second = await take(broker, { worker: "w1" });
    expect(second.attempt).toBe(2);
    expect(await broker.complete(first, null)).toBe(false);
    expect(await broker.complete(second, null)).toBe(true);
  });

  it("close lets pending leases go", async () => {
    const broker = await start(aPlan([aTask("a")]));
    await take(broker);
    const waiting = broker.lease(request());
    await broker.close();
    expect(await waiting).toBeNull();
  });

  it("any plan under any outcomes ends with every task in a final state, each success after its needs", async () => {
    const plans = fc.array(fc.record({ needs: fc.array(fc.nat(20), { maxLength: 3 }), outcome: fc.nat(5) }), {
      maxLength: 15,
    });
    await fc.assert(
      fc.asyncProperty(plans, async (picks) => {
        const tasks = picks.map(({ needs }, index) =>
          aTask(`t${index}`, {
            needs: index === 0 ? [] : [...new Set(needs.map((need) => `t${need % index}`))],
          }),
        );
        const broker = await start(aPlan(tasks));
        const isDone = new Set<string>();
        const numGivenBack = new Map<string, number>();
        for (let lease = await takeOrEnd(broker); lease !== null; lease = await takeOrEnd(broker)) {
          const { id, needs } = lease.task;
          expect(needs.every((need) => isDone.has(need))).toBe(true);
          const outcome = picks[Number(id.slice(1))]?.outcome;
          if (outcome === 1) await broker.fail(lease, taskError("broken"));
          else if (outcome === 2) await broker.fail(lease, lost);
          else if (outcome === 3 && (numGivenBack.get(id) ?? 0) < 2) {
            numGivenBack.set(id, (numGivenBack.get(id) ?? 0) + 1);
            await broker.giveBack(lease);
          } else {
            isDone.add(id);
            await broker.complete(lease, null);
          }
        }
        for (const { state, task, rootTaskId } of await broker.records()) {
          expect(["done", "failed", "upstream_failed"]).toContain(state);
          expect(state === "done").toBe(isDone.has(task.id));
          expect(rootTaskId !== null).toBe(state === "upstream_failed");
        }
        expect(kinds().filter((kind) => kind === "sweep_done")).toHaveLength(1);
        await broker.close();
      }),
      { numRuns: 40 },
    );
  });

  /** Lets back-offs pass until a task comes or none can. */
  const takeOrEnd = async (broker: Broker): Promise<Lease | null> => {
    const waiting = broker.lease(request());
    await advance(120_000);
    return waiting;
  };
});
