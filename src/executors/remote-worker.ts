/**
 * A worker on any host: takes tasks of one sweep over Redis for its slots, tells that it lives, and leaves in time.
 *
 * starting    connects, reads the rules of the sweep, sends the first heartbeat
 * working     slots take tasks that fit its remaining life; leases are renewed; lost ones of others are entered
 * draining    on request, before its allocation ends, or when idle for too long: takes nothing new, running tasks
 *             checkpoint and are given back free of charge
 * ended       the sweep is over or everything is given back; connection closed, heartbeat removed
 */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { LocalCard } from "../cards/card.ts";
import { systemClock } from "../core/clock.ts";
import { SweepError } from "../core/errors.ts";
import type { Task, TaskKind } from "../plan/task.ts";
import { endConnection, type RedisClient } from "../queue/redis/connection/connect-redis.ts";
import type { RedisAddress } from "../queue/redis/connection/redis-address.ts";
import { workerLooksEveryMs, workerSpreadMs } from "../queue/redis/leases/lease-times.ts";
import { RedisTaskSource } from "../queue/redis/leases/redis-task-source.ts";
import type { SweepStore } from "../queue/redis/sweep-store.ts";
import { heartbeatEveryMs, heartbeatVersion, type WorkerHeartbeat } from "../queue/worker-heartbeat.ts";
import { joinSweep } from "./join-sweep.ts";
import { LocalExecutor, type LocalExecutorOptions } from "./local-executor.ts";
import { RedisOutage } from "./redis-outage.ts";

/** What a worker is started with. */
export interface RemoteWorkerOptions {
  readonly address: RedisAddress;
  /** File that the driver removes with its Redis; null: none. */
  readonly connectionFile: string | null;
  readonly sweepId: string;
  readonly slots: number;
  readonly threads: number;
  readonly memoryMiB: number | null;
  /** Kinds of task that it takes; null: all. */
  readonly serves: readonly TaskKind[] | null;
  /** Shell lines before each task process; empty: none. */
  readonly workerInit: string;
  /** Who started it, and in which SLURM job. */
  readonly block: string;
  readonly slurmJob: string | null;
  readonly node: string;
  /** End of its allocation, milliseconds since 1970; null: none. */
  readonly endsAt: number | null;
  readonly drainBeforeSec: number;
  /** Leaves when it had nothing to do for so long; null: stays until the sweep is over. */
  readonly idleExitSec: number | null;
  readonly graceSec: number;
  /** Slot k sees the k-th of these; null: every slot sees what the worker sees. */
  readonly gpus: readonly string[] | null;
  /** Instead of the folders that the driver named. */
  readonly storeRoot: string | null;
  readonly logsRoot: string | null;
  /** Knows what is done in the store at a path. */
  readonly resultsIn: (storeRoot: string) => {
    readonly isDone: (task: Task, since: number | null) => boolean;
    readonly answerLeftBy: LocalExecutorOptions["answerLeftBy"];
  };
  /** See `redis-outage.ts`; default 10 minutes. */
  readonly maxAwayMs?: number;
  readonly say: (words: string) => void;
  /** First signal: drain. Second: end the task processes now. */
  readonly drain: AbortSignal;
  readonly kill: AbortSignal;
}

const watchEveryMs = 500;

