/**
 * Tasks of one sweep, taken over Redis by a worker on any host (and by the driver's own slots).
 *
 * A lease is the lock of a BullMQ job; it runs out unless renewed. Whoever lives looks for leases that have run out and
 * enters the failure of the lost worker. Nothing here needs the driver: a sweep goes on while the driver is away.
 */
import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { Json } from "../../../core/canonical-json.ts";
import type { Clock } from "../../../core/clock.ts";
import type { Task } from "../../../plan/task.ts";
import type { Lease, LeaseRequest, TaskSource } from "../../broker.ts";
import { EventSource } from "../../event-source.ts";
import { lostLeaseFailure, type TaskFailure } from "../../failure.ts";
import type { SweepEvent } from "../../sweep-event.ts";
import type { Progress } from "../../task-messages.ts";
import { fits, isOfRun } from "../jobs/queue-class.ts";
import { type ActiveJob, type TakenJob, TaskQueues } from "../jobs/task-queues.ts";
import type { SweepRules, SweepStore } from "../sweep-store.ts";
import { HeldLeases } from "./held-leases.ts";
import { claimLock, lostJobIds } from "./lease-script.ts";
import { idlePollMs } from "./lease-times.ts";
import { Wakes } from "./wakes.ts";

/** Connection, sweep and the view of the disk. */
export interface TaskSourceOptions {
  /** Not closed here. */
  readonly client: Redis;
  readonly store: SweepStore;
  readonly clock: Clock;
  /** True if a valid result of the task, not older than `since` (milliseconds since 1970; null: any), is on disk. */
  readonly isDone: (task: Task, since: number | null) => boolean;
}

