/** Workers in processes of their own, over a real Redis: what happens when they die, are drained, or run out of time. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { SubmitOptions } from "../../src/queue/broker.ts";
import { RedisBroker } from "../../src/queue/redis/redis-broker.ts";
import { defaultRetryPolicy } from "../../src/queue/retry-policy.ts";
import type { SweepEvent } from "../../src/queue/sweep-event.ts";
import { aPlan, aTask } from "../support/plans.ts";
import { isRunning, taskProcessesOf, until } from "../support/processes.ts";
import { hasRedisServer, startRedis, type TestRedis } from "../support/redis-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const script = join(packageRoot, "dist", "test", "support", "drive-worker.js");
const canRun = process.platform === "linux" && hasRedisServer && existsSync(script);

describe.skipIf(!canRun)("remote worker (needs Linux, redis-server and a build)", { timeout: 60_000 }, () => {
  let redis: TestRedis;
  let broker: RedisBroker;
  let events: SweepEvent[] = [];
  let workers: ChildProcess[] = [];

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(() => {
    events = [];
    workers = [];
  });
  afterEach(async () => {
    for (const worker of workers) if (worker.exitCode === null) worker.kill("SIGKILL");
    await broker.close();
  });

  const submit = async (plan: Plan, options: Partial<SubmitOptions> = {}, leaseMs = 1500): Promise<void> => {
    const client = redis.connect();
    await client.flushall();
    broker = new RedisBroker({ client, clock: systemClock, leaseMs, storeRoot: "/nowhere" });
    broker.subscribe((event) => events.push(event));
    const rules = {
      retryPolicy: { ...defaultRetryPolicy, backoffMs: 10 },
      maxFailures: null,
      expectedSec: new Map(),
    };
    await broker.submit(plan, { ...rules, ...options });
  };
  const startWorker = (env: Record<string, string> = {}): ChildProcess => {
    const worker = spawn(process.execPath, [script], {
      env: { ...process.env, TEST_REDIS: `unix://${redis.socket}`, ...env },
      stdio: ["ignore", "ignore", "inherit"],
    });
    workers.push(worker);
    return worker;
  };
  const exitOf = (worker: ChildProcess): Promise<number | null> =>
    worker.exitCode !== null
      ? Promise.resolve(worker.exitCode)
      : new Promise((resolve) => worker.once("exit", resolve));
  const has = (kind: SweepEvent["kind"], taskId?: string): boolean =>
    events.some(
      (event) =>
        event.kind === kind && (taskId === undefined || ("taskId" in event && event.taskId === taskId)),
    );

  it("does the tasks of a sweep, tells that it lives, and leaves when nothing is left", async () => {
    await submit(aPlan([aTask("a"), aTask("b", { needs: ["a"], behaviour: { sleepMs: 500 } })]));
    const worker = startWorker();
    await until("b runs", () => has("progress", "b"));
    const [heartbeat] = await broker.workers();
    expect(heartbeat).toMatchObject({
      block: "test",
      node: "test",
      pid: worker.pid,
      slots: 1,
      state: "working",
    });
    await until("the sweep is over", () => has("sweep_done"));
    expect(await exitOf(worker)).toBe(0);
    expect(await broker.workers()).toEqual([]);
    expect(events.at(-1)).toMatchObject({ counts: { done: 2 } });
  });

  it("waits for a sweep that Redis has lost if the driver has left a connection file, and not otherwise", async () => {
    await redis.connect().flushall();
    const connection = join(temporaryFolder(), "redis.json");
    writeFileSync(connection, "{}");
    const [patient, other] = [startWorker({ TEST_CONNECTION: connection }), startWorker()];
    expect(await exitOf(other)).not.toBe(0);
    expect(patient.exitCode).toBeNull();
    await submit(aPlan([aTask("a")]));
    await until("the sweep is over", () => has("sweep_done"));
    expect(await exitOf(patient)).toBe(0);
  });

  it("killed with -9, leaves no process, and its task goes on elsewhere", async () => {
    await submit(aPlan([aTask("a", { behaviour: { sleepMs: 60_000, untilAttempt: 1 } })]));
    const dying = startWorker();
    await until("the task runs", () => has("progress"));
    const processes = taskProcessesOf(dying.pid ?? 0);
    expect(processes).toHaveLength(1);
    dying.kill("SIGKILL");
    const next = startWorker();
    await until("the sweep is over", () => has("sweep_done"));
    await until("the task process is gone", () => !processes.some(isRunning));
    expect((await broker.records())[0]).toMatchObject({ state: "done", attempt: 2 });
    expect(has("worker_lost")).toBe(true);
    expect(await exitOf(next)).toBe(0);
  });

  it("a task that computes without yielding for longer than a lease keeps its lease", async () => {
    await submit(aPlan([aTask("a", { behaviour: { busyMs: 12_000 } })]), {}, 5000);
    startWorker();
    await until("the sweep is over", () => has("sweep_done"));
    expect((await broker.records())[0]).toMatchObject({ state: "done", attempt: 1 });
  });

  it("drained by a signal, gives its task back free of charge and leaves", async () => {
    await submit(aPlan([aTask("a", { behaviour: { sleepMs: 60_000, untilAttempt: 1 } })]), {
      retryPolicy: {
        ...defaultRetryPolicy,
        budgets: { task_error: 0, worker_lost: 0, timeout: 0, out_of_memory: 0 },
      },
    });
    const worker = startWorker();
    await until("the task runs", () => has("progress"));
    worker.kill("SIGTERM");
    expect(await exitOf(worker)).toBe(0);
    await until("it is given back", () => has("given_back"));
    startWorker();
    await until("the sweep is over", () => has("sweep_done"));
    expect((await broker.records())[0]).toMatchObject({ state: "done", attempt: 2 });
  });

  it("asked by the driver to leave, does so", async () => {
    await submit(aPlan([aTask("a", { behaviour: { sleepMs: 60_000, untilAttempt: 1 } })]));
    const worker = startWorker();
    await until("the task runs", () => has("progress"));
    const [heartbeat] = await broker.workers();
    await broker.requestDrain(heartbeat?.id ?? "");
    expect(await exitOf(worker)).toBe(0);
    await until("it is given back", () => has("given_back"));
  });

  it("leaves by itself when Redis is away for long, also with a task that has ended and cannot be told", async () => {
    const other = await startRedis();
    onTestFinished(() => other.stop());
    broker = new RedisBroker({ client: other.connect(), clock: systemClock, storeRoot: "/nowhere" });
    const rules = {
      retryPolicy: defaultRetryPolicy,
      maxFailures: null,
      expectedSec: new Map<string, number>(),
    };
    await broker.submit(aPlan([aTask("a", { behaviour: { sleepMs: 1500 } })]), rules);
    const worker = startWorker({ TEST_REDIS: `unix://${other.socket}`, TEST_MAX_AWAY_MS: "2000" });
    while ((await broker.record("a"))?.state !== "running")
      await new Promise((resolve) => setTimeout(resolve, 50));
    broker.abandon();
    await other.stop();
    await until("it has left", () => worker.exitCode !== null, 15_000);
    expect(worker.exitCode).toBe(0);
  });

  it("asked to leave while it joins and Redis has just gone, does so", async () => {
    await submit(aPlan([aTask("a")]));
    const socket = join(temporaryFolder(), "redis.sock");
    const sockets: Socket[] = [];
    const end = (): void => {
      proxy.close();
      for (const each of sockets) each.destroy();
    };
    const proxy = createServer((client) => {
      client.on("error", () => {});
      sockets.push(client);
      if (sockets.length > 2) return end(); // a worker's second connection hears the sweep's channel
      const server = connect(redis.socket).on("error", () => {});
      sockets.push(server);
      client.pipe(server).pipe(client);
    });
    await new Promise<void>((resolve) => proxy.listen(socket, resolve));
    onTestFinished(end);
    const worker = startWorker({ TEST_REDIS: `unix://${socket}` });
    await until("Redis is gone", () => sockets.length > 2);
    worker.kill("SIGTERM");
    await until("it has left", () => worker.exitCode !== null, 15_000);
    expect(worker.exitCode).toBe(0);
  });

  it("takes only tasks that fit into its life, and gives back what does not end in time", async () => {
    const tasks = [
      aTask("long"),
      aTask("short"),
      aTask("wrong", { behaviour: { sleepMs: 60_000, untilAttempt: 1 } }),
    ];
    await submit(aPlan(tasks), {
      expectedSec: new Map([
        ["long", 1000],
        ["short", 1],
        ["wrong", 1],
      ]),
    });
    const worker = startWorker({ TEST_ENDS_IN_SEC: "15" });
    expect(await exitOf(worker)).toBe(0);
    await until("the driver knows", () => has("given_back", "wrong"));
    const states = Object.fromEntries((await broker.records()).map(({ task, state }) => [task.id, state]));
    expect(states).toEqual({ long: "ready", short: "done", wrong: "ready" });
  });

  it("stops a task on another host when the sweep is cancelled", async () => {
    await submit(aPlan([aTask("a", { behaviour: { sleepMs: 60_000 } })]));
    const worker = startWorker();
    await until("the task runs", () => has("progress"));
    await broker.cancel("not wanted");
    await until("the sweep is over", () => has("sweep_done"));
    expect(await exitOf(worker)).toBe(0);
    expect((await broker.records())[0]).toMatchObject({ state: "cancelled", reason: "not wanted" });
  });
});
