/**
 * The broker in this process: for one machine, nothing to install, nothing to clean up.
 *
 * All methods do their work before they return their promise, so that events come in the order of the calls.
 */
import type { Json } from "../core/canonical-json.ts";
import type { Clock } from "../core/clock.ts";
import type { Plan } from "../plan/plan.ts";
import type { Broker, Lease, LeaseRequest, SubmitOptions, TaskRecord } from "./broker.ts";
import { EventSource } from "./event-source.ts";
import { lostLeaseFailure, type TaskFailure } from "./failure.ts";
import { LeaseWaiters } from "./lease-waiters.ts";
import { ReadyQueue } from "./ready-queue.ts";
import type { SweepEvent } from "./sweep-event.ts";
import { SweepLedger } from "./sweep-ledger.ts";
import type { TaskEntry } from "./task-entry.ts";
import type { Progress } from "./task-messages.ts";

/** `leaseMs`: a lease that is not renewed for so long is lost; null: workers are supervised by their executor. */
export interface LocalBrokerOptions {
  readonly clock: Clock;
  readonly leaseMs: number | null;
}

/** Keeps one sweep in memory. */
export class LocalBroker implements Broker {
  readonly #clock: Clock;
  readonly #leaseMs: number | null;
  readonly #ready = new ReadyQueue();
  readonly #waiters = new LeaseWaiters();
  readonly #events: EventSource;
  readonly #ledger: SweepLedger;
  /** Nothing is handed out any more. */
  #isDrained = false;

  constructor(options: LocalBrokerOptions) {
    this.#clock = options.clock;
    this.#events = new EventSource(options.clock);
    this.#leaseMs = options.leaseMs;
    this.#ledger = new SweepLedger({
      now: () => this.#clock.now(),
      emit: (event) => this.#events.emit(event),
      onReady: ({ task, order }) => this.#ready.push(task, this.#ledger.expectedSecOf(task.id), order),
      onWithdrawn: ({ state, task }) => state === "ready" && this.#ready.remove(task),
      onTooManyFailures: (reason) => void this.cancel(reason),
      onFinished: () => {
        this.#isDrained = true;
        this.#waiters.dismissAll();
      },
    });
  }

  async submit(plan: Plan, options: SubmitOptions): Promise<void> {
    this.#ledger.open(plan, options);
    this.#settle();
  }

  async lease(request: LeaseRequest): Promise<Lease | null> {
    if (this.#isDrained || request.signal?.aborted === true) return null;
    return this.#leaseNow(request) ?? this.#waiters.wait(request);
  }

  async complete(lease: Lease, summary: Json): Promise<boolean> {
    const entry = this.#heldBy(lease);
    if (entry === null) return false;
    this.#ledger.complete(entry, summary);
    this.#settle();
    return true;
  }

  async fail(lease: Lease, failure: TaskFailure): Promise<boolean> {
    const entry = this.#heldBy(lease);
    if (entry === null) return false;
    const decision = this.#ledger.decide(entry, failure);
    this.#ledger.fail(entry, failure, decision);
    if (entry.state === "waiting" && decision.kind === "retry") this.#retryAfter(entry, decision.delayMs);
    this.#settle();
    return true;
  }

  async giveBack(lease: Lease): Promise<boolean> {
    const entry = this.#heldBy(lease);
    if (entry === null) return false;
    this.#ledger.giveBack(entry);
    this.#settle();
    return true;
  }

  async renew(lease: Lease, progress: Progress | null): Promise<boolean> {
    const entry = this.#heldBy(lease);
    if (entry === null) return false;
    this.#limitLease(entry, lease);
    if (progress !== null) this.#ledger.progress(entry, progress);
    return true;
  }

  async cancel(reason: string, taskIds?: readonly string[]): Promise<void> {
    if (taskIds === undefined) this.#events.emit({ kind: "sweep_cancelled", reason });
    const entries = this.#ledger.affectedBy(taskIds ?? null);
    this.#ledger.cancel(entries, reason, ({ state }) => state === "running");
    this.#ledger.finishIfDone();
  }

  async drain(): Promise<void> {
    this.#isDrained = true;
    this.#waiters.dismissAll();
  }

  async records(): Promise<readonly TaskRecord[]> {
    return this.#ledger.records();
  }

  async record(taskId: string): Promise<TaskRecord | null> {
    return this.#ledger.find(taskId)?.toRecord() ?? null;
  }

  subscribe(listener: (event: SweepEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  async close(): Promise<void> {
    await this.drain();
    for (const entry of this.#ledger.entries) entry.stopTimer?.();
    this.#events.clear();
  }

  /** The entry of a lease that is still valid, or null. */
  #heldBy(lease: Lease): TaskEntry | null {
    const entry = this.#ledger.find(lease.task.id);
    return entry?.lease?.attemptToken === lease.attemptToken ? entry : null;
  }

  /** Gives ready tasks to the workers that wait, the longest waiting first, and notices the end. */
  #settle(): void {
    if (!this.#isDrained) this.#waiters.serve((request) => this.#leaseNow(request));
    this.#ledger.finishIfDone();
  }

  #leaseNow(request: LeaseRequest): Lease | null {
    const task = this.#ready.take(request);
    if (task === null) return null;
    const entry = this.#ledger.entry(task.id);
    this.#ledger.start(entry, request);
    const lease = entry.lease as Lease;
    this.#limitLease(entry, lease);
    return lease;
  }

  #limitLease(entry: TaskEntry, lease: Lease): void {
    if (this.#leaseMs === null) return;
    const seconds = this.#leaseMs / 1000;
    entry.stopTimer?.();
    entry.stopTimer = this.#clock.after(this.#leaseMs, () => {
      void this.fail(lease, lostLeaseFailure(lease.worker, seconds));
    });
  }

  #retryAfter(entry: TaskEntry, delayMs: number): void {
    entry.stopTimer = this.#clock.after(delayMs, () => {
      this.#ledger.makeReady(entry);
      this.#settle();
    });
  }
}
