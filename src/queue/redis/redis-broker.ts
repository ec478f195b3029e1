/**
 * The broker over Redis, as the driver of a sweep has it. Workers in other processes take and end tasks by themselves
 * (`RedisTaskSource`); this one keeps the books from what they tell, cancels, and heals (`SweepDriver`).
 *
 * Everything that changes the books happens one after the other, in turns.
 */
import type { Redis } from "ioredis";
import type { Json } from "../../core/canonical-json.ts";
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Broker, Lease, LeaseRequest, SubmitOptions, TaskRecord } from "../broker.ts";
import type { TaskFailure } from "../failure.ts";
import type { SweepEvent } from "../sweep-event.ts";
import type { Progress } from "../task-messages.ts";
import type { WorkerHeartbeat, WorkerPool } from "../worker-heartbeat.ts";
import { endConnection } from "./connection/connect-redis.ts";
import { SweepDriver, type SweepDriverOptions } from "./driver/sweep-driver.ts";
import { defaultLeaseMs, driverLooksEveryMs } from "./leases/lease-times.ts";
import type { RedisTaskSource } from "./leases/redis-task-source.ts";

/** Connection and rules of one sweep. */
export interface RedisBrokerOptions {
  /** Closed by its owner, or by `abandon`. */
  readonly client: Redis;
  readonly clock: Clock;
  /** A lease that is not renewed for so long is lost. Default 30 s. */
  readonly leaseMs?: number;
  /** Where workers on other hosts find the store and the logs: absolute paths on a shared file system. */
  readonly storeRoot?: string | null;
  readonly logsRoot?: string | null;
  /** True if a valid result of the task, not older than `since`, is on disk. Default: never. */
  readonly isDone?: SweepDriverOptions["isDone"];
  /** Results written before the sweep do not count (`--no-skip`). */
  readonly ignoreOldResults?: boolean;
}

/** What remote workers tell is read so often. */
const readEveryMs = 100;
/** Of the times that Redis is looked after, it is compared with plan and disk every so many. */
const reconcileEvery = 12;

/** One sweep in Redis, driven from here. */
export class RedisBroker implements Broker, WorkerPool {
  readonly #options: RedisBrokerOptions;
  readonly #listeners = new Set<(event: SweepEvent) => void>();
  readonly #timers = new Set<() => void>();
  #driver: SweepDriver | null = null;
  #subscriber: Redis | null = null;
  #turn: Promise<void> = Promise.resolve();
  /** A turn that has not begun and will read all that was told before it. */
  #nextSettle: Promise<void> | null = null;
  #numHealed = 0;
  #isClosed = false;
  #isAbandoned = false;

  constructor(options: RedisBrokerOptions) {
    this.#options = options;
  }

