/** A Redis that is killed and never comes back: drivers and workers can be ended all the same. */
import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { connectRedis } from "../../src/queue/redis/connection/connect-redis.ts";
import { parseRedisUrl } from "../../src/queue/redis/connection/redis-address.ts";
import { RedisBroker } from "../../src/queue/redis/redis-broker.ts";
import { defaultRetryPolicy } from "../../src/queue/retry-policy.ts";
import { hasBuild, type Running, startCommand, sweepIn } from "../support/command-line.ts";
import { aPlan, aTask } from "../support/plans.ts";
import { taskProcessesOf, until } from "../support/processes.ts";
import { hasRedisServer, startRedis, type TestRedis } from "../support/redis-server.ts";
import { eventsIn } from "../support/sweep-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const experiment = `
training: quick
targets: [{ model: quadratic, data: tiny, seed: 1 }]
samplers: [{ name: hmc, overrides: { draws: 2000000, warmup: 100 } }]
`;
const canRun = process.platform === "linux" && hasRedisServer && hasBuild;

describe.skipIf(!canRun)(
  "a Redis that is gone (needs Linux, redis-server and a build)",
  { timeout: 90_000 },
  () => {
    let redis: TestRedis;
    let running: Running | null = null;

    beforeEach(async () => {
      redis = await startRedis();
    });
    afterEach(async () => {
      if (running?.child.exitCode === null) process.kill(-running.child.pid, "SIGKILL");
      running = null;
      await redis.stop();
    });

    /** Waits until the words are on standard error. */
    const hears = (words: string): Promise<void> =>
      until(`it says ${words}`, () => running?.output().stderr.includes(words) === true);

    it("a driver that is told twice to stop ends with code 130 and says how to go on", async () => {
      const folder = temporaryFolder();
      const args = ["--slots=1", "--backend=wasm", "--redis", `unix://${redis.socket}`];
      running = startCommand(sweepIn(folder, experiment, ...args), { cwd: folder });
      const { child, ended } = running;
      await hears("Redis at unix");
      await until(
        "the run works",
        () => eventsIn(folder).filter(({ kind }) => kind === "task_started").length === 2,
        60_000,
      );
      await redis.stop();
      await hears("is away; waiting for it");
      child.kill("SIGINT");
      await hears("finishing at the next checkpoint");
      child.kill("SIGINT");
      const from = performance.now();
      const { code, stdout, stderr } = await ended;
      expect(performance.now() - from).toBeLessThan(12_000);
      expect(code, stderr).toBe(130);
      expect(stderr).toMatch(
        /does not answer: leaving without it\. What is on disk is kept; go on with: lambda-hat resume/,
      );
      expect(`${stdout}${stderr}`).not.toContain("bug");
      expect(taskProcessesOf(child.pid)).toEqual([]);
      expect(existsSync(folder)).toBe(true);
    });

    const submit = async (sleepMs: number): Promise<RedisBroker> => {
      await redis.connect().ping(); // the socket is there a moment before it listens
      const address = parseRedisUrl(`unix://${redis.socket}`, "test");
      const client = await connectRedis(address, { requireAuthentication: false });
      const broker = new RedisBroker({ client, clock: systemClock, storeRoot: "/nowhere" });
      await broker.submit(aPlan([aTask("a", { behaviour: { sleepMs } })]), {
        retryPolicy: defaultRetryPolicy,
        maxFailures: null,
        expectedSec: new Map(),
      });
      return broker;
    };
    const isStarted = async (broker: RedisBroker): Promise<void> => {
      while ((await broker.record("a"))?.state !== "running")
        await new Promise((resolve) => setTimeout(resolve, 50));
    };

    it("a worker with a running task that is told twice to end does so", async () => {
      const broker = await submit(60_000);
      const folder = temporaryFolder();
      const args = [
        "worker",
        "--redis",
        `unix://${redis.socket}`,
        "--sweep",
        "swp_0123456789ab",
        "--slots",
        "1",
      ];
      running = startCommand(args, { cwd: folder });
      const { child, ended } = running;
      await isStarted(broker);
      broker.abandon();
      await broker.close();
      await redis.stop();
      child.kill("SIGTERM");
      await hears("draining");
      await new Promise((resolve) => setTimeout(resolve, 3200)); // closer together they are one request
      child.kill("SIGTERM");
      const from = performance.now();
      const { code, stderr } = await ended;
      expect(performance.now() - from).toBeLessThan(8000);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain("Redis is gone; leaving");
    });

    it("records of a broker that has given Redis up say what was known last, and no call waits", async () => {
      const broker = await submit(0);
      const lease = await broker.lease({ worker: "w", serves: null, remainingSec: null });
      if (lease === null) throw new Error("no lease");
      await isStarted(broker);
      await redis.stop();
      const waiting = broker.giveBack(lease);
      await new Promise((resolve) => setTimeout(resolve, 300));
      broker.abandon();
      expect(await waiting).toBe(false);
      expect(await broker.records()).toMatchObject([{ task: { id: "a" }, state: "running" }]);
      expect(await broker.complete(lease, null)).toBe(false);
      expect(await broker.lease({ worker: "w", serves: null, remainingSec: null })).toBeNull();
      await broker.cancel("stopped");
      await broker.close();
    });
  },
);
