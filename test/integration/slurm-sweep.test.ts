/**
 * Whole sweeps through the command line on a real SLURM of two virtual nodes and a private redis-server: equal to the
 * byte to --local, over the ends of allocations, and with clear words where something is wrong.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type CommandEnded,
  hasMainScript,
  type StartedCommand,
  startIn,
  startSweepIn,
  sweepEventsIn,
  traceDigestsIn,
  untilDrawing,
} from "../support/card-sweep.ts";
import { comparableTable } from "../support/comparable-table.ts";
import { until } from "../support/processes.ts";
import { hasRedisServer } from "../support/redis-server.ts";
import { hasSlurm, type SlurmCluster, startSlurm } from "../support/slurm-cluster.ts";
import { filesUnder } from "../support/sweep-folder.ts";

const canRun = hasSlurm && hasRedisServer && hasMainScript;

const small = `
posterior: { gamma: 100 }
targets:
  - { model: small, data: tiny, training: quick, seed: 42..43 }
samplers:
  - { name: hmc, overrides: { draws: 6000, warmup: 50, thinning: 10 } }
  - { name: sgld, overrides: { steps: 120000, eval_every: 20 } }
  - { name: mclmc, overrides: { draws: 6000, num_steps: 500 } }
  - { name: hmc, seed: 7, overrides: { draws: 6000, warmup: 50, thinning: 10 } }
`;
/** 4 targets × 6 samplers, each run about a second: a second block comes in time for its share. */
const grid = `
posterior: { gamma: 100 }
targets:
  - { model: small, data: tiny, training: quick, seed: 42..45 }
samplers:
  - { name: hmc, overrides: { draws: 6000, warmup: 50, thinning: 10 } }
  - { name: hmc, seed: 7, overrides: { draws: 6000, warmup: 50, thinning: 10 } }
  - { name: mclmc, overrides: { draws: 6000, num_steps: 500 } }
  - { name: sgld, overrides: { steps: 120000, eval_every: 20 } }
  - { name: sgld, overrides: { steps: 120000, eval_every: 20, precond: rmsprop } }
  - { name: vi, overrides: { M: 2, r: 1, steps: 3000 } }
`;
/** One cell that outlives several allocations: some twenty seconds on two free cores. */
const long = `
posterior: { gamma: 100 }
targets: [{ model: small, data: tiny, training: quick, seed: 42 }]
samplers: [{ name: hmc, overrides: { draws: 60000, warmup: 100, thinning: 8 } }]
`;
/** The same, half as long. */
const medium = long.replace("draws: 60000", "draws: 30000");
const card = `
type: slurm
label: pilot
cores_per_node: 2
mem_per_node: 1
walltime: 10
max_blocks: 2
submit: { min_interval: 0.2 }
redis: { interface: 127.0.0.1 }
`;

