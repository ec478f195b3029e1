/**
 * The broker in this process: for one machine, nothing to install, nothing to clean up.
 *
 * All methods do their work before they return their promise, so that events come in the order of the calls.
 */
import type { Json } from "../core/canonical-json.ts";
import type { Clock } from "../core/clock.ts";
import { dependentsOf, downstreamOf } from "../plan/graph.ts";
import type { Plan } from "../plan/plan.ts";
import { countStates, isFinal } from "../plan/task-state.ts";
import type { Broker, Lease, LeaseRequest, SubmitOptions, TaskRecord } from "./broker.ts";
import { EventSource } from "./event-source.ts";
import { changeOfCause, supervisedFailure, type TaskFailure } from "./failure.ts";
import { LeaseWaiters } from "./lease-waiters.ts";
import { ReadyQueue } from "./ready-queue.ts";
import { decideRetry, reasonOfMaxFailures } from "./retry-policy.ts";
import type { SweepEvent, SweepEventBody } from "./sweep-event.ts";
import { TaskEntry } from "./task-entry.ts";
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
  readonly #entries = new Map<string, TaskEntry>();
  readonly #ready = new ReadyQueue();
  readonly #waiters = new LeaseWaiters();
  readonly #events: EventSource;
  #options: SubmitOptions | null = null;
  #dependents: ReadonlyMap<string, readonly string[]> = new Map();
  #numOpen = 0;
  #numFailures = 0;
  #submittedAt = 0;
  /** Nothing is handed out any more. */
  #isDrained = false;
  /** Every task is in a final state, and that was told. */
  #isFinished = false;

  constructor(options: LocalBrokerOptions) {
    this.#clock = options.clock;
    this.#events = new EventSource(options.clock);
    this.#leaseMs = options.leaseMs;
  }

  async submit(plan: Plan, options: SubmitOptions): Promise<void> {
    if (this.#options !== null) throw new Error("bug: a broker takes one plan");
    this.#options = options;
    this.#submittedAt = this.#clock.now();
    this.#dependents = dependentsOf(plan.tasks);
    for (const [order, task] of plan.tasks.entries()) this.#entries.set(task.id, new TaskEntry(task, order));
    this.#numOpen = plan.tasks.length;
    const { id: sweepId, experiment, doneTaskIds, cells } = plan;
    const numSkipped = doneTaskIds.length;
    this.#emit({
      kind: "plan",
      sweepId,
      experiment,
      numTasks: plan.tasks.length,
      numSkipped,
      numCells: cells.length,
    });
    for (const taskId of doneTaskIds) {
      this.#entry(taskId).change("skip");
      this.#emit({ kind: "task_skipped", taskId });
      this.#numOpen--;
      for (const dependent of this.#dependents.get(taskId) ?? []) this.#entry(dependent).numOpenNeeds--;
    }
    for (const entry of this.#entries.values()) {
      if (entry.state !== "planned") continue;
      if (entry.numOpenNeeds === 0) this.#makeReady(entry);
      else entry.change("wait");
    }
    this.#handOut();
    this.#finishIfDone();
  }

  async lease(request: LeaseRequest): Promise<Lease | null> {
    if (this.#isDrained || request.signal?.aborted === true) return null;
    const task = this.#ready.take(request);
    if (task !== null) return this.#startAttempt(task.id, request);
    return this.#waiters.wait(request);
  }

  async complete(lease: Lease, summary: Json): Promise<boolean> {
    const entry = this.#heldBy(lease);
    if (entry === null) return false;
    entry.summary = summary;
    entry.failure = null;
    this.#end(entry, "complete");
    const seconds = entry.secondsUntil(this.#clock.now());
    this.#emit({ kind: "task_done", ...entry.attemptRef, seconds, summary });
    for (const dependent of this.#dependents.get(entry.task.id) ?? []) {
      const waiting = this.#entry(dependent);
      waiting.numOpenNeeds--;
      if (waiting.numOpenNeeds === 0 && waiting.state === "waiting") this.#makeReady(waiting);
    }
    this.#handOut();
    this.#finishIfDone();
    return true;
  }

  async fail(lease: Lease, failure: TaskFailure): Promise<boolean> {
    const entry = this.#heldBy(lease);
    if (entry === null) return false;
    entry.failure = failure;
    entry.failureCounts[failure.cause]++;
    if (failure.cause === "worker_lost") {
      const { worker } = lease;
      this.#emit({ kind: "worker_lost", ...entry.attemptRef, worker, message: failure.error.message });
    }
    if (entry.cancelReason !== null) {
      this.#cancelEntry(entry, entry.cancelReason);
    } else {
      const decision = decideRetry(failure, entry.failureCounts, this.#submitted().retryPolicy);
      if (decision.kind === "retry") this.#retryLater(entry, failure, decision.delayMs);
      else this.#failForGood(entry, failure);
    }
    this.#handOut();
    this.#finishIfDone();
    return true;
  }

  async giveBack(lease: Lease): Promise<boolean> {
    const entry = this.#heldBy(lease);
    if (entry === null) return false;
    entry.finishedAt = this.#clock.now();
    this.#emit({ kind: "given_back", ...entry.attemptRef });
    if (entry.cancelReason === null) this.#makeReady(entry);
    else this.#cancelEntry(entry, entry.cancelReason);
    this.#handOut();
    this.#finishIfDone();
    return true;
  }

  async renew(lease: Lease, progress: Progress | null): Promise<boolean> {
    const entry = this.#heldBy(lease);
    if (entry === null) return false;
    this.#limitLease(entry, lease);
    if (progress !== null) {
      entry.progress = progress;
      this.#emit({ kind: "progress", ...entry.attemptRef, ...progress });
    }
    return true;
  }

  async cancel(reason: string, taskIds?: readonly string[]): Promise<void> {
    if (taskIds === undefined) this.#emit({ kind: "sweep_cancelled", reason });
    const named = taskIds?.flatMap((id) => [id, ...downstreamOf(id, this.#dependents)]);
    for (const id of named ?? this.#entries.keys()) {
      const entry = this.#entry(id);
      if (isFinal(entry.state)) continue;
      if (entry.state === "running") this.#requestStop(entry, reason);
      else this.#cancelEntry(entry, reason);
    }
    this.#finishIfDone();
  }

  async drain(): Promise<void> {
    this.#isDrained = true;
    this.#waiters.dismissAll();
  }

  async records(): Promise<readonly TaskRecord[]> {
    return [...this.#entries.values()].map((entry) => entry.toRecord());
  }

  async record(taskId: string): Promise<TaskRecord | null> {
    return this.#entries.get(taskId)?.toRecord() ?? null;
  }

  subscribe(listener: (event: SweepEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  async close(): Promise<void> {
    await this.drain();
    for (const entry of this.#entries.values()) entry.stopTimer?.();
    this.#events.clear();
  }

  #submitted(): SubmitOptions {
    if (this.#options === null) throw new Error("bug: no plan was submitted");
    return this.#options;
  }

  #entry(id: string): TaskEntry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Error(`bug: no task ${id} in the plan`);
    return entry;
  }

  /** The entry of a lease that is still valid, or null. */
  #heldBy(lease: Lease): TaskEntry | null {
    const entry = this.#entries.get(lease.task.id);
    return entry?.lease?.attemptToken === lease.attemptToken ? entry : null;
  }

  #emit(body: SweepEventBody): void {
    this.#events.emit(body);
  }

  #makeReady(entry: TaskEntry): void {
    entry.change("ready");
    this.#ready.push(entry.task, this.#submitted().expectedSec.get(entry.task.id) ?? null, entry.order);
    this.#emit({ kind: "task_ready", taskId: entry.task.id });
  }

  /** Gives ready tasks to the workers that wait, the longest waiting first. */
  #handOut(): void {
    if (this.#isDrained) return;
    this.#waiters.serve((request) => {
      const task = this.#ready.take(request);
      return task === null ? null : this.#startAttempt(task.id, request);
    });
  }

  #startAttempt(taskId: string, { worker }: LeaseRequest): Lease {
    const entry = this.#entry(taskId);
    const lease = entry.startAttempt(worker, this.#clock.now());
    this.#limitLease(entry, lease);
    this.#emit({ kind: "task_started", ...entry.attemptRef, worker });
    return lease;
  }

  #limitLease(entry: TaskEntry, lease: Lease): void {
    if (this.#leaseMs === null) return;
    const seconds = this.#leaseMs / 1000;
    entry.stopTimer?.();
    entry.stopTimer = this.#clock.after(this.#leaseMs, () => {
      const message = `worker ${lease.worker} has not been heard of for ${seconds} s; the task is given to another.`;
      void this.fail(lease, supervisedFailure("worker_lost", message));
    });
  }

  #retryLater(entry: TaskEntry, failure: TaskFailure, delayMs: number): void {
    entry.finishedAt = this.#clock.now();
    entry.change("wait");
    const { cause, error } = failure;
    this.#emit({ kind: "retry", ...entry.attemptRef, cause, error, delayMs });
    entry.stopTimer = this.#clock.after(delayMs, () => {
      this.#makeReady(entry);
      this.#handOut();
    });
  }

  #failForGood(entry: TaskEntry, failure: TaskFailure): void {
    this.#end(entry, changeOfCause[failure.cause]);
    const { task } = entry;
    const seconds = entry.secondsUntil(this.#clock.now());
    this.#emit({ kind: "task_failed", ...entry.attemptRef, seconds, ...failure });
    for (const id of downstreamOf(task.id, this.#dependents)) {
      const dependent = this.#entry(id);
      if (isFinal(dependent.state)) continue;
      dependent.rootTaskId = task.id;
      this.#end(dependent, "lose_upstream");
      this.#emit({ kind: "upstream_failed", taskId: id, rootTaskId: task.id });
    }
    this.#numFailures++;
    const { maxFailures } = this.#submitted();
    if (this.#numFailures === maxFailures) void this.cancel(reasonOfMaxFailures(maxFailures));
  }

  #requestStop(entry: TaskEntry, reason: string): void {
    if (entry.cancelReason !== null) return;
    entry.cancelReason = reason;
    this.#emit({ kind: "stop_requested", taskId: entry.task.id, reason });
  }

  #cancelEntry(entry: TaskEntry, reason: string): void {
    if (entry.state === "ready") this.#ready.remove(entry.task);
    entry.cancelReason = reason;
    this.#end(entry, "cancel");
    this.#emit({ kind: "task_cancelled", taskId: entry.task.id, reason });
  }

  /** Moves into a final state. */
  #end(entry: TaskEntry, change: Parameters<TaskEntry["change"]>[0]): void {
    entry.change(change);
    entry.finishedAt = this.#clock.now();
    this.#numOpen--;
  }

  #finishIfDone(): void {
    if (this.#numOpen > 0 || this.#isFinished) return;
    this.#isFinished = true;
    this.#isDrained = true;
    this.#waiters.dismissAll();
    const counts = countStates([...this.#entries.values()].map(({ state }) => state));
    this.#emit({ kind: "sweep_done", counts, seconds: (this.#clock.now() - this.#submittedAt) / 1000 });
  }
}
