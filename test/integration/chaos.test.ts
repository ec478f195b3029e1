/**
 * A sweep on SLURM of which every part is killed at random times ends complete, in the bytes of an undisturbed one, and does
 * nothing finished twice.
 *
 * Times and victims come from a seeded generator (LAMBDA_HAT_CHAOS_SEED); what they hit depends on the machine, which is the
 * point. Here each kind dies once; `chaos.slow.test.ts` kills each ten times.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SweepEvent } from "../../src/queue/sweep-event.ts";
import {
  hasMainScript,
  type StartedCommand,
  startIn,
  startSweepIn,
  sweepEventsIn,
  traceDigestsIn,
} from "../support/card-sweep.ts";
import {
  type Battlefield,
  driverOf,
  hurryJobs,
  type Kill,
  killOne,
  leftProcessesOf,
  type Victim,
  victims,
} from "../support/chaos.ts";
import { comparableTable } from "../support/comparable-table.ts";
import { generator } from "../support/generator.ts";
import { until } from "../support/processes.ts";
import { hasRedisServer } from "../support/redis-server.ts";
import { hasSlurm, type SlurmCluster, startSlurm } from "../support/slurm-cluster.ts";
import { contentsOf } from "../support/sweep-folder.ts";

const isSlow = process.env["LAMBDA_HAT_SLOW"] === "1";
const killsOfEach = isSlow ? 10 : 1;
const killsOfSweep = isSlow ? 14 : victims.length;
const seed = Number(process.env["LAMBDA_HAT_CHAOS_SEED"] ?? 1);

/** 4 targets × 6 samplers, each run some two seconds. */
const experiment = `
posterior: { gamma: 100 }
targets:
  - { model: small, data: tiny, training: quick, seed: 42..45 }
samplers:
  - { name: hmc, overrides: { draws: 12000, warmup: 100, thinning: 10 } }
  - { name: hmc, seed: 7, overrides: { draws: 12000, warmup: 100, thinning: 10 } }
  - { name: mclmc, overrides: { draws: 12000, num_steps: 2000 } }
  - { name: sgld, overrides: { steps: 240000, eval_every: 20 } }
  - { name: sgld, overrides: { steps: 240000, eval_every: 20, precond: rmsprop } }
  - { name: vi, overrides: { M: 2, r: 1, steps: 6000, batch_size: 16 } }
`;
/** A worker a core; a lost one costs a task nothing of its budget. */
const card = `
type: slurm
label: pilot
cores_per_node: 1
mem_per_node: 1
walltime: 30
max_blocks: 8
backlog: 4
crash_limit: 1000
submit: { min_interval: 0.2 }
redis: { interface: 127.0.0.1 }
`;

const manifests = ["manifest.json", "meta.json"];

/** Seconds from the death of a worker until a task that it had was free for others, and until it ran elsewhere. */
interface Recovery {
  readonly free: number;
  readonly elsewhere: number;
}

/**
 * Of every task that a killed worker had, but for those that had the driver or Redis killed as well before they were free: the
 * promise is for one loss at a time. When a task runs depends on how many others wait too.
 */
const recoveriesFrom = (kills: readonly Kill[], events: readonly SweepEvent[]): readonly Recovery[] => {
  const started = events.filter((event) => event.kind === "task_started");
  return kills.flatMap(({ workers, time }) =>
    started.flatMap(({ taskId, attempt, worker, time: startedAt }): readonly Recovery[] => {
      if (startedAt > time || !workers.some((pid) => worker.includes(`/${pid}/`))) return [];
      const own = events.filter((event) => "taskId" in event && event.taskId === taskId);
      const wasOver = own.some(
        (event) =>
          (event.kind === "task_done" || event.kind === "given_back") &&
          event.attempt === attempt &&
          event.time <= time,
      );
      const later = own.filter((event) => event.time > time);
      const free = later.find(({ kind }) => kind === "task_ready" || kind === "task_started");
      const next = later.find(({ kind }) => kind === "task_started");
      if (wasOver || free === undefined || next === undefined) return [];
      const isAlone = !kills.some((kill) => isOfQueue(kill) && kill.time > time && kill.time < free.time);
      return isAlone ? [{ free: (free.time - time) / 1000, elsewhere: (next.time - time) / 1000 }] : [];
    }),
  );
};

/** The last of a sweep is a worker while there is one, so that what comes after it can be measured. */
const nextVictim = (waiting: readonly Victim[], isLast: boolean, random: () => number): Victim => {
  const others = waiting.filter((victim) => victim !== "worker");
  const numWorkers = waiting.length - others.length;
  if (numWorkers > 0 && (isLast || others.length === 0)) return "worker";
  const candidates = numWorkers === 1 ? others : waiting;
  return candidates[Math.floor(random() * candidates.length)] as Victim;
};

const isOfQueue = ({ victim }: Kill): boolean =>
  victim === "driver" || victim === "redis" || victim === "redis_data";

const listOf = (seconds: readonly number[]): string => seconds.map((value) => value.toFixed(1)).join(", ");

