/** `worker --idle-exit`: a worker that finds nothing to do leaves, and one that works does not. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { RedisBroker } from "../../src/queue/redis/redis-broker.ts";
import { defaultRetryPolicy } from "../../src/queue/retry-policy.ts";
import { type Ended, hasBuild, runCommand } from "../support/command-line.ts";
import { aPlan, aTask } from "../support/plans.ts";
import { hasRedisServer, startRedis, type TestRedis } from "../support/redis-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const submit = { retryPolicy: defaultRetryPolicy, maxFailures: null, expectedSec: new Map() };

describe.skipIf(!hasBuild || !hasRedisServer)(
  "worker --idle-exit (needs a build and redis-server)",
  { timeout: 60_000 },
  () => {
    let redis: TestRedis;
    let broker: RedisBroker;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());
    afterEach(() => broker.close());

    const open = async (...tasks: Parameters<typeof aPlan>): Promise<void> => {
      const client = redis.connect();
      await client.flushall();
      broker = new RedisBroker({ client, clock: systemClock, storeRoot: temporaryFolder() });
      await broker.submit(aPlan(...tasks), submit);
    };
    const work = (...options: readonly string[]): Promise<Ended> => {
      const sweep = ["--redis", `unix://${redis.socket}`, "--sweep", "swp_0123456789ab"];
      return runCommand(["worker", ...sweep, "--slots", "1", ...options], { cwd: temporaryFolder() });
    };

    it("leaves a sweep that goes on without it, and takes its heartbeat along", async () => {
      await open([aTask("a"), aTask("b", { needs: ["a"] })]);
      await broker.lease({ worker: "elsewhere", serves: null, remainingSec: null });
      const { code, stderr } = await work("--idle-exit", "1");
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(/draining \(idle for 1 s\)\n.*drained, 1 slots closed\n$/);
      expect(await broker.workers()).toEqual([]);
      expect(await broker.record("a")).toMatchObject({ state: "running", attempt: 1 });
    });

    it("is not idle while it works, however long a task takes", async () => {
      await open([aTask("a", { behaviour: { sleepMs: 8000 } })]);
      const { code, stderr } = await work("--idle-exit", "3");
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(/nothing more to do, 1 slots closed\n$/);
      await broker.records();
      expect(await broker.record("a")).toMatchObject({ state: "done", attempt: 1 });
    });

    it("is idle where no task is for it", async () => {
      await open([aTask("a")]);
      const { code, stderr } = await work("--serves", "build", "--idle-exit", "0.5");
      expect(code, stderr).toBe(0);
      expect(stderr).toContain("draining (idle for 0.5 s)");
      expect(await broker.record("a")).toMatchObject({ state: "ready", attempt: 0 });
    });
  },
);
