/**
 * Sweeps over a real Redis in real time: the order of things, lost workers, lost drivers, a lost Redis, and jobs that are
 * not ours. Workers are loops in this process on connections of their own.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Queue } from "bullmq";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { errorRecordOf, SweepError } from "../../src/core/errors.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import type { Task } from "../../src/plan/task.ts";
import type { Lease, SubmitOptions, TaskSource } from "../../src/queue/broker.ts";
import { parsePayload } from "../../src/queue/job-payload.ts";
import { addChildren } from "../../src/queue/redis/jobs/add-children.ts";
import { RedisTaskSource } from "../../src/queue/redis/leases/redis-task-source.ts";
import { RedisBroker, type RedisBrokerOptions } from "../../src/queue/redis/redis-broker.ts";
import { SweepStore } from "../../src/queue/redis/sweep-store.ts";
import { defaultRetryPolicy } from "../../src/queue/retry-policy.ts";
import type { SweepEvent } from "../../src/queue/sweep-event.ts";
import { aPlan, aTask } from "../support/plans.ts";
import { until } from "../support/processes.ts";
import { hasRedisServer, startRedis, type TestRedis } from "../support/redis-server.ts";

const dyingBuild = join(packageRoot, "dist", "test", "support", "drive-dying-build.js");
/** Redis is away for so long: a minute in `redis-sweep.slow.test.ts`. */
const downMs = process.env["LAMBDA_HAT_SLOW"] === "1" ? 60_000 : 1500;

const submit: SubmitOptions = {
  retryPolicy: { ...defaultRetryPolicy, backoffMs: 10 },
  maxFailures: null,
  expectedSec: new Map(),
};

/** 3 builds × 4 runs. */
const builds = ["b0", "b1", "b2"];
const runsOf = (build: string): readonly string[] => [0, 1, 2, 3].map((index) => `${build}r${index}`);
const tasks = [
  ...builds.map((id) => aTask(id)),
  ...builds.flatMap((id) => runsOf(id).map((run) => aTask(run, { needs: [id] }))),
];
const plan = aPlan(tasks);
const request = { worker: "w", serves: null, remainingSec: null };

