/** `status`, `explain` and `cancel` of a sweep whose workers are elsewhere, from another shell, and from another host. */
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { listSweeps, storeAt, sweepFiles } from "../../src/runs/layout.ts";
import { hasBuild, type Running, runCommand, startCommand } from "../support/command-line.ts";
import { until } from "../support/processes.ts";
import { hasRedisServer } from "../support/redis-server.ts";
import { eventsIn } from "../support/sweep-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const experiment = `
training: quick
targets: [{ model: tiny, data: tiny, seed: 1..2 }]
samplers: [{ name: hmc, overrides: { draws: 400000, warmup: 200 } }]
`;
/** Workers that never come. */
const idleCard =
  "{ type: command, command: 'sleep 300 # {script}', max_blocks: 1, redis: { interface: 127.0.0.1 } }";

interface World {
  readonly folder: string;
  readonly driver: Running;
  readonly files: ReturnType<typeof sweepFiles>;
  print(...words: readonly string[]): Promise<string>;
}

describe.skipIf(!hasBuild || !hasRedisServer)(
  "a sweep that is driven elsewhere (needs a build and redis-server)",
  { timeout: 240_000 },
  () => {
    const start = async (...options: readonly string[]): Promise<World> => {
      const cwd = temporaryFolder();
      writeFileSync(join(cwd, "experiment.yaml"), experiment);
      writeFileSync(join(cwd, "card.yaml"), idleCard);
      const driver = startCommand(["workflow", "llc", "--config", "experiment.yaml", ...options], { cwd });
      onTestFinished(async () => {
        driver.child.kill("SIGINT");
        await driver.ended;
      });
      const isPlanned = (): boolean => /more workers/.test(driver.output().stderr);
      await until("the sweep is in Redis", () => isPlanned() || driver.child.exitCode !== null, 60_000);
      const store = storeAt(cwd, "runs");
      const files = sweepFiles(store.runs, listSweeps(store.runs)[0] ?? "none");
      const print = async (...words: readonly string[]): Promise<string> => {
        const { code, stdout, stderr } = await runCommand(words, { cwd });
        expect({ code, stderr }, words.join(" ")).toEqual({ code: 0, stderr: "" });
        return stdout;
      };
      return { folder: cwd, driver, files, print };
    };
    /** Until the output of a command matches; then that output. */
    const untilPrinted = async (
      world: World,
      pattern: RegExp,
      ...words: readonly string[]
    ): Promise<string> => {
      for (const end = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 300))) {
        const text = await world.print(...words);
        if (pattern.test(text)) return text;
        if (Date.now() > end) throw new Error(`not printed: ${pattern}\n${text}`);
      }
    };
    const hasEvent = ({ folder }: World, kind: string): boolean =>
      eventsIn(folder).some((event) => event.kind === kind);
    /** The lock of the sweep as a driver on another host has written it. */
    const pretendElsewhere = ({ files }: World): void => {
      const lock = JSON.parse(readFileSync(files.lock, "utf8")) as Record<string, unknown>;
      expect(lock["host"]).toBe(hostname());
      writeFileSync(files.lock, JSON.stringify({ ...lock, host: "login2", boot_id: "another", pid: 1 }));
    };

    it("explain says that no worker is up, what the card has started, and that it may not start more", async () => {
      const world = await start("--card", "card.yaml");
      await until("a block is there", () => hasEvent(world, "block"), 30_000);
      const text = await world.print("explain", "seed 1 × hmc");
      expect(text).toMatch(
        /state: waiting\n {2}it needs build .*, which is ready\n {4}no worker that takes builds is up\n {4}block command-1 \(\d+\) /,
      );
      expect(text).toContain("card command has all of its 1 blocks (max_blocks)");
      expect(text).toContain("other builds that could be taken too: 1");
      const status = await world.print("status");
      expect(status).toMatch(/blocks: 1 submitted\n {2}command-1 \(\d+\) submitted for/);
      expect(status).toContain("workers: none beside the driver\nqueue: build 2 ready; sample 2 waiting\n");
    });

    it("status shows workers with their slots, and explain where a task runs", async () => {
      const world = await start("--local", "--slots", "1", "--redis", "private");
      const args = ["worker", "--connection", world.files.redis, "--slots", "1", "--block", "by-test"];
      const worker = startCommand(args, { cwd: world.folder });
      await untilPrinted(
        world,
        /workers: 1, 1 of 1 slots busy\n {2}\S+ \(by-test\): 1 of 1 slots busy\nqueue: sample 2 running\n/,
        "status",
      );
      expect(JSON.parse(await world.print("status", "--json"))).toMatchObject({
        queue: { sample: { running: 2, ready: 0, waiting: 0 } },
        workers: [{ block: "by-test", slots: 1, busy: 1 }],
      });
      const both = [
        await world.print("explain", "seed 1 × hmc"),
        await world.print("explain", "seed 2 × hmc"),
      ];
      for (const text of both)
        expect(text).toMatch(/state: running\n {2}attempt 1 has run for (?:\d+m)?\d+s on \S+slot-0/);
      expect(both.filter((text) => text.includes("local/slot-0"))).toHaveLength(1);
      worker.child.kill("SIGTERM");
      expect((await worker.ended).code).toBe(0);
    });

    it("cancel from another host reaches the driver over Redis, and its tasks checkpoint", async () => {
      const world = await start("--local", "--slots", "2", "--redis", "private");
      await until(
        "runs draw",
        () => /"phase":"draws"/.test(readFileSync(world.files.events, "utf8")),
        60_000,
      );
      pretendElsewhere(world);
      expect(await world.print("cancel")).toMatch(/^asked the driver on login2 to stop sweep swp_/);
      const ended = await world.driver.ended;
      expect(ended.code, ended.stderr).toBe(130);
      const events = eventsIn(world.folder);
      expect(events).toContainEqual(
        expect.objectContaining({ kind: "sweep_cancelled", reason: `cancelled from ${hostname()}` }),
      );
      expect(events.findLast(({ kind }) => kind === "sweep_done")).toMatchObject({
        counts: { cancelled: 2 },
      });
    });

    it("cancel says what to do when the driver elsewhere has no Redis", async () => {
      const world = await start("--local", "--slots", "1", "--redis", "private");
      pretendElsewhere(world);
      const [content, mode] = [readFileSync(world.files.redis, "utf8"), 0o600];
      writeFileSync(world.files.redis, content.replace(/@127\.0\.0\.1:\d+/, "@127.0.0.1:1"), { mode });
      const gone = await runCommand(["cancel"], { cwd: world.folder });
      writeFileSync(world.files.redis, content, { mode });
      expect(gone.code).toBe(3);
      expect(gone.stderr).toMatch(/Redis at redis:\/\/127\.0\.0\.1:1 cannot be reached/);
    });
  },
);
