/**
 * The cost of a queue in Redis: no-op tasks per second from plan to records, with the driver and a worker in processes of
 * their own as on a cluster; the gap between two tasks of a slot; and how long a large sweep takes to get into Redis, and
 * back into it after Redis has lost everything.
 *
 * Redis is the private one of the program: password, append-only file, loopback.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { systemClock } from "../src/core/clock.ts";
import { runRemoteWorker } from "../src/executors/remote-worker.ts";
import type { Plan } from "../src/plan/plan.ts";
import type { NoopTask } from "../src/plan/task.ts";
import { EventLog } from "../src/queue/event-log.ts";
import { connectRedis, type RedisClient } from "../src/queue/redis/connection/connect-redis.ts";
import { startPrivateRedis } from "../src/queue/redis/connection/private-redis.ts";
import { parseRedisUrl, type RedisAddress, redisUrlOf } from "../src/queue/redis/connection/redis-address.ts";
import { RedisBroker } from "../src/queue/redis/redis-broker.ts";
import { defaultRetryPolicy } from "../src/queue/retry-policy.ts";
import { measureBullmq } from "./bullmq-peer.ts";
import { chainsOf, gapsOf, graphOf, printFigure, printGaps, releasesOf } from "./noop-sweeps.ts";

const numSlots = 2;
const gapTarget = "p95 ≤ 200 ms";

/** Prints all figures with their targets. */
export const runRedisQueueBenchmark = async (): Promise<void> => {
  process.env["TEST_NOOP"] = "1"; // also for the processes that it starts: workers refuse such tasks otherwise
  const server = await startPrivateRedis({
    interface: null,
    dataDir: null,
    connectionFile: null,
    sweepId: null,
  });
  try {
    await sweep(server.address, graphOf(20, 4, 0)); // once before it counts
    const noop = await sweep(server.address, graphOf(1000, 9, 0));
    printFigure(
      `no-op tasks, ${numSlots} slots of one worker`,
      `${noop.tasksPerSec.toFixed(0)} /s`,
      "≥ 1000 /s",
    );
    printFigure(
      "CPU time of driver, worker, task processes and Redis",
      `${noop.cpuMs.toFixed(2)} ms a task`,
      "≤ 2 ms",
    );
    await printPeers(server.address, noop.tasksPerSec);
    printGaps("gap between no-op tasks", noop.gapsMs, gapTarget);
    const paced = await sweep(server.address, graphOf(40, 9, 10));
    printGaps("gap between tasks of 10 ms", paced.gapsMs, gapTarget);
    const chains = await sweep(server.address, chainsOf(numSlots, 100, 10));
    printGaps("end of a task to the start of the one that needs it", chains.releasesMs, gapTarget);
    await largeSweep(server.address);
  } finally {
    await server.stop();
  }
};

/** What BullMQ alone reaches in the same minute, with the ratio that we keep. */
const printPeers = async (address: RedisAddress, ours: number): Promise<void> => {
  const peers = [
    ["inside", "bare BullMQ, processor inside the worker"],
    ["processes", "bare BullMQ, processor in two child processes"],
  ] as const;
  for (const [kind, what] of peers) {
    const theirs = await measureBullmq(address, kind, 10_000);
    console.log(
      `${what.padEnd(56)} ${`${theirs.toFixed(0)} /s`.padStart(34)}   ours × ${(ours / theirs).toFixed(2)}`,
    );
  }
};

const planOf = (tasks: readonly NoopTask[]): Plan => ({
  id: "swp_00000be4c400",
  experiment: "bench",
  tasks,
  doneTaskIds: [],
  cells: [],
  notes: [],
});

const submit = { retryPolicy: defaultRetryPolicy, maxFailures: null, expectedSec: new Map<string, number>() };

