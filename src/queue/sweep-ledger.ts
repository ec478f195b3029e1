/**
 * The books of one sweep: the state of every task, what follows from each change, and the events that tell it.
 *
 * Pure bookkeeping, without timers and without workers: brokers decide when something happens and enter it here; the
 * ledger knows the plan, so it makes tasks ready, loses what is downstream of a failure, counts failures against their
 * budgets and notices the end.
 */
import type { Json } from "../core/canonical-json.ts";
import { dependentsOf, downstreamOf } from "../plan/graph.ts";
import type { Plan } from "../plan/plan.ts";
import { countStates, isFinal } from "../plan/task-state.ts";
import type { LeaseRequest, SubmitOptions, TaskRecord } from "./broker.ts";
import { changeOfCause, type TaskFailure } from "./failure.ts";
import { decideRetry, policyFor, type RetryDecision, reasonOfMaxFailures } from "./retry-policy.ts";
import type { SweepEventBody } from "./sweep-event.ts";
import { type StartedAttempt, TaskEntry } from "./task-entry.ts";
import type { Progress } from "./task-messages.ts";

/** What the owner of a ledger wants to hear, besides the events. */
export interface LedgerHooks {
  /** Milliseconds since 1970 of what is being entered. */
  now(): number;
  emit(event: SweepEventBody): void;
  /** The task can be handed out now. */
  onReady(entry: TaskEntry): void;
  /** A task that was not running will never be handed out. */
  onWithdrawn(entry: TaskEntry): void;
  /** So many tasks have failed that the rest is to be cancelled. */
  onTooManyFailures(reason: string): void;
  /** Every task is final; told once. */
  onFinished(): void;
}

/** A task that was given back so often without having come further is told about. */
const maxStandstills = 3;

/** The books of one sweep; `open` fills them. */
export class SweepLedger {
  readonly #hooks: LedgerHooks;
  readonly #entries = new Map<string, TaskEntry>();
  #options: SubmitOptions | null = null;
  #dependents: ReadonlyMap<string, readonly string[]> = new Map();
  #numOpen = 0;
  #numFailures = 0;
  #openedAt = 0;
  #isFinished = false;

  constructor(hooks: LedgerHooks) {
    this.#hooks = hooks;
  }

