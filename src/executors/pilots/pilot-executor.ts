/**
 * Runs the tasks of a sweep in workers that it starts elsewhere: pilots. It takes no task itself; workers take them from
 * the broker. It keeps as many blocks as the demand asks for, until every task is final, and then ends them all.
 */
import type { PilotCard } from "../../cards/card.ts";
import { messageOf, SweepError } from "../../core/errors.ts";
import type { TaskKind } from "../../plan/task.ts";
import { isFinal } from "../../plan/task-state.ts";
import type { Broker, TaskRecord } from "../../queue/broker.ts";
import type { WorkerHeartbeat, WorkerPool } from "../../queue/worker-heartbeat.ts";
import type { Executor } from "../executor.ts";
import type { Allocator } from "./allocator.ts";
import { BlockLedger } from "./block-ledger.ts";
import { type BlockEvent, PilotFleet } from "./pilot-fleet.ts";
import type { Demand } from "./scaling.ts";
import { describeWorker, type WorkerProgram } from "./worker-script.ts";

/** What a pilot executor needs of its surroundings. */
export interface PilotExecutorOptions {
  readonly card: PilotCard;
  readonly sweepId: string;
  readonly allocator: Allocator;
  readonly pool: WorkerPool;
  readonly program: WorkerProgram;
  /** Folder for scripts, output and list of blocks; absolute, seen by all nodes. */
  readonly blocksFolder: string;
  readonly workingFolder: string;
  readonly onBlock: (event: BlockEvent) => void;
  readonly warn: (message: string) => void;
  /** Time between two looks; for tests. */
  readonly tickMs?: number;
  /** Milliseconds since 1970; default: the machine's clock. */
  readonly now?: () => number;
}

/** Demand is counted anew at least so often, and after events at most once a tick. */
const countEveryMs = 5000;
const defaultTickMs = 1000;
/** Workers that know that the sweep is over have so long to leave by themselves before their blocks are cancelled. */
const leaveMs = 10_000;