/** Works until there is nothing more to do here. @throws SweepError `ENVIRONMENT`, `USAGE`. */
export const runRemoteWorker = async (options: RemoteWorkerOptions): Promise<void> => {
  const joined = await joinSweep(options);
  if (joined === null) return;
  const { client, store, stored } = joined;
  const subscriber = client.duplicate();
  subscriber.on("error", () => {}); // the main connection tells
  try {
    if (stored.phase === "finished") {
      options.say(`sweep ${options.sweepId} has ended`);
      return;
    }
    const storeRoot = options.storeRoot ?? stored.rules.storeRoot;
    if (storeRoot === null) throw noStore();
    const results = options.resultsIn(storeRoot);
    const source = new RedisTaskSource({ client, store, clock: systemClock, isDone: results.isDone });
    const worker = new RemoteWorker(options, source, { store, client, subscriber });
    await worker.run(async () => {
      while (!(await source.attach())) await sleep(500); // lost in between; the driver puts it back
      subscriber.on("message", (_, message) => worker.hear(message));
      await subscriber.subscribe(store.channel);
      return new LocalExecutor({
        card: cardOf(options, worker.id),
        sweep: { id: options.sweepId, doneSince: source.rules.doneSince },
        storeRoot,
        logsRoot: options.logsRoot ?? stored.rules.logsRoot,
        ...(results.answerLeftBy === undefined ? {} : { answerLeftBy: results.answerLeftBy }),
        renewEveryMs: source.rules.leaseMs / 4,
        remainingSec: () => worker.remainingSec,
        environmentOf: (slot) => environmentOf(options.gpus, slot),
      });
    });
  } finally {
    subscriber.disconnect();
    client.disconnect();
  }
};

/** What a worker has of its Redis. */
interface Connections {
  readonly client: RedisClient;
  readonly store: SweepStore;
  /** Hears the sweep's channel. */
  readonly subscriber: RedisClient;
}

class RemoteWorker {
  readonly id: string;
  readonly #options: RemoteWorkerOptions;
  readonly #source: RedisTaskSource;
  readonly #redis: Connections;
  readonly #outage: RedisOutage;
  readonly #startedAt = Date.now();
  #executor: LocalExecutor | null = null;
  #isDraining = false;
  #busyAt = Date.now();
  #isAbandoned = false;

  constructor(options: RemoteWorkerOptions, source: RedisTaskSource, redis: Connections) {
    this.#options = options;
    this.#source = source;
    this.#redis = redis;
    this.#outage = new RedisOutage(redis.client, options);
    this.id = `${options.node}/${process.pid}/${randomBytes(2).toString("hex")}`;
  }

  /** Seconds in which a task must have ended; null: no limit. */
  get remainingSec(): number | null {
    const { endsAt, drainBeforeSec } = this.#options;
    return endsAt === null ? null : Math.max(0, (endsAt - Date.now()) / 1000 - drainBeforeSec);
  }

  /** A message on the sweep's channel. */
  hear(message: string): void {
    if (message === `drain ${this.id}`) this.#drain("asked to leave");
    else void this.#source.hear(message).catch(() => {});
  }