const sweep = async (
  address: RedisAddress,
  tasks: readonly NoopTask[],
): Promise<{ tasksPerSec: number; cpuMs: number; gapsMs: number[]; releasesMs: number[] }> => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-hat-bench-"));
  const events = new EventLog(join(folder, "events.jsonl"));
  const client = await connectRedis(address, { requireAuthentication: true });
  await client.flushall();
  const broker = new RedisBroker({
    client,
    clock: systemClock,
    storeRoot: folder,
    logsRoot: join(folder, "logs"),
  });
  let worker: ChildProcess | null = null;
  try {
    const done = new Promise<void>((resolve) => {
      broker.subscribe((event) => {
        events.append(event);
        if (event.kind === "sweep_done") resolve();
      });
    });
    const cpuBefore = await cpuSeconds(client);
    const start = performance.now();
    await broker.submit(planOf(tasks), submit);
    worker = fork(fileURLToPath(import.meta.url), ["worker"], {
      env: { ...process.env, BENCH_REDIS: redisUrlOf(address) },
    });
    const exited = new Promise((resolve) => (worker as ChildProcess).once("exit", resolve));
    await done;
    const seconds = (performance.now() - start) / 1000;
    await exited;
    const cpuMs = (((await cpuSeconds(client)) - cpuBefore) * 1000) / tasks.length;
    const records = await broker.records();
    return {
      tasksPerSec: tasks.length / seconds,
      cpuMs,
      gapsMs: gapsOf(records),
      releasesMs: releasesOf(records),
    };
  } finally {
    events.close();
    await broker.close();
    client.disconnect();
    rmSync(folder, { recursive: true });
  }
};

/** CPU time so far of this process, of its children that have ended (with theirs), and of Redis. */
const cpuSeconds = async (client: RedisClient): Promise<number> => {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const ticks = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15)
    .map(Number);
  const info = await client.info("cpu");
  const ofRedis = ["used_cpu_sys", "used_cpu_user"].map((name) =>
    Number(new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1] ?? 0),
  );
  return (
    ticks.reduce((sum, count) => sum + count, 0) / 100 + ofRedis.reduce((sum, seconds) => sum + seconds, 0)
  );
};

/** 100 × 100 cells, with payloads of the usual size, into Redis and, all builds being done, into it again. */
const largeSweep = async (address: RedisAddress): Promise<void> => {
  const padding = "x".repeat(1500);
  const tasks = graphOf(100, 100, 0).map((task) => ({ ...task, behaviour: { stdout: padding } }));
  const client = await connectRedis(address, { requireAuthentication: true });
  await client.flushall();
  const isDone = (task: { readonly id: string }): boolean => !task.id.includes("r");
  const broker = new RedisBroker({ client, clock: systemClock, isDone });
  try {
    const start = performance.now();
    await broker.submit(planOf(tasks), submit);
    printFigure("100 × 100 cells into Redis", `${(performance.now() - start).toFixed(0)} ms`, "≤ 2000 ms");
    const request = { worker: "bench", serves: null, remainingSec: null, signal: AbortSignal.timeout(2000) };
    const releaseStart = performance.now();
    await broker.lease(request); // completes every build by its result on disk, and takes the first run
    printFigure(
      "100 builds found done, 10,000 runs released",
      `${(performance.now() - releaseStart).toFixed(0)} ms`,
      "≤ 10000 ms",
    );
    await client.flushall();
    const healStart = performance.now();
    await broker.heal();
    printFigure(
      "the same back into Redis after FLUSHALL",
      `${(performance.now() - healStart).toFixed(0)} ms`,
      "≤ 10000 ms",
    );
    const { length } = (await broker.records()).filter(({ state }) => state === "ready");
    if (length !== 10_000) throw new Error(`${length} runs are ready; expected 10,000`);
  } finally {
    await broker.close();
    client.disconnect();
  }
};

const runWorker = (): Promise<void> =>
  runRemoteWorker({
    address: parseRedisUrl(process.env["BENCH_REDIS"] ?? "", "BENCH_REDIS"),
    connectionFile: null,
    sweepId: planOf([]).id,
    slots: numSlots,
    threads: 1,
    memoryMiB: null,
    serves: null,
    workerInit: "",
    block: "bench",
    slurmJob: null,
    node: "bench",
    endsAt: null,
    drainBeforeSec: 0,
    idleExitSec: null,
    graceSec: 5,
    gpus: null,
    storeRoot: null,
    logsRoot: null,
    resultsIn: () => ({ isDone: () => false, answerLeftBy: undefined }),
    say: () => {},
    drain: new AbortController().signal,
    kill: new AbortController().signal,
  });

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  await (process.argv[2] === "worker" ? runWorker() : runRedisQueueBenchmark());
