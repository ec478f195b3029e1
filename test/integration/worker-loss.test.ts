/**
 * From kill -9 of a worker to its task running in another: at most a minute, with the leases and looks of real sweeps
 * (`lease-times.ts`), while the driver lives and while it does not.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { RedisBroker } from "../../src/queue/redis/redis-broker.ts";
import { defaultRetryPolicy } from "../../src/queue/retry-policy.ts";
import type { SweepEvent } from "../../src/queue/sweep-event.ts";
import { hasBuild, type Running, startCommand } from "../support/command-line.ts";
import { aPlan, aTask } from "../support/plans.ts";
import { isRunning, taskProcessesOf, until } from "../support/processes.ts";
import { hasRedisServer, startRedis } from "../support/redis-server.ts";

const limitSec = 60;
const submit = { retryPolicy: defaultRetryPolicy, maxFailures: null, expectedSec: new Map() };
/** Says when it begins; the first attempt never ends by itself. */
const plan = aPlan([aTask("a", { behaviour: { stdout: "begun", sleepMs: 600_000, untilAttempt: 1 } })]);

describe.skipIf(!hasBuild || !hasRedisServer || process.platform !== "linux")(
  "a worker that is killed with -9 (needs Linux, redis-server and a build)",
  () => {
    const folders = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
    afterAll(() => rmSync(folders, { recursive: true, force: true }));

    it.concurrent.each([
      ["lives", true],
      ["is away", false],
    ] as const)(
      "its task runs elsewhere within a minute while the driver %s",
      { timeout: 240_000 },
      async (_, hasDriver) => {
        const folder = mkdtempSync(join(folders, "run-"));
        const redis = await startRedis();
        const workers: Running[] = [];
        const broker = new RedisBroker({
          client: redis.connect(),
          clock: systemClock,
          storeRoot: join(folder, "runs"),
          logsRoot: join(folder, "logs"),
        });
        const events: SweepEvent[] = [];
        broker.subscribe((event) => events.push(event));
        const startWorker = (): Running => {
          const sweep = ["--redis", `unix://${redis.socket}`, "--sweep", plan.id];
          const worker = startCommand(["worker", ...sweep, "--slots", "1"], { cwd: folder });
          workers.push(worker);
          return worker;
        };
        /** Attempts that have begun, as the log of the task shows. */
        const numBegun = (): number => {
          const log = join(folder, "logs", "noop", "a.log");
          return existsSync(log) ? readFileSync(log, "utf8").split("begun").length - 1 : 0;
        };
        try {
          await broker.submit(plan, submit);
          const dying = startWorker();
          await until("the task runs", () => numBegun() === 1);
          startWorker();
          await until("another worker waits", () => workers[1]?.output().stderr.includes("1 slot") === true);
          if (!hasDriver) await broker.close();
          const processes = [dying.child.pid, ...taskProcessesOf(dying.child.pid)];
          expect(processes).toHaveLength(2);
          const killedAt = Date.now();
          for (const leader of processes) process.kill(-leader, "SIGKILL");
          await until("both are gone", () => !processes.some(isRunning));
          await until("it runs elsewhere", () => numBegun() === 2, 2 * limitSec * 1000);
          const seconds = (Date.now() - killedAt) / 1000;
          process.stderr.write(
            `a task of a killed worker ran elsewhere after ${seconds.toFixed(1)} s, ${hasDriver ? "with" : "without"} a driver\n`,
          );
          expect(seconds).toBeLessThanOrEqual(limitSec);
          if (!hasDriver) return;
          await until("the driver has noticed", () => events.some(({ kind }) => kind === "sweep_done"));
          expect(events.flatMap((event) => (event.kind === "task_started" ? [event.attempt] : []))).toEqual([
            1, 2,
          ]);
          expect(events.filter(({ kind }) => kind === "worker_lost")).toHaveLength(1);
        } finally {
          for (const { child } of workers) if (child.exitCode === null) child.kill("SIGTERM");
          await Promise.all(workers.map(({ ended }) => ended));
          await broker.close();
          await redis.stop();
        }
      },
    );
  },
);