describe.skipIf(!canRun)(
  "sweeps on SLURM (needs SLURM's daemons, redis-server and a build)",
  { timeout: 480_000 },
  () => {
    let slurm: SlurmCluster;
    let folder = "";
    let commands: StartedCommand[] = [];

    beforeAll(async () => {
      slurm = await startSlurm();
    }, 60_000);
    afterAll(() => slurm.stop(), 60_000);

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
      commands = [];
      return async () => {
        for (const { child } of commands) if (child.exitCode === null) child.kill("SIGKILL");
        const left = (): string => slurm.run("squeue", "-h", "-t", "PD,R,CF").trim();
        await until("no allocation is left", () => left() === "", 60_000);
        rmSync(folder, { recursive: true, force: true });
      };
    });

    /** Runs `workflow llc` in its own folder. */
    const start = (
      name: string,
      experiment: string,
      args: readonly string[],
      env = slurm.env,
    ): StartedCommand => {
      const started = startSweepIn(join(folder, name), experiment, { args, env });
      commands.push(started);
      return started;
    };
    const connectionFiles = (place: string): readonly string[] =>
      filesUnder(place).filter((path) => path.endsWith("redis.json"));
    const withCard = (text: string): string => {
      const path = join(folder, "card.yaml");
      writeFileSync(path, text);
      return path;
    };
    const runningJob = (): string =>
      slurm.run("squeue", "-h", "-t", "R", "-o", "%i").trim().split("\n")[0] ?? "";
    const kindsOf = (place: string): readonly string[] => sweepEventsIn(place).map(({ kind }) => kind);

    it("4 × 6 cells on two nodes: traces equal to the byte, and the table equal, to those of --local", async () => {
      const local = start("local", grid, ["--local"]);
      expect((await local.ended).code).toBe(0);
      const remote = start("remote", grid, ["--card", withCard(card), "--set", "card.backlog=2"]);
      const end = await remote.ended;
      expect(end.output).toContain("24 rows, 24 ok");
      expect(end.code).toBe(0);
      expect(traceDigestsIn(remote.place)).toHaveLength(24);
      expect(traceDigestsIn(remote.place)).toEqual(traceDigestsIn(local.place));
      const [table, expected] = await Promise.all([remote.place, local.place].map(comparableTable));
      expect(table?.rows).toHaveLength(24);
      expect(table).toEqual(expected);
      const nodes = sweepEventsIn(remote.place).flatMap((event) =>
        event.kind === "task_started" ? [event.worker.split("/")[0]] : [],
      );
      expect(new Set(nodes)).toEqual(new Set(["n1", "n2"]));
      // Nothing is left: no job, no Redis, no password.
      expect(connectionFiles(remote.place)).toEqual([]);
      expect(slurm.run("squeue", "-h", "-t", "PD,R").trim()).toBe("");
    });

    it("a cell longer than any allocation goes on from its checkpoints, free of charge, and ends in the same bytes", async () => {
      const local = start("local", long, ["--local"]);
      expect((await local.ended).code).toBe(0);
      const seconds = sweepEventsIn(local.place).map((event) =>
        event.kind === "task_done" ? event.seconds : 0,
      );
      // An eighth of the cell beside the start of a worker: two lives do not suffice, were it twice as fast now.
      const lifeSec = Math.round(5 + Math.max(...seconds) / 8);
      // SLURM counts in minutes; the script believes what it is told about its end.
      const short = `${card}drain_before: 2\nworker_init: export SLURM_JOB_END_TIME=$(($(date +%s) + ${lifeSec}))\n`;
      const remote = start("remote", long, ["--card", withCard(short)]);
      expect((await remote.ended).code).toBe(0);
      const kinds = kindsOf(remote.place);
      expect(kinds.filter((kind) => kind === "given_back").length).toBeGreaterThanOrEqual(2);
      expect(kinds).not.toContain("retry");
      expect(kinds).not.toContain("worker_lost");
      expect(traceDigestsIn(remote.place)).toEqual(traceDigestsIn(local.place));
    });

    it("scancel of an allocation costs no retry: the cell goes on elsewhere", async () => {
      const remote = start("remote", medium, ["--card", withCard(card)]);
      await untilDrawing(remote);
      const id = runningJob();
      slurm.run("scancel", id);
      expect((await remote.ended).code).toBe(0);
      const kinds = kindsOf(remote.place);
      expect(kinds).toContain("given_back");
      expect(kinds).not.toContain("retry");
      const blocks = sweepEventsIn(remote.place).filter(
        (event) => event.kind === "block" && event.state === "working",
      );
      expect(blocks.length).toBeGreaterThanOrEqual(2);
    });

    it("srun starts a worker on every node of a block", async () => {
      const wide = withCard(`${card}nodes_per_block: 2\n`);
      const remote = start("remote", small, ["--card", wide, "--set", "card.max_blocks=1"]);
      expect((await remote.ended).code).toBe(0);
      const workers = sweepEventsIn(remote.place).flatMap((event) =>
        event.kind === "task_started" ? [event.worker] : [],
      );
      expect(new Set(workers.map((worker) => worker.split("/")[0])).size).toBeGreaterThanOrEqual(2);
    });

    it("SLURM's warning to the batch shell of srun reaches the workers on all nodes", async () => {
      const remote = start("remote", long, ["--card", withCard(`${card}nodes_per_block: 2\n`)]);
      await untilDrawing(remote);
      slurm.run("scancel", "--batch", "--signal=USR1", runningJob());
      expect((await remote.ended).code).toBe(0);
      const kinds = kindsOf(remote.place);
      expect(kinds).toContain("given_back");
      expect(kinds).not.toContain("retry");
    });

    it("a requeued allocation goes on as the same block: no other is started beside it", async () => {
      const remote = start("remote", long, ["--card", withCard(card), "--set", "card.max_blocks=1"]);
      await untilDrawing(remote);
      const id = runningJob();
      slurm.run("scontrol", "requeue", id);
      const state = (): string => slurm.run("squeue", "-h", "-o", "%T").trim();
      await until("it waits again", () => state() === "PENDING", 60_000);
      slurm.hasten(id);
      expect((await remote.ended).code).toBe(0);
      expect(kindsOf(remote.place)).toContain("given_back");
      const submitted = sweepEventsIn(remote.place).filter(
        (event) => event.kind === "block" && event.state === "submitted",
      );
      expect(submitted, remote.output()).toHaveLength(1);
    });

    it("builds and samplers go to the cards of their class", async () => {
      const path = withCard(`${card}cores_per_worker: 1\n`);
      const sets = ["card.build.label=b", "card.sample.label=s", "card.max_blocks=1"];
      const remote = start("remote", small, [
        "--card",
        `build=${path}`,
        "--card",
        `sample=${path}`,
        ...sets.flatMap((set) => ["--set", set]),
      ]);
      const end = await remote.ended;
      expect(end.code).toBe(0);
      const blocks = sweepEventsIn(remote.place).flatMap((event) =>
        event.kind === "block" && event.state === "working" ? [event.block] : [],
      );
      expect(blocks.toSorted()).toEqual(["b-1", "s-1"]);
    });

    it("a partition that does not exist: one message of SLURM, exit code 3, nothing left", async () => {
      const remote = start("remote", small, ["--card", withCard(`${card}partition: nope\n`)]);
      const end = await remote.ended;
      expect(end.code).toBe(3);
      expect(end.output.match(/^error:/gm)).toHaveLength(1);
      expect(end.output).toMatch(
        /error: card "pilot": sbatch refused the block .*invalid partition specified: nope/,
      );
      expect(connectionFiles(remote.place)).toEqual([]);
    });

    it("no sbatch: one message that says where to look, exit code 3, nothing left", async () => {
      const bin = join(folder, "bin");
      mkdirSync(bin);
      for (const program of ["redis-server", "bash", "cc"]) {
        const found = slurm.run("sh", "-c", `command -v ${program} || true`).trim();
        if (found !== "") symlinkSync(found, join(bin, program));
      }
      const remote = start("remote", small, ["--card", withCard(card)], { ...slurm.env, PATH: bin });
      const end = await remote.ended;
      expect(end.code).toBe(3);
      expect(end.output.match(/^error:/gm)).toHaveLength(1);
      expect(end.output).toMatch(/error: card "pilot": sbatch is not on PATH here\. .*submit\.via/);
      expect(connectionFiles(remote.place)).toEqual([]);
    });

    it("worker_init that fails on every node: the sweep stops after three blocks and shows its output", async () => {
      const broken = withCard(`${card}worker_init: |\n  echo "no such module: cuda"\n  false\n`);
      const remote = start("remote", small, ["--card", broken]);
      const end = await remote.ended;
      expect(end.code).toBe(3);
      expect(end.output).toMatch(/3 blocks in a row did not start a worker/);
      expect(end.output).toMatch(/worker_init of the card failed on n[12] \(exit code 97\)/);
      expect(end.output).toContain("no such module: cuda");
    });

    it("Ctrl-C ends the sweep at checkpoints and cancels what waits", async () => {
      const remote = start("remote", medium, ["--card", withCard(card)]);
      await untilDrawing(remote);
      remote.child.kill("SIGINT");
      expect((await remote.ended).code).toBe(130);
      expect(kindsOf(remote.place)).toContain("task_cancelled");
    });

    it("card check asks SLURM; card probe reports from a node", async () => {
      const path = withCard(card);
      const run = (...args: readonly string[]): Promise<CommandEnded> => {
        const started = startIn(folder, ["card", ...args], slurm.env);
        commands.push(started);
        return started.ended;
      };
      const check = await run("check", path);
      expect(check.output).toMatch(/ok, at most 2 blocks.*\n.*Job \d+ to start at/);
      expect(check.code).toBe(0);
      const refused = await run("check", path, "--set", "partition=nope");
      expect(refused.code).toBe(3);
      expect(refused.output).toMatch(/sbatch would refuse the block/);
      const probe = await run("probe", path);
      expect(probe.output).toMatch(/node {6}n[12], job \d+/);
      expect(probe.output).toMatch(/driver {4}127\.0\.0\.1:\d+ reached/);
      expect(probe.code).toBe(0);
      expect(filesUnder(folder).filter((path) => path.includes("lambda-hat-probe"))).toEqual([]);
    });
  },
);
