/**
 * How often an hour of a sweep calls SLURM's commands: the fleet of blocks and the allocator of the program, against a SLURM
 * and workers of this process whose clock is moved by hand, one second a step. No command is run and nothing is waited for.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SlurmCard } from "../src/cards/card.ts";
import { loadCard } from "../src/cards/load-card.ts";
import { BlockLedger } from "../src/executors/pilots/block-ledger.ts";
import { PilotFleet } from "../src/executors/pilots/pilot-fleet.ts";
import type { CommandEnd, RunCommand } from "../src/executors/pilots/run-command.ts";
import { SlurmAllocator } from "../src/executors/slurm-allocator.ts";
import { heartbeatVersion, type WorkerHeartbeat } from "../src/queue/worker-heartbeat.ts";

/** What the hour is like. */
interface Hour {
  readonly what: string;
  readonly sets: readonly string[];
  /** Seconds in the scheduler's queue. */
  readonly waitSec: number;
}

const hours: readonly Hour[] = [
  { what: "8 blocks that work the whole hour", sets: ["max_blocks=8"], waitSec: 60 },
  {
    what: "8 blocks of 20 minutes, each after 5 minutes of waiting",
    sets: ["max_blocks=8", "walltime=00:20:00"],
    waitSec: 300,
  },
  { what: "the cluster is full: nothing starts", sets: ["max_blocks=8"], waitSec: 1e6 },
];
const warmUpSec = 3600;
const workerStartSec = 10;

/** Prints the calls of each kind of hour with their target. */
export const runSlurmBenchmark = async (): Promise<void> => {
  for (const hour of hours) {
    const calls = await callsOf(hour);
    const numSubmitted = calls.get("sbatch") ?? 0;
    const numCancelled = calls.get("scancel") ?? 0;
    const numAsked = [...calls.values()].reduce((sum, count) => sum + count, 0) - numSubmitted - numCancelled;
    const figure = `${numAsked} status, ${numSubmitted} sbatch, ${numCancelled} scancel /h`;
    console.log(`${hour.what.padEnd(58)} ${figure.padStart(36)}   target ≤ 60 status calls/h`);
  }
};

/** Calls by program in the second hour of a sweep that always has work. */
const callsOf = async ({ sets, waitSec }: Hour): Promise<ReadonlyMap<string, number>> => {
  const { card } = loadCard("slurm/gpu-a100", { sets: [...sets] });
  if (card.type !== "slurm") throw new Error("bug: not a SLURM card");
  const folder = mkdtempSync(join(tmpdir(), "lambda-hat-bench-"));
  try {
    const slurm = new SimulatedSlurm(card, { waitSec, folder });
    const fleet = new PilotFleet({
      card,
      sweepId: "swp_00000be4c400",
      allocator: new SlurmAllocator(card, slurm.run),
      pool: { workers: () => Promise.resolve(slurm.heartbeats()), requestDrain: () => Promise.resolve() },
      ledger: new BlockLedger(folder, card.label),
      program: { node: "/usr/bin/node", main: "/opt/main.js", connection: "/opt/redis.json" },
      workingFolder: folder,
      statusEveryMs: card.status.intervalSec * 1000,
      now: () => slurm.now,
      onBlock: () => {},
      warn: (message) => console.log(`warning: ${message}`),
    });
    fleet.load();
    for (let second = 0; second < warmUpSec + 3600; second++) {
      if (second === warmUpSec) slurm.calls.clear();
      slurm.step();
      await fleet.observe(slurm.heartbeats());
      await fleet.scale({ tasks: 10_000, otherSlots: 0 }, false);
    }
    return slurm.calls;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

interface Job {
  readonly id: number;
  readonly name: string;
  readonly startsAt: number;
  readonly endsAt: number;
}

/** A scheduler that starts each job after the same time and lets it run to its walltime, with one busy worker in it. */
class SimulatedSlurm {
  readonly calls = new Map<string, number>();
  now = 1e12;
  readonly #card: SlurmCard;
  readonly #waitSec: number;
  readonly #folder: string;
  #jobs: Job[] = [];
  #nextId = 1;

  constructor(card: SlurmCard, { waitSec, folder }: { waitSec: number; folder: string }) {
    this.#card = card;
    this.#waitSec = waitSec;
    this.#folder = folder;
  }

  /** A second passes; scripts of jobs that end leave their last line. */
  step(): void {
    this.now += 1000;
    for (const job of this.#jobs)
      if (job.endsAt <= this.now && job.endsAt > this.now - 1000)
        writeFileSync(join(this.#folder, `${blockOf(job)}.exit`), "0 worker n1 USR1\n");
  }

  readonly run: RunCommand = async ([program = "", ...args], { input = "" }) => {
    this.calls.set(program, (this.calls.get(program) ?? 0) + 1);
    if (program === "sbatch") return answer(String(this.#submit(input)));
    if (program === "squeue") return answer(this.#table(300));
    if (program === "sacct") return answer(this.#table(Number.POSITIVE_INFINITY));
    if (program === "scancel")
      this.#jobs = this.#jobs.map((job) =>
        args.includes(String(job.id)) ? { ...job, endsAt: Math.min(job.endsAt, this.now) } : job,
      );
    return answer("");
  };

  heartbeats(): readonly WorkerHeartbeat[] {
    return this.#jobs
      .filter(({ startsAt, endsAt }) => startsAt + workerStartSec * 1000 <= this.now && this.now < endsAt)
      .map((job) => this.#heartbeatOf(job));
  }

  #heartbeatOf(job: Job): WorkerHeartbeat {
    const { slots } = this.#card.worker;
    return {
      v: heartbeatVersion,
      id: `n1/${job.id}/0000`,
      block: blockOf(job),
      slurm_job: String(job.id),
      node: "n1",
      host: "n1",
      pid: job.id,
      slots,
      busy: slots,
      serves: null,
      started_at: job.startsAt,
      seen_at: this.now,
      ends_at: job.endsAt,
      takes_until: job.endsAt - this.#card.drainBeforeSec * 1000,
      state: this.now > job.endsAt - this.#card.drainBeforeSec * 1000 ? "draining" : "working",
      tasks: [],
    };
  }

  #submit(script: string): number {
    const id = this.#nextId++;
    const name = /^#SBATCH --job-name=(\S+)/m.exec(script)?.[1] ?? "";
    const startsAt = this.now + this.#waitSec * 1000;
    const life = this.#card.walltimeSec ?? Number.POSITIVE_INFINITY;
    this.#jobs.push({ id, name, startsAt, endsAt: startsAt + life * 1000 });
    return id;
  }

  /** In the form of `squeueFormat`, which `sacctFormat` shares; jobs that ended longer ago than `keptSec` are left out. */
  #table(keptSec: number): string {
    return this.#jobs
      .filter(({ endsAt }) => this.now - endsAt < keptSec * 1000)
      .map(({ id, name, startsAt, endsAt }) => {
        if (this.now < startsAt) return `${id}|${name}|PENDING||Resources`;
        return `${id}|${name}|${this.now < endsAt ? "RUNNING" : "COMPLETED"}|n1|None`;
      })
      .join("\n");
  }
}

const blockOf = ({ name }: Job): string => name.slice(name.lastIndexOf(".") + 1);

const answer = (stdout: string): CommandEnd => ({ kind: "exited", code: 0, stdout, stderr: "" });