describe.skipIf(!hasSlurm || !hasRedisServer || !hasMainScript)(
  "chaos (needs SLURM's daemons, redis-server and a build)",
  () => {
    const reference = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
    let slurm: SlurmCluster;
    let env: NodeJS.ProcessEnv = {};
    const commands: StartedCommand[] = [];

    beforeAll(async () => {
      slurm = await startSlurm();
      env = { ...slurm.env, NO_COLOR: "1", LAMBDA_HAT_CHECKPOINT_SEC: "0.2" };
      const local = startSweepIn(reference, experiment, { args: ["--local"] });
      expect(await local.ended).toMatchObject({ code: 0 });
    }, 240_000);
    afterAll(async () => {
      for (const { child } of commands) if (child.exitCode === null) child.kill("SIGTERM");
      await Promise.all(commands.map(({ ended }) => ended));
      await slurm.stop();
      rmSync(reference, { recursive: true, force: true });
    }, 60_000);

    /** Starts the sweep, or goes on with it by one of the two ways. */
    const start = ({ place, random }: Battlefield, isFirst: boolean): StartedCommand => {
      const isResumed = !isFirst && random() < 0.5;
      const command = isResumed
        ? startIn(place, ["resume"], env)
        : startSweepIn(place, experiment, { args: ["--card", "card.yaml"], env });
      commands.push(command);
      return command;
    };

    /** Manifests are written once: what is finished is not done again. */
    const expectNothingRewritten = (place: string, seen: Map<string, Buffer>): void => {
      const now = contentsOf(place, manifests);
      for (const [path, bytes] of seen)
        expect(now.get(path)?.equals(bytes), `${path} is as it was`).toBe(true);
      for (const [path, bytes] of now) seen.set(path, bytes);
    };

    /** One sweep, killed until it has ended or its kills are spent; takes its victims from `waiting`. */
    const storm = async (field: Battlefield, waiting: Victim[], kills: Kill[]): Promise<void> => {
      const { place, random } = field;
      const seen = new Map<string, Buffer>();
      let command = start(field, true);
      await until(
        "a task runs",
        () => sweepEventsIn(place).some(({ kind }) => kind === "task_started"),
        60_000,
      );
      const last = kills.length + killsOfSweep;
      while (kills.length < last && command.child.exitCode === null && waiting.length > 0) {
        await sleep(500 + 2000 * random());
        hurryJobs(field);
        const victim = nextVictim(waiting, kills.length === last - 1, random);
        const kill = await killOne(victim, field);
        if (kill === null) continue;
        waiting.splice(waiting.indexOf(victim), 1);
        kills.push(kill);
        if (kill.victim === "driver") {
          await command.ended;
          await sleep(2000 * random());
          command = start(field, false);
        }
        expectNothingRewritten(place, seen);
      }
      const hurry = setInterval(() => hurryJobs(field), 2000);
      const end = await command.ended.finally(() => clearInterval(hurry));
      expect(end.output).toContain("24 rows, 24 ok");
      expect(end.code).toBe(0);
      expectNothingRewritten(place, seen);
    };

    const expectWhole = async (place: string): Promise<void> => {
      expect(traceDigestsIn(place)).toEqual(traceDigestsIn(reference));
      const [table, expected] = await Promise.all([place, reference].map(rowsOf));
      expect(table).toEqual(expected);
      const done = new Set<string>();
      for (const event of sweepEventsIn(place)) {
        if (event.kind === "task_done") done.add(event.taskId);
        if (event.kind === "task_started") expect([...done]).not.toContain(event.taskId);
      }
      expect(driverOf(place)).toBeNull();
      await until("nothing of it runs", () => leftProcessesOf(place).length === 0);
      await until("no job is left", () => slurm.run("squeue", "-h", "-t", "PD,R,CF").trim() === "", 60_000);
    };

    /** A driver that goes on calls what another has finished cached. */
    const rowsOf = async (place: string): Promise<readonly unknown[]> =>
      (await comparableTable(place)).rows.map((row) => ({ ...row, is_cached: null }));

    it(
      `a sweep of which every kind of part is killed, ${victims.length * killsOfEach} kills, ends complete and repeats nothing finished`,
      async () => {
        const random = generator(seed);
        const waiting = victims.flatMap((victim) => Array<Victim>(killsOfEach).fill(victim));
        const kills: Kill[] = [];
        const recoveries: Recovery[] = [];
        while (waiting.length > 0) {
          const place = mkdtempSync(join(tmpdir(), "lambda-hat-chaos-"));
          writeFileSync(join(place, "card.yaml"), card);
          const first = kills.length;
          try {
            await storm({ slurm, place, random }, waiting, kills);
            await expectWhole(place);
          } catch (error) {
            const list = kills
              .slice(first)
              .map(({ time, victim, what }) => `${new Date(time).toISOString()} ${victim}: ${what}`);
            throw new Error(`seed ${seed}, in ${place}, after\n${list.join("\n")}\n${String(error)}`, {
              cause: error,
            });
          }
          if (kills.length === first) throw new Error("nothing could be killed");
          recoveries.push(...recoveriesFrom(kills.slice(first), sweepEventsIn(place)));
          rmSync(place, { recursive: true, force: true });
        }
        const counts = victims.map(
          (victim) => `${kills.filter((kill) => kill.victim === victim).length} ${victim}`,
        );
        const free = recoveries.map((recovery) => recovery.free);
        const elsewhere = recoveries.map((recovery) => recovery.elsewhere);
        const longest =
          recoveries.length === 0
            ? "no task was lost with a worker"
            : `tasks of killed workers were free after ${listOf(free)} s (at most 60), and ran elsewhere after ${listOf(elsewhere)} s`;
        process.stderr.write(`chaos, seed ${seed}: ${counts.join(", ")}; ${longest}\n`);
        expect(Math.max(0, ...free)).toBeLessThanOrEqual(60);
        if (isSlow) expect(recoveries).not.toEqual([]);
      },
      (isSlow ? 60 : 6) * 60_000,
    );
  },
);
