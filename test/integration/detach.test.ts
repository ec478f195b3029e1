/** Drivers in the background: when they count as started, how others follow them, and how failed cells are tried again. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { SweepEvent } from "../../src/queue/sweep-event.ts";
import { hasBuild, runCommand, sweepIn } from "../support/command-line.ts";
import { until } from "../support/processes.ts";
import { hasRedisServer, startRedis } from "../support/redis-server.ts";
import { eventsIn } from "../support/sweep-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const sweepOf = (...targets: readonly string[]): string => `
training: quick
targets: [${targets.join(", ")}]
samplers: [{ name: hmc, overrides: { draws: 60, warmup: 40 } }]
`;
const good = "{ model: quadratic, data: tiny, seed: 1 }";
const poisoned = "{ model: tiny, data: tiny, seed: 2, training: { optimizer: sgd, learning_rate: 1e6 } }";
const fast = ["--slots=1", "--backend=wasm"];

const hasLock = (folder: string): boolean => {
  const sweeps = join(folder, "runs", "sweeps");
  return readdirSync(sweeps).some((sweep) => existsSync(join(sweeps, sweep, "lock.json")));
};

describe.skipIf(!hasBuild)("a driver in the background (needs a build)", { timeout: 120_000 }, () => {
  it.each(["this process", "Redis"])(
    "with its queue in %s is followed to its end by status --watch",
    async (where) => {
      const options: string[] = [];
      if (where === "Redis") {
        if (!hasRedisServer) return;
        const redis = await startRedis();
        onTestFinished(() => redis.stop());
        await redis.connect().ping();
        options.push("--redis", `unix://${redis.socket}`);
      }
      const folder = temporaryFolder();
      const started = await runCommand(sweepIn(folder, sweepOf(good), ...fast, ...options, "--detach"), {
        cwd: folder,
      });
      expect(started.code, started.stderr).toBe(0);
      expect(started.stdout).toMatch(/sweep swp_\w+ is driven by process \d+/);
      expect(eventsIn(folder)[0]?.kind).toBe("plan");
      const watched = await runCommand(["status", "--watch"], { cwd: folder });
      expect(watched.code, watched.stderr).toBe(0);
      expect(watched.stdout).toMatch(/2\/2[\s\S]*: not running\n$/);
      expect(eventsIn(folder).at(-1)).toMatchObject({ kind: "sweep_done", counts: { done: 2 } });
    },
  );

  it("that cannot open its queue is no success: its words and its exit code are passed on, and status says so", async () => {
    const folder = temporaryFolder();
    const args = sweepIn(folder, sweepOf(good), ...fast, "--redis=unix:///nowhere/s", "--detach");
    const { code, stdout, stderr } = await runCommand(args, { cwd: folder });
    expect({ code, stdout }, stderr).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("Redis at unix:///nowhere/s cannot be reached");
    expect(stderr).toContain("the driver has ended with exit code 3");
    const status = await runCommand(["status"], { cwd: folder });
    expect(status.code).toBe(2);
    expect(status.stderr).toMatch(/sweep "swp_\w+" has not begun: .*driver\.log/);
    const other = await runCommand(sweepIn(folder, sweepOf(good), ...fast, "--set", "experiment=other"), {
      cwd: folder,
    });
    expect(other.code, other.stderr).toBe(0);
    expect(await runCommand(["status"], { cwd: folder })).toMatchObject({ code: 0 });
  });

  it("retry --failed runs what failed again and nothing else, here and in the background", async () => {
    const folder = temporaryFolder();
    const first = await runCommand(sweepIn(folder, sweepOf(good, poisoned), ...fast), { cwd: folder });
    expect(first.code, first.stderr).toBe(1);
    const taskIds = (events: readonly SweepEvent[], kind: string): readonly string[] => [
      ...new Set(events.flatMap((event) => (event.kind === kind && "taskId" in event ? [event.taskId] : []))),
    ];
    const failed = taskIds(eventsIn(folder), "task_failed");
    expect(failed).toHaveLength(1);
    const [before, retried] = [
      eventsIn(folder).length,
      await runCommand(["retry", "--failed"], { cwd: folder }),
    ];
    expect(retried.code, retried.stderr).toBe(1);
    expect(retried.stderr).toMatch(/1 failed tasks? of sweep/);
    expect(taskIds(eventsIn(folder).slice(before), "task_started")).toEqual(failed);
    const [between, detached] = [
      eventsIn(folder).length,
      await runCommand(["retry", "--failed", "--detach"], { cwd: folder }),
    ];
    expect([0, 1], detached.stderr).toContain(detached.code); // 1: it had ended already
    await until("it has ended", () => !hasLock(folder), 60_000);
    expect(taskIds(eventsIn(folder).slice(between), "task_started")).toEqual(failed);
  });
});