describe.skipIf(!hasRedisServer)("a sweep over Redis (needs redis-server)", { timeout: 180_000 }, () => {
  let redis: TestRedis;
  let events: SweepEvent[] = [];
  let closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    redis = await startRedis({ persist: true });
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    events = [];
    closing = [];
    await redis.connect().flushall();
  });
  afterEach(async () => {
    for (const close of closing.reverse()) await close();
  });

  const aBroker = (options: Partial<RedisBrokerOptions> = {}): RedisBroker => {
    const broker = new RedisBroker({
      client: redis.connect(),
      clock: systemClock,
      leaseMs: 2000,
      ...options,
    });
    broker.subscribe((event) => events.push(event));
    closing.push(() => broker.close());
    return broker;
  };

  /** A worker's view of the sweep, on its own connections. */
  const aSource = async (isDone: (task: Task) => boolean = () => false): Promise<RedisTaskSource> => {
    const client = redis.connect();
    const store = new SweepStore(client, plan.id);
    const source = new RedisTaskSource({ client, store, clock: systemClock, isDone });
    await until("the sweep is there", () => true);
    while (!(await source.attach())) await new Promise((resolve) => setTimeout(resolve, 20));
    const subscriber = redis.connect();
    subscriber.on("message", (_, message) => void source.hear(message).catch(() => {}));
    await subscriber.subscribe(store.channel);
    closing.push(() => source.close());
    return source;
  };

  /** Does every task it gets; returns what it completed. `pause`: milliseconds of work, with renewals. */
  const work = async (source: TaskSource, pause = 0, worker = "w"): Promise<readonly string[]> => {
    const completed: string[] = [];
    for (let lease = await source.lease({ ...request, worker }); lease !== null; ) {
      for (let slept = 0; slept < pause; slept += 50) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        await source.renew(lease, null);
      }
      if (await source.complete(lease, null)) completed.push(lease.task.id);
      lease = await source.lease({ ...request, worker });
    }
    return completed;
  };
  const kindsOf = (taskId: string): readonly string[] =>
    events.filter((event) => "taskId" in event && event.taskId === taskId).map(({ kind }) => kind);
  const isOver = (): boolean => events.some(({ kind }) => kind === "sweep_done");
  const lease = async (source: TaskSource): Promise<Lease> => (await source.lease(request)) as Lease;

  it("(a) workers without the driver's help build first, then sample, each task once", async () => {
    const broker = aBroker();
    await broker.submit(plan, submit);
    const sources = [await aSource(), await aSource(), await aSource()];
    const completed = (await Promise.all(sources.map((source) => work(source, 1)))).flat();
    await until("the driver has noticed", isOver);
    expect(completed.toSorted()).toEqual(tasks.map(({ id }) => id).toSorted());
    for (const build of builds) {
      const end = events.findIndex((event) => event.kind === "task_done" && event.taskId === build);
      for (const run of runsOf(build)) {
        const start = events.findIndex((event) => event.kind === "task_started" && event.taskId === run);
        expect(start).toBeGreaterThan(end);
      }
    }
    expect(events.at(-1)).toMatchObject({ kind: "sweep_done", counts: { done: 15 } });
  });

  it("(b) a build that fails takes its runs with it, and the rest of the sweep goes on to its end", async () => {
    const broker = aBroker();
    await broker.submit(plan, submit);
    const source = await aSource();
    const first = await lease(source);
    const error = errorRecordOf(new SweepError("TASK_FAILED", "does not train"));
    await source.fail(first, { cause: "task_error", error, logTail: [] });
    await work(source);
    await until("the driver has noticed", isOver);
    expect(events.at(-1)).toMatchObject({ counts: { failed: 1, upstream_failed: 4, done: 10 } });
    const lost = (await broker.records()).filter(({ state }) => state === "upstream_failed");
    expect(lost.map(({ rootTaskId }) => rootTaskId)).toEqual(Array(4).fill(first.task.id));
  });

  it.skipIf(!existsSync(dyingBuild))(
    "(c) a worker that is killed between adding the runs of its build and saying that it is done costs no run and doubles none (needs a build)",
    async () => {
      await aBroker().submit(plan, submit);
      const dying = spawn(process.execPath, [dyingBuild], {
        env: { ...process.env, TEST_REDIS_SOCKET: redis.socket },
        stdio: ["ignore", "ignore", "inherit"],
      });
      expect(await new Promise((resolve) => dying.once("exit", (_, signal) => resolve(signal)))).toBe(
        "SIGKILL",
      );
      const completed = await work(await aSource());
      await until("the driver has noticed", isOver);
      expect(completed.toSorted()).toEqual(tasks.map(({ id }) => id).toSorted());
      const [build] = events.flatMap((event) => (event.kind === "task_started" ? [event.taskId] : []));
      expect(kindsOf(build ?? "none")).toEqual([
        "task_ready",
        "task_started",
        "worker_lost",
        "retry",
        "task_ready",
        "task_started",
        "task_done",
      ]);
    },
  );

  it("(d) a plan that is done makes no job", async () => {
    const broker = aBroker();
    await broker.submit(
      aPlan(
        tasks,
        tasks.map(({ id }) => id),
      ),
      submit,
    );
    expect(events.at(-1)).toMatchObject({ kind: "sweep_done", counts: { skipped: 15 } });
    expect(await broker.lease(request)).toBeNull();
    const left = await redis.connect().keys("*");
    expect(left.filter((key) => key.includes("noop"))).toEqual([]);
  });

  it("(d) builds that are done release their runs before anything is queued", async () => {
    const broker = aBroker();
    await broker.submit(aPlan(tasks, builds), submit);
    expect((await work(await aSource())).length).toBe(12);
    await until("the driver has noticed", isOver);
  });

  it("(e) adding a job that has another living parent throws, where BullMQ says nothing", async () => {
    await aBroker().submit(plan, submit);
    const source = await aSource();
    const { queue, payload } = await someJob(source);
    const other = new Queue("other", { connection: redis.connect(), prefix: "lambda-hat" });
    const parent = await other.add("parent", {}, { jobId: "parent" });
    await expect(
      addChildren(queue, { id: parent.id ?? "", queue: other.qualifiedName }, [payload]),
    ).rejects.toThrow(/bug: BullMQ refused job .* with -7/);
    await other.close();
  });

  it("(g) adding a job whose parent is missing throws", async () => {
    await aBroker().submit(plan, submit);
    const { queue, payload } = await someJob(await aSource());
    const fresh = { ...payload, run: "elsewhere" };
    await expect(addChildren(queue, { id: "nobody", queue: queue.qualifiedName }, [fresh])).rejects.toThrow(
      /bug: BullMQ refused job .* with -5/,
    );
  });

  const someJob = async (source: RedisTaskSource) => {
    const { run } = source.rules;
    const { data } = await source.queues.read({ kind: "noop", maxSec: null }, `n.${run}.b0`);
    const reading = parsePayload(data ?? "", { sweep: plan.id, run });
    if (reading.kind !== "valid") throw new Error(reading.reason);
    const queue = new Queue(`${plan.id}.noop.any`, { connection: redis.connect(), prefix: "lambda-hat" });
    closing.push(() => queue.close());
    return { queue, payload: reading.payload };
  };

  /** Does half of the sweep, lets `harm` happen while a task runs, and expects a whole sweep without double work. */
  const surviveInTheMiddle = async (harm: () => Promise<void>): Promise<void> => {
    const done = new Set<string>();
    const isDone = (task: Task): boolean => done.has(task.id);
    const broker = aBroker({ isDone });
    await broker.submit(plan, submit);
    const source = await aSource(isDone);
    const finish = async (held: Lease): Promise<boolean> => {
      done.add(held.task.id); // the result is on disk before anybody is told
      return source.complete(held, null);
    };
    for (let count = 0; count < 7; count++) await finish(await lease(source));
    const running = await lease(source);
    const finished = await lease(source);
    await until("the driver knows", () => kindsOf(finished.task.id).includes("task_started"));
    await harm();
    await finish(finished); // too late for Redis, but on disk
    const isFree = (): boolean =>
      kindsOf(running.task.id).some((kind) => kind === "given_back" || kind === "retry");
    await until("the sweep is back", isFree);
    const later: string[] = [];
    for (let next = await source.lease(request); next !== null; next = await source.lease(request)) {
      expect(done.has(next.task.id)).toBe(false);
      if (await finish(next)) later.push(next.task.id);
    }
    await until("the driver has noticed", isOver);
    expect(new Set(later).size).toBe(later.length);
    expect(events.at(-1)).toMatchObject({ kind: "sweep_done", counts: { done: 15 } });
  };

  it("(f) FLUSHALL in the middle: the driver puts the rest back, and nothing finished is done again", () =>
    surviveInTheMiddle(async () => {
      await redis.connect().flushall();
    }));

  it("(f) Redis restarted without its data: the same", () =>
    surviveInTheMiddle(() => redis.restart({ keepData: false, downMs })));

  it("(f) Redis restarted with its data: the same", () =>
    surviveInTheMiddle(() => redis.restart({ keepData: true, downMs })));

  it("(f) FLUSHALL while a worker adds what waited for its build costs the worker nothing but its say", async () => {
    const done = new Set<string>();
    const isDone = (task: Task): boolean => done.has(task.id);
    await aBroker({ isDone }).submit(plan, submit);
    const source = await aSource(isDone);
    const build = await lease(source);
    done.add(build.task.id);
    const spy = vi.spyOn(SweepStore.prototype, "areDone").mockImplementationOnce(async () => {
      await redis.connect().flushall(); // its runs have been read, and are about to be added
      return [];
    });
    expect(await source.complete(build, null)).toBe(false);
    spy.mockRestore();
    expect((await work(source)).length).toBe(14);
    await until("the driver has noticed", isOver);
    expect(kindsOf(build.task.id)).toContain("task_done");
  });

  it("(f) FLUSHALL while a driver takes up a sweep: it submits what is open anew", async () => {
    const first = aBroker();
    await first.submit(plan, submit);
    const { run } = (await aSource()).rules;
    await first.close();
    const client = redis.connect();
    await client.zrem(`lambda-hat:${plan.id}.noop.any:prioritized`, `n.${run}.b0`);
    await client.del(`lambda-hat:${plan.id}.noop.any:n.${run}.b0`);
    let losses = 0;
    const second = aBroker({
      isDone: () => {
        if (losses++ === 0) void client.flushall(); // before the missing job is added
        return false;
      },
    });
    await second.submit(plan, submit);
    expect(losses).toBeGreaterThan(0);
    expect((await work(await aSource())).length).toBe(15);
    await until("the driver has noticed", isOver);
  });

  it("a lease that ran out while Redis was away is still the worker's if nobody has taken the task", async () => {
    const driver = aBroker();
    await driver.submit(plan, submit);
    await driver.close(); // nobody looks for lost leases
    const source = await aSource();
    const [mine, taken] = [await lease(source), await lease(source)];
    const client = redis.connect();
    for (const key of await client.keys("*:lock")) await client.del(key);
    const [other] = (await client.keys("*:active")).map(
      (key) => `${key.slice(0, -"active".length)}n.${source.rules.run}`,
    );
    await client.set(`${other}.${taken.task.id}:lock`, "somebody else");
    await new Promise((resolve) => setTimeout(resolve, 500)); // a renewal is due after a sixth of the lease
    expect(await source.renew(mine, null)).toBe(true);
    expect(await source.renew(taken, null)).toBe(false);
    expect(await source.complete(mine, null)).toBe(true);
    expect(await source.complete(taken, null)).toBe(false);
  });

  it("what Redis refuses to end is not held for ever: a worker that could not give back, or enter a loss, is idle", async () => {
    const broker = aBroker({ leaseMs: 60_000 });
    await broker.submit(plan, submit);
    const [source, watcher] = [await aSource(), await aSource()];
    const refuse = (): Promise<never> => Promise.reject(new Error("MISCONF"));
    const lost = await lease(source);
    vi.spyOn(source.queues, "putBack").mockImplementation(refuse);
    await expect(source.giveBack(lost)).rejects.toThrow("MISCONF");
    expect(source.taskIds).toEqual([]);
    const client = redis.connect();
    for (const key of await client.keys("*:lock")) await client.del(key);
    for (const move of ["delay", "fail"] as const) vi.spyOn(watcher.queues, move).mockImplementation(refuse);
    vi.spyOn(systemClock, "now").mockReturnValue(Date.now() + 3_600_000); // long since the connection was made
    onTestFinished(() => void vi.restoreAllMocks());
    await expect(watcher.reap()).rejects.toThrow("MISCONF");
    expect(watcher.taskIds).toEqual([]);
  });

  it("a task whose worker was lost is done if its result is on disk", async () => {
    const done = new Set<string>();
    const broker = aBroker({ isDone: (task) => done.has(task.id) });
    await broker.submit(plan, submit);
    const dying = await aSource();
    const build = await lease(dying);
    done.add(build.task.id);
    dying.end();
    await until("it is adopted", () => kindsOf(build.task.id).includes("task_done"));
    expect(kindsOf(build.task.id)).toEqual(["task_ready", "task_started", "task_done"]);
  });

  it("a sweep whose last words were lost with their worker ends at the driver's next look", async () => {
    const broker = aBroker();
    await broker.submit(aPlan([aTask("a")]), submit);
    const client = redis.connect();
    const store = new SweepStore(client, plan.id);
    Object.assign(store.facts, { tell: () => {} }); // what dies before it is sent
    const source = new RedisTaskSource({ client, store, clock: systemClock, isDone: () => false });
    closing.push(() => source.close());
    await source.attach();
    await source.complete(await lease(source), { answer: 42 });
    await until("the driver has noticed", isOver);
    expect(await broker.record("a")).toMatchObject({ state: "done", attempt: 1, summary: { answer: 42 } });
  });

  it("a driver that died is followed by one that takes up the sweep, its running tasks and its failures", async () => {
    const first = aBroker({ leaseMs: 10_000 });
    await first.submit(plan, submit);
    const source = await aSource();
    const done = [await lease(source), await lease(source)];
    for (const held of done) await source.complete(held, null);
    const running = await lease(source);
    const failing = await lease(source);
    await first.close();
    const error = errorRecordOf(new SweepError("TASK_FAILED", "while the driver was away"));
    await source.fail(failing, { cause: "task_error", error, logTail: [] });
    events = [];
    const second = aBroker({ leaseMs: 10_000 });
    const doneIds = done.map(({ task }) => task.id);
    await second.submit(aPlan(tasks, doneIds), submit);
    const states = new Map((await second.records()).map(({ task, state }) => [task.id, state]));
    expect(doneIds.map((id) => states.get(id))).toEqual(["skipped", "skipped"]);
    expect(states.get(running.task.id)).toBe("running");
    expect(states.get(failing.task.id)).toBe("failed");
    expect(await source.complete(running, null)).toBe(true);
    await work(source);
    await until("the driver has noticed", isOver);
    expect(
      (await second.records()).filter(
        ({ state }) => !["done", "skipped", "failed", "upstream_failed"].includes(state),
      ),
    ).toEqual([]);
  });

  it("a sweep that was submitted anew goes on with workers that knew the old submission: no job is refused, nor is a lost one", async () => {
    const first = aBroker({ leaseMs: 3000 });
    await first.submit(plan, submit);
    const [source, watcher] = [await aSource(), await aSource()];
    await first.close();
    await redis.connect().flushall();
    const second = aBroker({ leaseMs: 3000 });
    await second.submit(plan, submit);
    await lease(source);
    source.end(); // and never heard of again
    await new Promise((resolve) => setTimeout(resolve, 3200));
    await watcher.reap(); // or the driver was faster
    expect((await work(watcher)).length).toBe(15);
    await until("the driver has noticed", isOver);
    expect(events.filter(({ kind }) => kind === "warning")).toEqual([]);
    expect(events.at(-1)).toMatchObject({ kind: "sweep_done", counts: { done: 15 } });
  });

  it("a sweep goes on to its end without any driver", async () => {
    const driver = aBroker();
    await driver.submit(plan, submit);
    await driver.close();
    const source = await aSource();
    expect((await work(source)).length).toBe(15);
    expect(source.isOver).toBe(true);
  });

  it("cancel reaches tasks that run on other hosts at once, and they are not repeated", async () => {
    const broker = aBroker({ leaseMs: 60_000 });
    await broker.submit(plan, submit);
    const source = await aSource();
    const held = await lease(source);
    const asked: string[] = [];
    source.subscribe((event) => event.kind === "stop_requested" && asked.push(event.taskId));
    await broker.cancel("not wanted any more");
    await until("the worker is asked", () => asked.length > 0);
    expect(asked).toEqual([held.task.id]);
    expect(await source.giveBack(held)).toBe(true);
    await until("the driver has noticed", isOver);
    expect(events.at(-1)).toMatchObject({ counts: { cancelled: 15 } });
    expect(await source.lease(request)).toBeNull();
  });

  it("refuses foreign and malformed jobs, tells so, and runs the rest", async () => {
    const broker = aBroker();
    await broker.submit(plan, submit);
    const source = await aSource();
    const { queue, payload } = await someJob(source);
    await queue.add("noop", { rm: "-rf" }, { jobId: "foreign", priority: 1 });
    await queue.add("noop", { ...payload, v: 2 }, { jobId: "n.other.b0", priority: 1 });
    await queue.add("noop", payload, { jobId: "n.disguised", priority: 1 });
    const client = redis.connect();
    await queue.add("noop", {}, { jobId: "garbage", priority: 1 });
    await client.hset(queue.toKey("garbage"), "data", "{not json");
    const completed = await work(source);
    await until("the driver has noticed", isOver);
    expect(completed.length).toBe(15);
    const warnings = events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
    expect(warnings).toHaveLength(4);
    expect(warnings.join("\n")).toMatch(/job foreign in Redis was refused and not run/);
  });

  it("a job that is lost without its data being lost comes back at the next comparison", async () => {
    const broker = aBroker({ leaseMs: 3000 });
    await broker.submit(plan, submit);
    const source = await aSource();
    const { queue } = await someJob(source);
    await queue.remove(`n.${source.rules.run}.b1`);
    const completed = [...(await work(source))];
    expect(completed.length).toBe(10); // the lost build is not there, its runs neither
    const { run } = source.rules;
    let next = await aSource();
    for (; next.rules.run === run; next = await aSource())
      await new Promise((resolve) => setTimeout(resolve, 300));
    completed.push(...(await work(next)));
    await until("the driver has noticed", isOver);
    expect(new Set(completed).size).toBe(15);
  });
});