  async submit(plan: Plan, options: SubmitOptions): Promise<void> {
    if (this.#driver !== null) throw new Error("bug: a broker takes one plan");
    const driver = this.#driverOf(plan.id);
    this.#driver = driver;
    await this.#listen(driver);
    await this.#inTurn(() => driver.open(plan, options));
    this.#repeat(readEveryMs, () => this.#settle());
    this.#repeat(Math.min(driverLooksEveryMs, this.#leaseMs / 3), () => this.heal());
  }

  async lease(request: LeaseRequest): Promise<Lease | null> {
    return this.#isClosed ? null : this.#ask(() => this.#source.lease(request), null);
  }

  async complete(lease: Lease, summary: Json): Promise<boolean> {
    return this.#ask(async () => this.#afterwards(await this.#source.complete(lease, summary)), false);
  }

  async fail(lease: Lease, failure: TaskFailure): Promise<boolean> {
    return this.#ask(async () => this.#afterwards(await this.#source.fail(lease, failure)), false);
  }

  async giveBack(lease: Lease): Promise<boolean> {
    return this.#ask(async () => this.#afterwards(await this.#source.giveBack(lease)), false);
  }

  async renew(lease: Lease, progress: Progress | null): Promise<boolean> {
    return this.#isClosed || this.#ask(() => this.#source.renew(lease, progress), true);
  }

  async cancel(reason: string, taskIds?: readonly string[]): Promise<void> {
    const driver = this.#driven;
    const cancel = async (): Promise<void> => {
      await driver.cancel(reason, taskIds ?? null);
      await driver.settle();
    };
    await this.#ask(() => this.#inTurn(cancel), undefined);
  }

  async drain(): Promise<void> {
    const { store, source } = this.#driven;
    source.end();
    await store.setPhase("drained");
    await store.publish("end");
  }

  async records(): Promise<readonly TaskRecord[]> {
    await this.#ask(() => this.#settle(), undefined);
    return this.#driven.ledger.records();
  }

  async record(taskId: string): Promise<TaskRecord | null> {
    return this.#driven.ledger.find(taskId)?.toRecord() ?? null;
  }

  subscribe(listener: (event: SweepEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  workers(): Promise<readonly WorkerHeartbeat[]> {
    return this.#ask(() => this.#driven.store.workers(), []);
  }

  async requestDrain(workerId: string): Promise<void> {
    await this.#ask(() => this.#driven.store.publish(`drain ${workerId}`), undefined);
  }

  /** True once every task is final. */
  get isFinished(): boolean {
    return this.#driver?.ledger.isFinished ?? false;
  }

  /** Enters lost workers and puts back what Redis has lost; now and then compares plan, Redis and disk. */
  async heal(): Promise<void> {
    const driver = this.#driven;
    this.#numHealed++;
    await this.#inTurn(() => driver.heal());
    if (this.#numHealed % reconcileEvery === 0) await this.#inTurn(() => driver.reconcile());
  }

  /**
   * Gives Redis up, with its connection: calls that wait for it end, nothing is handed out or told any more, and records say
   * what was known last.
   */
  abandon(): void {
    this.#isAbandoned = true;
    this.#driver?.source.end();
    this.#subscriber?.disconnect();
    endConnection(this.#options.client);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stop of this.#timers) stop();
    this.#timers.clear();
    this.#driver?.source.end();
    await this.#turn;
    this.#subscriber?.disconnect();
    await this.#driver?.source.close();
    this.#listeners.clear();
  }

  get #driven(): SweepDriver {
    if (this.#driver === null) throw new Error("bug: no plan was submitted");
    return this.#driver;
  }

  get #source(): RedisTaskSource {
    return this.#driven.source;
  }

  get #leaseMs(): number {
    return this.#options.leaseMs ?? defaultLeaseMs;
  }

  #driverOf(sweepId: string): SweepDriver {
    const { client, clock, storeRoot, logsRoot, isDone, ignoreOldResults } = this.#options;
    return new SweepDriver(sweepId, {
      client,
      clock,
      leaseMs: this.#leaseMs,
      storeRoot: storeRoot ?? null,
      logsRoot: logsRoot ?? null,
      isDone: isDone ?? (() => false),
      ignoreOldResults: ignoreOldResults ?? false,
      emit: (body, time) => this.#emit({ time, ...body }),
      onRetry: (entry, dueAt) => {
        this.#after(dueAt - clock.now(), async () => {
          this.#driven.retry(entry);
          await this.#source.hear("wake");
          await this.#driven.store.publish("wake");
        });
      },
    });
  }

  #emit(event: SweepEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async #listen({ store, source }: SweepDriver): Promise<void> {
    const subscriber = this.#options.client.duplicate();
    this.#subscriber = subscriber;
    subscriber.on("error", () => {}); // the main connection tells
    subscriber.on("message", (_, message) => {
      const [, reason] = /^cancel (.*)$/s.exec(message) ?? [];
      const heard = reason === undefined ? source.hear(message) : this.cancel(reason);
      heard.catch((error: unknown) => this.#warn(error));
    });
    await subscriber.subscribe(store.channel);
  }

  /** What Redis answers, or `otherwise` once it is given up. */
  async #ask<T>(call: () => Promise<T>, otherwise: T): Promise<T> {
    if (this.#isAbandoned) return otherwise;
    try {
      return await call();
    } catch (error) {
      if (this.#isAbandoned) return otherwise;
      throw error;
    }
  }

  async #afterwards(isOurs: boolean): Promise<boolean> {
    await this.#settle();
    return isOurs;
  }

  /** Reads what was told before this call. */
  #settle(): Promise<void> {
    this.#nextSettle ??= this.#inTurn(() => {
      this.#nextSettle = null;
      return this.#driven.settle();
    });
    return this.#nextSettle;
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(() => (this.#isClosed ? undefined : work()));
    this.#turn = done.catch(() => {});
    await done;
  }

  #after(delayMs: number, action: () => Promise<void>): void {
    const stop = this.#options.clock.after(Math.max(0, delayMs), () => {
      this.#timers.delete(stop);
      action().catch((error: unknown) => this.#warn(error));
    });
    this.#timers.add(stop);
  }

  #repeat(everyMs: number, action: () => Promise<void>): void {
    this.#after(everyMs, async () => {
      await action().catch((error: unknown) => this.#warn(error));
      if (!this.#isClosed) this.#repeat(everyMs, action);
    });
  }

  #warn(error: unknown): void {
    if (!this.#isClosed && !this.#isAbandoned)
      this.#emit({ time: this.#options.clock.now(), kind: "warning", message: messageOf(error) });
  }
}