/** The workers of one card, as an executor. */
export class PilotExecutor implements Executor {
  readonly description: string;
  readonly numSlots: number;
  readonly warnings: readonly string[] = [];
  readonly #options: PilotExecutorOptions;
  readonly #fleet: PilotFleet;
  readonly #kill = new AbortController();
  readonly #over = new AbortController();
  readonly #killed = new Promise<null>((resolve) => {
    this.#kill.signal.addEventListener("abort", () => resolve(null));
  });
  #isDraining = false;
  #isDrainAsked = false;
  #countedAt = Number.NEGATIVE_INFINITY;
  #isChanged = true;
  #tasks = 0;
  /** True once the user knows that the queue is away. */
  #isMute = false;

  constructor(options: PilotExecutorOptions) {
    this.#options = options;
    const { card, allocator, sweepId, pool, program, workingFolder, onBlock, warn } = options;
    this.#fleet = new PilotFleet({
      card,
      sweepId,
      allocator,
      pool,
      program,
      workingFolder,
      onBlock,
      warn,
      ledger: new BlockLedger(options.blocksFolder, card.label),
      statusEveryMs: statusEveryMsOf(card),
      now: options.now ?? Date.now,
    });
    const { max } = card.blocks;
    this.numSlots = card.worker.slots * card.nodesPerBlock * max;
    this.description = `${card.label}: at most ${max} block${max === 1 ? "" : "s"} of ${describeWorker(card)} (${allocator.description})`;
  }

  async run(broker: Broker): Promise<void> {
    const unsubscribe = broker.subscribe((event) => {
      this.#isChanged = true;
      if (event.kind === "sweep_done") this.#over.abort();
    });
    this.#fleet.load();
    try {
      while (!this.#isOver) {
        await this.#step(broker);
        if (!this.#isOver) await this.#pause(this.#options.tickMs ?? defaultTickMs);
      }
      if (!this.#kill.signal.aborted) await this.#letLeave(broker);
    } finally {
      unsubscribe();
      await this.#fleet.end();
    }
  }

  drain(): void {
    this.#isDraining = true;
  }

  kill(): void {
    this.#kill.abort();
  }

  get #isOver(): boolean {
    const isEmpty = this.#isDrainAsked && this.#fleet.blocks.length === 0;
    return this.#over.signal.aborted || this.#kill.signal.aborted || isEmpty;
  }

  async #step(broker: Broker): Promise<void> {
    const heartbeats = await this.#news(broker);
    if (heartbeats === null || this.#isOver) return;
    await this.#fleet.observe(heartbeats);
    if (this.#isDraining && !this.#isDrainAsked) {
      this.#isDrainAsked = true;
      await this.#fleet.drain(heartbeats);
    }
    const demand: Demand = { tasks: this.#tasks, otherSlots: this.#otherSlots(heartbeats) };
    if (!this.#isOver) await this.#fleet.scale(demand, this.#isDraining);
    this.#giveUpIfStuck(demand);
  }

  /** What the queue says; null while it says nothing. A Redis that is away for a while ends no sweep. */
  async #news(broker: Broker): Promise<readonly WorkerHeartbeat[] | null> {
    try {
      const asked = this.#count(broker).then(() => this.#options.pool.workers());
      asked.catch(() => {}); // after a kill nobody waits for it
      return await Promise.race([asked, this.#killed]);
    } catch (error) {
      const message = `the queue does not answer: ${messageOf(error)}. Blocks stay as they are until it does.`;
      if (!this.#isMute) this.#options.warn(message);
      this.#isMute = true;
      return null;
    }
  }

  async #count(broker: Broker): Promise<void> {
    if (!this.#isChanged && Date.now() - this.#countedAt < countEveryMs) return;
    this.#isChanged = false;
    this.#countedAt = Date.now();
    const records = await broker.records();
    if (records.every(({ state }) => isFinal(state))) this.#over.abort();
    this.#tasks = records.filter((record) => isDemand(record, this.#options.card.worker.serves)).length;
  }

  #otherSlots(heartbeats: readonly WorkerHeartbeat[]): number {
    const own = new Set(this.#fleet.blocks.map(({ name }) => name));
    const { serves } = this.#options.card.worker;
    return heartbeats
      .filter(({ block, state }) => !own.has(block) && state === "working")
      .filter((worker) => haveCommon(worker.serves, serves))
      .reduce((sum, { slots }) => sum + slots, 0);
  }

  /** @throws SweepError `ENVIRONMENT` when work waits and nobody will ever do it. */
  #giveUpIfStuck(demand: Demand): void {
    const { stopped } = this.#fleet;
    const isStuck = stopped !== null && !this.#fleet.isOfUse && demand.otherSlots === 0 && demand.tasks > 0;
    if (!isStuck || this.#isOver) return;
    throw new SweepError("ENVIRONMENT", `card "${this.#options.card.label}": ${stopped}`);
  }

  async #letLeave(broker: Broker): Promise<void> {
    const end = Date.now() + leaveMs;
    while (this.#fleet.blocks.some(({ slots }) => slots > 0) && Date.now() < end) {
      const heartbeats = await this.#news(broker);
      if (heartbeats === null) return;
      await this.#fleet.observe(heartbeats);
      await this.#pause(200);
    }
  }

  /** Ends early when there is news about the end. */
  async #pause(ms: number): Promise<void> {
    const signals = [this.#kill.signal, this.#over.signal].filter(({ aborted }) => !aborted);
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        for (const signal of signals) signal.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      for (const signal of signals) signal.addEventListener("abort", wake);
    });
  }
}

/** SLURM is asked as often as its card says; processes of a command are looked at every second. */
const statusEveryMsOf = (card: PilotCard): number =>
  card.type === "slurm" ? card.status.intervalSec * 1000 : 1000;

const isDemand = ({ state, task }: TaskRecord, serves: readonly TaskKind[] | null): boolean =>
  (state === "ready" || state === "running") && (serves === null || serves.includes(task.kind));

const haveCommon = (a: readonly TaskKind[] | null, b: readonly TaskKind[] | null): boolean =>
  a === null || b === null || a.some((kind) => b.includes(kind));