/** Takes tasks and tells how they ended. `attach` first. */
export class RedisTaskSource implements TaskSource {
  readonly #options: TaskSourceOptions;
  readonly #events: EventSource;
  readonly #wakes: Wakes;
  readonly #leases: HeldLeases;
  #rules: SweepRules | null = null;
  #queues: TaskQueues | null = null;
  #isOver = false;
  /** When the connection was last made anew, by the clock. */
  #connectedAt = Number.NEGATIVE_INFINITY;
  readonly #onConnected = (): void => {
    this.#connectedAt = this.#options.clock.now();
  };

  constructor(options: TaskSourceOptions) {
    this.#options = options;
    this.#events = new EventSource(options.clock);
    this.#wakes = new Wakes(options.clock, idlePollMs);
    options.client.on("ready", this.#onConnected);
    this.#leases = new HeldLeases({
      client: options.client,
      store: options.store,
      clock: options.clock,
      rules: () => this.rules,
      queues: () => this.queues,
      onFree: () => this.#wakeAll(),
      onStop: (taskId, reason) => this.#events.emit({ kind: "stop_requested", taskId, reason }),
    });
  }

  /** Reads the rules of the sweep. False if Redis has no such sweep. */
  async attach(): Promise<boolean> {
    const stored = await this.#options.store.readRules();
    if (stored === null) return false;
    const { run, classes, leaseMs } = stored.rules;
    if (this.#rules?.run === run && this.#rules.classes.length === classes.length) return true;
    await this.#queues?.close();
    const { client, store } = this.#options;
    this.#queues = new TaskQueues(client, { sweepId: store.sweepId, run, leaseMs, classes });
    this.#rules = stored.rules;
    return true;
  }

  /** @throws bug before `attach`. */
  get rules(): SweepRules {
    if (this.#rules === null) throw new Error("bug: the rules of the sweep were not read");
    return this.#rules;
  }

  /** @throws bug before `attach`. */
  get queues(): TaskQueues {
    if (this.#queues === null) throw new Error("bug: the rules of the sweep were not read");
    return this.#queues;
  }

  /** Ids of the tasks that are held here. */
  get taskIds(): readonly string[] {
    return this.#leases.taskIds;
  }

  /** True once nothing will be handed out here any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  async lease(request: LeaseRequest): Promise<Lease | null> {
    const askedAt = this.#options.clock.now();
    while (!this.#isOver && request.signal?.aborted !== true) {
      const seen = this.#wakes.count;
      const lease = await this.#tryLease(request, askedAt);
      if (lease !== null) return lease;
      await this.#noticeEnd();
      if (this.#isOver) break;
      await this.#wakes.wait(seen, request.signal);
    }
    return null;
  }

  complete(lease: Lease, summary: Json): Promise<boolean> {
    return this.#leases.complete(lease, summary);
  }

  fail(lease: Lease, failure: TaskFailure): Promise<boolean> {
    return this.#leases.fail(lease, failure);
  }

  giveBack(lease: Lease): Promise<boolean> {
    return this.#leases.giveBack(lease);
  }

  renew(lease: Lease, progress: Progress | null): Promise<boolean> {
    return this.#leases.renew(lease, progress);
  }

  subscribe(listener: (event: SweepEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  /** What was heard on the sweep's channel. */
  async hear(message: string): Promise<void> {
    if (message === "stop") await this.#leases.noticeStops();
    this.#wakes.notify();
  }

  /**
   * Enters the failure of every worker whose lease has run out; what it had finished on disk counts as done. Not right after
   * Redis was away: workers that live renew their leases first.
   */
  async reap(): Promise<void> {
    const { client, clock } = this.#options;
    const { leaseMs } = this.rules;
    if (clock.now() - this.#connectedAt < leaseMs / 2) return;
    for (const queueClass of this.queues.classes) {
      const { active } = this.queues.leaseKeys({ queueClass, id: "" });
      for (const id of await lostJobIds(client, active)) {
        const token = randomUUID();
        const { lock } = this.queues.leaseKeys({ queueClass, id });
        if (await claimLock(client, lock, { token, leaseMs })) await this.#bury({ queueClass, id, token });
      }
    }
  }

  /** Hands out nothing more here. */
  end(): void {
    this.#isOver = true;
    this.#wakes.notify();
  }

  async close(): Promise<void> {
    this.end();
    this.#options.client.off("ready", this.#onConnected);
    this.#events.clear();
    this.#options.store.facts.flush();
    await this.#queues?.close();
  }

  async #tryLease(request: LeaseRequest, askedAt: number): Promise<Lease | null> {
    const { serves, remainingSec, worker } = request;
    const waitedSec = (this.#options.clock.now() - askedAt) / 1000;
    const life = { serves, remainingSec: remainingSec === null ? null : remainingSec - waitedSec };
    for (const queueClass of this.queues.classes) {
      if (!fits(queueClass, life)) continue;
      for (
        let job = await this.#take(queueClass, worker);
        job !== null;
        job = await this.#take(queueClass, worker)
      ) {
        const lease = await this.#accept(job, worker);
        if (lease !== null) return lease;
      }
    }
    return null;
  }

  #take(queueClass: TakenJob["queueClass"], worker: string): Promise<TakenJob | null> {
    return this.queues.take(queueClass, randomUUID(), worker);
  }

  /** A job that was taken → a lease, unless it is refused or its result is there already. */
  async #accept(job: TakenJob, worker: string): Promise<Lease | null> {
    await this.#followRun(job);
    const lease = await this.#leases.hold(job, worker);
    if (lease === null) return null;
    this.#leases.tell({ kind: "started", ...this.#leases.factOf(lease), token: lease.attemptToken });
    if (!this.#isDone(lease)) return lease;
    await this.#endHere(lease, () => this.complete(lease, null));
    return null;
  }

  /** Enters the loss of a worker whose lock was taken over. */
  async #bury(job: ActiveJob): Promise<void> {
    await this.#followRun(job);
    const { data, numStarts, worker } = await this.queues.read(job.queueClass, job.id);
    const lease = await this.#leases.hold({ ...job, data: data ?? "", numStarts }, worker ?? "unknown");
    if (lease === null) return;
    await this.#endHere(lease, () =>
      this.#isDone(lease)
        ? this.complete(lease, null)
        : this.fail(lease, lostLeaseFailure(lease.worker, this.rules.leaseMs / 1000)),
    );
  }

  #isDone(lease: Lease): boolean {
    return this.#options.isDone(lease.task, this.rules.doneSince);
  }

  /** Ends a lease that no slot works on. If Redis refuses, it is not held here either: it runs out and is found again. */
  async #endHere(lease: Lease, end: () => Promise<boolean>): Promise<void> {
    try {
      await end();
    } finally {
      this.#leases.drop(lease);
    }
  }

  /** The queues of a sweep outlive its submissions: a job of a newer one than this worker knows is no foreign job. */
  async #followRun({ id, queueClass }: ActiveJob): Promise<void> {
    if (!isOfRun(id, queueClass.kind, this.rules.run)) await this.attach();
  }

  /** Looks whether the sweep has ended, or was submitted anew. */
  async #noticeEnd(): Promise<void> {
    const { run, phase } = await this.#options.store.readPhase();
    if (run === null) return; // Redis has lost its data; the driver will bring it back
    if (run !== this.rules.run) await this.attach();
    else if (phase !== "open" || (await this.queues.isRootReleased())) this.end();
  }

  async #wakeAll(): Promise<void> {
    this.#wakes.notify();
    await this.#options.store.publish("wake");
  }
}
