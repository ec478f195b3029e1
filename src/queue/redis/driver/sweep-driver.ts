/**
 * What the driver of a sweep does in Redis: submit, take up, enter facts, cancel, heal, end. One step at a time; the
 * broker above sees to that.
 *
 * The plan and the disk are the truth, Redis is a cache: what it has lost is put back, what it holds of an earlier
 * driver of the same sweep is taken up again.
 */
import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { Clock } from "../../../core/clock.ts";
import type { Plan } from "../../../plan/plan.ts";
import type { Task } from "../../../plan/task.ts";
import { isFinal, isSuccess } from "../../../plan/task-state.ts";
import type { SubmitOptions } from "../../broker.ts";
import { type JobPayload, payloadVersion } from "../../job-payload.ts";
import type { SweepEventBody } from "../../sweep-event.ts";
import { SweepLedger } from "../../sweep-ledger.ts";
import type { TaskEntry } from "../../task-entry.ts";
import { FactBook } from "../facts/fact-book.ts";
import { orderClasses, type QueueClass, queueClassOf } from "../jobs/queue-class.ts";
import { RedisTaskSource } from "../leases/redis-task-source.ts";
import { SweepStore } from "../sweep-store.ts";
import { findActive, removeInactive } from "./active-tasks.ts";
import { mendLoss } from "./mend-loss.ts";
import { findDifferences } from "./reconcile.ts";

/** Connection, rules and listeners of one sweep. */
export interface SweepDriverOptions {
  readonly client: Redis;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** Where workers on other hosts find the store and the logs; null: they must be told. */
  readonly storeRoot: string | null;
  readonly logsRoot: string | null;
  /** True if a valid result, not older than `since` (milliseconds since 1970; null: any), is on disk. */
  readonly isDone: (task: Task, since: number | null) => boolean;
  /** Results written before the sweep do not count. */
  readonly ignoreOldResults: boolean;
  /** Hears events, with the time at which they happened. */
  readonly emit: (event: SweepEventBody, time: number) => void;
  /** A failed task is to be made ready at that time, by `retry`. */
  readonly onRetry: (entry: TaskEntry, dueAt: number) => void;
}

/** One sweep, driven. */
export class SweepDriver {
  readonly store: SweepStore;
  readonly source: RedisTaskSource;
  readonly ledger: SweepLedger;
  readonly #options: SweepDriverOptions;
  readonly #book: FactBook;
  readonly #doneSince: number | null;
  /** Place in the stream up to which facts are entered. */
  #readTo = "0";
  /** Time of the fact that is being entered; null: now. */
  #factTime: number | null = null;
  #tooManyFailures: string | null = null;
  #withdrawn: string[] = [];
  #zombies: string[] = [];
  #hasEnded = false;