  /** Enters the plan; tasks that need nothing become ready. The owner calls `finishIfDone` when it has handed out. */
  open(plan: Plan, options: SubmitOptions): void {
    if (this.#options !== null) throw new Error("bug: a broker takes one plan");
    this.#options = options;
    this.#openedAt = this.#hooks.now();
    this.#dependents = dependentsOf(plan.tasks);
    for (const [order, task] of plan.tasks.entries()) this.#entries.set(task.id, new TaskEntry(task, order));
    this.#numOpen = plan.tasks.length;
    const { id: sweepId, experiment, doneTaskIds, cells } = plan;
    const numTasks = plan.tasks.length;
    const numSkipped = doneTaskIds.length;
    this.#hooks.emit({ kind: "plan", sweepId, experiment, numTasks, numSkipped, numCells: cells.length });
    for (const taskId of doneTaskIds) {
      this.entry(taskId).change("skip");
      this.#hooks.emit({ kind: "task_skipped", taskId });
      this.#numOpen--;
      for (const dependent of this.dependentsOf(taskId)) this.entry(dependent).numOpenNeeds--;
    }
    for (const entry of this.#entries.values()) {
      if (entry.state !== "planned") continue;
      if (entry.numOpenNeeds === 0) this.makeReady(entry);
      else entry.change("wait");
    }
  }

  /** Rules of the sweep. @throws bug before `open`. */
  get options(): SubmitOptions {
    if (this.#options === null) throw new Error("bug: no plan was submitted");
    return this.#options;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Every task, in the plan's order. */
  get entries(): Iterable<TaskEntry> {
    return this.#entries.values();
  }

  /** @throws bug for a task that is not in the plan. */
  entry(id: string): TaskEntry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Error(`bug: no task ${id} in the plan`);
    return entry;
  }

  find(id: string): TaskEntry | null {
    return this.#entries.get(id) ?? null;
  }

  /** Ids of the tasks that need this one directly. */
  dependentsOf(id: string): readonly string[] {
    return this.#dependents.get(id) ?? [];
  }

  expectedSecOf(id: string): number | null {
    return this.options.expectedSec.get(id) ?? null;
  }

  makeReady(entry: TaskEntry): void {
    entry.change("ready");
    this.#hooks.onReady(entry);
    this.#hooks.emit({ kind: "task_ready", taskId: entry.task.id });
  }

  /** `attempt` null: the next one, with a new token. */
  start(
    entry: TaskEntry,
    { worker }: Pick<LeaseRequest, "worker">,
    attempt: StartedAttempt | null = null,
  ): void {
    entry.startAttempt(worker, this.#hooks.now(), attempt);
    this.#hooks.emit({ kind: "task_started", ...entry.attemptRef, worker });
  }

  /** A running task succeeded; those that waited for it become ready. */
  complete(entry: TaskEntry, summary: Json): void {
    entry.summary = summary;
    entry.failure = null;
    this.#end(entry, "complete");
    const seconds = entry.secondsUntil(this.#hooks.now());
    this.#hooks.emit({ kind: "task_done", ...entry.attemptRef, seconds, summary });
    for (const dependent of this.dependentsOf(entry.task.id)) {
      const waiting = this.entry(dependent);
      waiting.numOpenNeeds--;
      if (waiting.numOpenNeeds === 0 && waiting.state === "waiting") this.makeReady(waiting);
    }
  }

  /** What is to be done about a failure of a running task, which is counted in; `fail` enters it. */
  decide(entry: TaskEntry, failure: TaskFailure): RetryDecision {
    const counts = { ...entry.failureCounts, [failure.cause]: entry.failureCounts[failure.cause] + 1 };
    return decideRetry(failure, counts, policyFor(this.options.retryPolicy, entry.task.kind));
  }

  /** A running task failed. The owner of a retry calls `makeReady` after the delay. */
  fail(entry: TaskEntry, failure: TaskFailure, decision: RetryDecision): void {
    entry.failure = failure;
    entry.failureCounts[failure.cause]++;
    if (failure.cause === "worker_lost") {
      const { worker } = entry;
      const { message } = failure.error;
      this.#hooks.emit({ kind: "worker_lost", ...entry.attemptRef, worker: worker ?? "", message });
    }
    if (entry.cancelReason !== null) this.#cancelEntry(entry, entry.cancelReason);
    else if (decision.kind === "retry") this.#retryLater(entry, failure, decision.delayMs);
    else this.#failForGood(entry, failure);
  }

  /** A running task was stopped on request, or its attempt does not count. */
  giveBack(entry: TaskEntry): void {
    entry.finishedAt = this.#hooks.now();
    this.#hooks.emit({ kind: "given_back", ...entry.attemptRef });
    if (entry.countStandstills() === maxStandstills) this.#warnOfStandstill(entry);
    if (entry.cancelReason === null) this.makeReady(entry);
    else this.#cancelEntry(entry, entry.cancelReason);
  }

  progress(entry: TaskEntry, progress: Progress): void {
    entry.note(progress);
    this.#hooks.emit({ kind: "progress", ...entry.attemptRef, ...progress });
  }

  /** Tasks that a `cancel` of these (null: of all) is about, those downstream included. */
  affectedBy(taskIds: readonly string[] | null): readonly TaskEntry[] {
    const named = taskIds?.flatMap((id) => [id, ...downstreamOf(id, this.#dependents)]);
    return [...(named ?? this.#entries.keys())]
      .map((id) => this.entry(id))
      .filter(({ state }) => !isFinal(state));
  }

  /** Ends what waits at once, and asks what runs (or what `isRunning` says is being started) to stop. */
  cancel(entries: readonly TaskEntry[], reason: string, isRunning: (entry: TaskEntry) => boolean): void {
    for (const entry of entries) {
      if (isFinal(entry.state)) continue; // named twice
      if (isRunning(entry)) this.#requestStop(entry, reason);
      else this.#cancelEntry(entry, reason);
    }
  }

  finishIfDone(): void {
    if (this.#numOpen > 0 || this.#isFinished) return;
    this.#isFinished = true;
    this.#hooks.onFinished();
    const counts = countStates([...this.#entries.values()].map(({ state }) => state));
    this.#hooks.emit({ kind: "sweep_done", counts, seconds: (this.#hooks.now() - this.#openedAt) / 1000 });
  }

  records(): readonly TaskRecord[] {
    return [...this.#entries.values()].map((entry) => entry.toRecord());
  }

  #retryLater(entry: TaskEntry, failure: TaskFailure, delayMs: number): void {
    entry.finishedAt = this.#hooks.now();
    entry.change("wait");
    const { cause, error } = failure;
    this.#hooks.emit({ kind: "retry", ...entry.attemptRef, cause, error, delayMs });
  }

  #failForGood(entry: TaskEntry, failure: TaskFailure): void {
    this.#end(entry, changeOfCause[failure.cause]);
    const { task } = entry;
    const seconds = entry.secondsUntil(this.#hooks.now());
    this.#hooks.emit({ kind: "task_failed", ...entry.attemptRef, seconds, ...failure });
    for (const id of downstreamOf(task.id, this.#dependents)) {
      const dependent = this.entry(id);
      if (isFinal(dependent.state)) continue;
      dependent.rootTaskId = task.id;
      this.#end(dependent, "lose_upstream");
      this.#hooks.emit({ kind: "upstream_failed", taskId: id, rootTaskId: task.id });
    }
    this.#numFailures++;
    const { maxFailures } = this.options;
    if (this.#numFailures === maxFailures) this.#hooks.onTooManyFailures(reasonOfMaxFailures(maxFailures));
  }

  #requestStop(entry: TaskEntry, reason: string): void {
    if (entry.cancelReason !== null) return;
    entry.cancelReason = reason;
    this.#hooks.emit({ kind: "stop_requested", taskId: entry.task.id, reason });
  }

  #cancelEntry(entry: TaskEntry, reason: string): void {
    if (entry.state !== "running") this.#hooks.onWithdrawn(entry);
    entry.cancelReason = reason;
    this.#end(entry, "cancel");
    this.#hooks.emit({ kind: "task_cancelled", taskId: entry.task.id, reason });
  }

  /** Giving back is free, so that nothing else would ever end this. */
  #warnOfStandstill({ task }: TaskEntry): void {
    const what = `task ${task.id} (${task.title}) was given back ${maxStandstills} times in a row without getting any further`;
    const why = "what it does next (a build, the analysis of a run) may take longer than its workers live";
    const message = `${what}: ${why}. Raise walltime of the card, or lower its drain_before.`;
    this.#hooks.emit({ kind: "warning", message });
  }

  /** Moves into a final state. */
  #end(entry: TaskEntry, change: Parameters<TaskEntry["change"]>[0]): void {
    entry.change(change);
    entry.finishedAt = this.#hooks.now();
    this.#numOpen--;
  }
}
