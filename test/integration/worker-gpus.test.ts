/** `worker --gpus`: each slot's task sees one device of those that the allocation was given. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { RedisBroker } from "../../src/queue/redis/redis-broker.ts";
import { defaultRetryPolicy } from "../../src/queue/retry-policy.ts";
import { hasBuild, runCommand, startCommand } from "../support/command-line.ts";
import { aPlan, aTask } from "../support/plans.ts";
import { taskProcessesOf, until } from "../support/processes.ts";
import { hasRedisServer, startRedis } from "../support/redis-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const submit = { retryPolicy: defaultRetryPolicy, maxFailures: null, expectedSec: new Map() };
const devicesOf = (pid: number): string =>
  /(?:^|\0)CUDA_VISIBLE_DEVICES=([^\0]*)/.exec(readFileSync(`/proc/${pid}/environ`, "utf8"))?.[1] ?? "none";

describe.skipIf(!hasBuild || !hasRedisServer || process.platform !== "linux")(
  "worker --gpus (needs Linux, redis-server and a build)",
  { timeout: 120_000 },
  () => {
    it("gives slot k the k-th device of CUDA_VISIBLE_DEVICES, and has as many slots as devices", async () => {
      const cwd = temporaryFolder();
      const redis = await startRedis();
      const broker = new RedisBroker({ client: redis.connect(), clock: systemClock, storeRoot: cwd });
      const plan = aPlan(["a", "b"].map((id) => aTask(id, { behaviour: { sleepMs: 600_000 } })));
      await broker.submit(plan, submit);
      const sweep = ["worker", "--redis", `unix://${redis.socket}`, "--sweep", plan.id, "--gpus"];
      const worker = startCommand(sweep, { cwd, env: { CUDA_VISIBLE_DEVICES: "GPU-a,GPU-b" } });
      try {
        const { pid } = worker.child;
        await until("both slots have a process", () => taskProcessesOf(pid).length === 2);
        // A process has the environment of its parent until it has become another program.
        const devices = (): readonly string[] => taskProcessesOf(pid).map(devicesOf).toSorted();
        await until("they are what they will be", () => devices().join() === "GPU-a,GPU-b");
        expect(await broker.workers()).toMatchObject([{ slots: 2 }]);
      } finally {
        worker.child.kill("SIGTERM");
        expect((await worker.ended).code).toBe(0);
        await broker.close();
        await redis.stop();
      }
    });

    it("refuses a mask that names no device", async () => {
      const args = ["worker", "--redis", "unix:///nowhere/s", "--sweep", "swp_0123456789ab", "--gpus"];
      const ended = await runCommand(args, { cwd: temporaryFolder(), env: { CUDA_VISIBLE_DEVICES: "" } });
      expect(ended.code).toBe(3);
      expect(ended.stderr).toContain("CUDA_VISIBLE_DEVICES names no device");
    });
  },
);