  constructor(sweepId: string, options: SweepDriverOptions) {
    const { client, clock, isDone } = options;
    this.#options = options;
    this.#doneSince = options.ignoreOldResults ? clock.now() : null;
    this.store = new SweepStore(client, sweepId);
    this.source = new RedisTaskSource({ client, store: this.store, clock, isDone });
    const now = (): number => this.#factTime ?? clock.now();
    this.ledger = new SweepLedger({
      now,
      emit: (event) => options.emit(event, now()),
      onReady: () => {}, // whoever completes a task in Redis adds what waits for it
      onWithdrawn: ({ task }) => this.#withdrawn.push(task.id),
      onTooManyFailures: (reason) => void (this.#tooManyFailures = reason),
      onFinished: () => this.source.end(),
    });
    this.#book = new FactBook(this.ledger, {
      onRetry: options.onRetry,
      onZombie: ({ task }) => this.#zombies.push(task.id),
    });
  }

  /** Submits the plan, or takes up what an earlier driver of the same sweep has left in Redis. */
  async open(plan: Plan, options: SubmitOptions): Promise<void> {
    this.ledger.open(plan, options);
    await this.#mend(() => this.#takeUp());
  }

  async #takeUp(): Promise<void> {
    const stored = await this.store.readRules();
    if (stored === null || stored.phase === "finished") {
      await this.#submit(newRunId(), []);
    } else {
      await this.#upload(stored.rules.run, stored.rules.classes);
      await this.settle();
      await this.#rememberStops();
      if (await this.source.queues.hasRoot()) await this.reconcile();
      else await this.restore();
    }
    await this.settle();
  }

  /** Enters new facts, does what follows from them, and ends the sweep after the last. */
  async settle(): Promise<void> {
    await this.#readFacts();
    if (this.#zombies.length > 0) await this.store.requestStops(this.#zombies.splice(0), "cancelled");
    const reason = this.#tooManyFailures;
    this.#tooManyFailures = null;
    if (reason !== null) await this.cancel(reason, null);
    this.ledger.finishIfDone();
    if (!this.ledger.isFinished || this.#hasEnded) return;
    this.#hasEnded = true;
    await this.source.queues.completeRoot(randomUUID());
    const { v: _, ...rules } = this.source.rules;
    await this.store.leaveFinished(rules);
    await this.store.publish("end");
  }

  /** See `Broker.cancel`; null: all. */
  async cancel(reason: string, taskIds: readonly string[] | null): Promise<void> {
    if (taskIds === null) {
      this.#options.emit({ kind: "sweep_cancelled", reason }, this.#options.clock.now());
      await this.source.queues.removeWaiting();
    }
    await this.#readFacts();
    const entries = this.ledger.affectedBy(taskIds);
    const active =
      taskIds === null
        ? await findActive(entries, this.source)
        : await removeInactive(entries, this.ledger, this.source);
    const isRunning = ({ state, task }: TaskEntry): boolean => state === "running" || active.has(task.id);
    await this.store.requestStops(
      entries.filter(isRunning).map(({ task }) => task.id),
      reason,
    );
    this.ledger.cancel(entries, reason, isRunning);
    await this.store.dropPayloads(this.#withdrawn.splice(0));
  }

  /** Enters lost workers, and puts back what Redis has lost. */
  async heal(): Promise<void> {
    if (this.#hasEnded) return;
    await this.#mend(async () => {
      if (!(await this.source.queues.hasRoot())) await this.restore();
      await this.source.reap();
    });
    await this.settle();
    if (!this.#hasEnded && (await this.source.queues.isRootReleased())) await this.reconcile(); // last words were lost
  }

  /** Does what may find that Redis has lost the sweep in the middle of it. */
  #mend(step: () => Promise<void>): Promise<void> {
    const isLost = async (): Promise<boolean> => !(await this.source.queues.hasRoot());
    return mendLoss(step, { isLost, restore: () => this.restore() });
  }

  /** Compares plan, Redis and disk. */
  async reconcile(): Promise<void> {
    if (!this.#hasEnded) await this.#mend(() => this.#reconcile());
  }

  async #reconcile(): Promise<void> {
    const { queues, rules } = this.source;
    const { facts, missing } = await this.#differences();
    for (const fact of facts) this.#enter(fact, fact.time);
    if (missing.length > 0 && (await queues.isRootReleased())) {
      await this.restore(newRunId()); // workers take the sweep for ended
      return;
    }
    const free = [
      ...missing,
      ...facts.flatMap(({ taskId, kind }) => (kind === "given_back" ? [this.ledger.entry(taskId)] : [])),
    ];
    const done = facts.flatMap(({ taskId, kind }) => (kind === "done" ? [taskId] : []));
    await this.store.addDone(done);
    const released = done.flatMap((id) => this.ledger.dependentsOf(id)).map((id) => this.ledger.entry(id));
    const ready = [...free, ...released].filter(({ state }) => state === "ready" || state === "waiting");
    const unique = [...new Set(ready)].filter(({ numOpenNeeds }) => numOpenNeeds === 0);
    await queues.add(unique.map((entry) => this.#payloadOf(entry, rules.run)));
    if (unique.length > 0) await this.store.publish("wake");
    await this.settle();
  }

  /**
   * Redis has lost the sweep: what ran is done on disk or free again, and the open part of the plan goes in anew.
   * `newRun`: not for workers that have seen the old submission.
   */
  async restore(newRun: string | null = null): Promise<void> {
    await this.store.clear();
    // Runs of an adopted build may be on disk too.
    for (
      let { facts } = await this.#differences();
      facts.length > 0;
      facts = (await this.#differences()).facts
    )
      for (const fact of facts) this.#enter(fact, fact.time);
    for (const entry of this.ledger.entries)
      if (entry.state === "waiting" && entry.numOpenNeeds === 0) this.ledger.makeReady(entry);
    const { run, classes } = this.source.rules;
    await this.#submit(newRun ?? run, classes);
    for (const { task, failureCounts } of this.ledger.entries)
      if (Object.values(failureCounts).some((count) => count > 0))
        await this.store.addFailures(task.id, failureCounts);
    await this.store.publish("wake");
  }

  /** The back-off of a failed task is over. */
  retry(entry: TaskEntry): void {
    if (entry.state === "waiting") this.ledger.makeReady(entry);
  }

  async #submit(run: string, classes: readonly QueueClass[]): Promise<void> {
    await this.store.clear();
    await this.#upload(run, classes);
    const ready = [...this.ledger.entries].filter(({ state }) => state === "ready");
    await this.source.queues.addRoot(ready.map((entry) => this.#payloadOf(entry, run)));
  }

  /** Rules, what is done, and the payloads of what waits. */
  async #upload(run: string, classes: readonly QueueClass[]): Promise<void> {
    const { leaseMs, storeRoot, logsRoot } = this.#options;
    const entries = [...this.ledger.entries];
    const done = entries.filter(
      ({ state, task }) => isSuccess(state) && this.ledger.dependentsOf(task.id).length > 0,
    );
    await this.store.addDone(done.map(({ task }) => task.id));
    const waiting = entries.filter(({ state, numOpenNeeds }) => !isFinal(state) && numOpenNeeds > 0);
    await this.store.keepPayloads(waiting.map((entry) => this.#payloadOf(entry, run)));
    const planned = entries.map(({ task }) => queueClassOf(task, this.ledger.expectedSecOf(task.id)));
    const { retryPolicy } = this.ledger.options;
    const doneSince = this.#doneSince;
    const allClasses = orderClasses([...planned, ...classes]);
    const rules = { run, retryPolicy, classes: allClasses, leaseMs, storeRoot, logsRoot, doneSince };
    do await this.store.writeRules(rules, "open");
    while (!(await this.source.attach())); // lost in between
  }

  async #rememberStops(): Promise<void> {
    for (const [taskId, reason] of await this.store.readStops()) {
      const entry = this.ledger.find(taskId);
      if (entry?.state === "running") entry.cancelReason = reason;
    }
  }

  #differences(): ReturnType<typeof findDifferences> {
    const { clock, isDone } = this.#options;
    return findDifferences({
      ledger: this.ledger,
      queues: this.source.queues,
      run: this.source.rules.run,
      isDone: (task) => isDone(task, this.#doneSince),
      now: () => clock.now(),
      readFacts: () => this.#readFacts(),
    });
  }

  async #readFacts(): Promise<void> {
    for (let facts = await this.store.facts.after(this.#readTo); facts.length > 0; ) {
      for (const { id, fact } of facts) {
        this.#readTo = id;
        if (fact !== null) this.#enter(fact, fact.time);
      }
      facts = await this.store.facts.after(this.#readTo);
    }
  }

  #enter(
    fact: Parameters<FactBook["apply"]>[0] | { kind: "refused"; jobId: string; reason: string; time: number },
    time: number,
  ): void {
    this.#factTime = time;
    try {
      if (fact.kind === "refused") {
        const message = `job ${fact.jobId} in Redis was refused and not run: ${fact.reason}`;
        this.#options.emit({ kind: "warning", message }, time);
      } else this.#book.apply(fact);
    } finally {
      this.#factTime = null;
    }
  }

  #payloadOf({ task, attempt }: TaskEntry, run: string): JobPayload {
    return {
      v: payloadVersion,
      sweep: this.store.sweepId,
      run,
      task,
      expected_sec: this.ledger.expectedSecOf(task.id),
      dependents: this.ledger.dependentsOf(task.id),
      starts_before: attempt,
    };
  }
}

const newRunId = (): string => randomUUID().slice(0, 8);