  /** `open` makes the executor, with the rules of the sweep in hand; Redis may go away from here on. */
  async run(open: () => Promise<LocalExecutor>): Promise<void> {
    const { drain, kill } = this.#options;
    const onDrain = (): void => this.#drain(String(drain.reason));
    const onKill = (): void => {
      this.#executor?.kill();
      if (this.#isAbandoned) this.#disconnect();
    };
    drain.addEventListener("abort", onDrain);
    kill.addEventListener("abort", onKill);
    if (drain.aborted) onDrain();
    const watch = setInterval(() => this.#watch(), watchEveryMs);
    try {
      await this.#work(await open());
    } catch (error) {
      if (!this.#isAbandoned) throw error;
    } finally {
      clearInterval(watch);
      drain.removeEventListener("abort", onDrain);
      kill.removeEventListener("abort", onKill);
      await this.#source.close();
    }
  }

  async #work(executor: LocalExecutor): Promise<void> {
    this.#executor = executor;
    const { say, slots } = this.#options;
    const life = this.remainingSec;
    const lifeText = life === null ? "" : `, ${Math.round(life)} s for tasks`;
    say(`worker ${this.id}: ${executor.description}${lifeText}`);
    for (const warning of executor.warnings) say(`warning: ${warning}`);
    await this.#beat();
    if (this.#isDraining) executor.drain();
    const lookEveryMs = workerLooksEveryMs + Math.random() * workerSpreadMs;
    const timers = [
      setInterval(() => void this.#beat().catch(() => {}), heartbeatEveryMs),
      setInterval(() => void this.#source.reap().catch(() => {}), lookEveryMs),
    ];
    try {
      await executor.run(this.#source);
    } finally {
      for (const timer of timers) clearInterval(timer);
      if (!this.#isAbandoned) await this.#redis.store.forgetWorker(this.id);
    }
    say(`worker ${this.id}: ${this.#isDraining ? "drained" : "nothing more to do"}, ${slots} slots closed`);
  }

  /** Leaves before the allocation ends, or after having been idle for long. */
  #watch(): void {
    const { idleExitSec } = this.#options;
    const now = Date.now();
    if (this.#source.taskIds.length > 0) this.#busyAt = now;
    if (this.remainingSec === 0) this.#drain("the allocation is about to end");
    else if (this.#isLeftAlone(now)) this.#abandon();
    else if (idleExitSec !== null && now - this.#busyAt > idleExitSec * 1000)
      this.#drain(`idle for ${idleExitSec} s`);
  }

  /** True if Redis is gone, and this worker need not wait for it. */
  #isLeftAlone(now: number): boolean {
    const mustLeave = this.#options.kill.aborted;
    return this.#outage.isTooLong(now, {
      isIdle: mustLeave || (this.#executor?.numRunning ?? 0) === 0,
      hasNothingToTell: mustLeave || (this.#isDraining && this.#source.taskIds.length === 0),
    });
  }

  /** Tasks checkpoint, as far as they can in time; calls that wait for Redis end with its connection. */
  #abandon(): void {
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.#options.say(`worker ${this.id}: Redis is gone; leaving`);
    this.#executor?.drain();
    const hasTime = (this.#executor?.numRunning ?? 0) > 0 && !this.#options.kill.aborted;
    const graceMs = hasTime ? this.#options.graceSec * 1000 : 0;
    setTimeout(() => {
      this.#executor?.kill();
      this.#disconnect();
    }, graceMs);
  }

  #disconnect(): void {
    endConnection(this.#redis.subscriber);
    endConnection(this.#redis.client);
  }

  #drain(reason: string): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#options.say(`worker ${this.id}: draining (${reason})`);
    this.#executor?.drain();
    void this.#beat().catch(() => {});
  }

  async #beat(): Promise<void> {
    const { block, slurmJob, node, slots, serves, endsAt, drainBeforeSec } = this.#options;
    const tasks = this.#source.taskIds;
    const heartbeat: WorkerHeartbeat = {
      v: heartbeatVersion,
      id: this.id,
      block,
      slurm_job: slurmJob,
      node,
      host: hostname(),
      pid: process.pid,
      slots,
      busy: tasks.length,
      serves,
      started_at: this.#startedAt,
      seen_at: Date.now(),
      ends_at: endsAt,
      takes_until: endsAt === null ? null : endsAt - drainBeforeSec * 1000,
      state: this.#isDraining ? "draining" : "working",
      tasks,
    };
    await this.#redis.store.beat(heartbeat);
  }
}

const cardOf = (options: RemoteWorkerOptions, label: string): LocalCard => ({
  type: "local",
  label,
  executors: [
    {
      label,
      slots: options.slots,
      threadsPerTask: options.threads,
      memoryMiB: options.memoryMiB,
      serves: options.serves,
      workerInit: options.workerInit,
      env: {},
    },
  ],
  retries: null,
  crashLimit: 0, // the sweep's own rules count
  graceSec: options.graceSec,
  runDir: null,
});

const environmentOf = (gpus: readonly string[] | null, slot: number): Readonly<Record<string, string>> => {
  const gpu = gpus?.[slot];
  return gpu === undefined ? {} : { CUDA_VISIBLE_DEVICES: gpu };
};

const noStore = (): SweepError =>
  new SweepError(
    "USAGE",
    "the driver named no store that other hosts can reach; expected --store-root with the folder of the runs.",
  );
