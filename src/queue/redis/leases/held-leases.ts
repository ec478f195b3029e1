/**
 * The leases that this process holds: turns jobs that were taken into leases, keeps them, and ends them in Redis, each
 * step fenced by the lock of the job and followed by a fact for the driver.
 */
import type { Redis } from "ioredis";
import type { Json } from "../../../core/canonical-json.ts";
import type { Clock } from "../../../core/clock.ts";
import type { Lease } from "../../broker.ts";
import type { TaskFailure } from "../../failure.ts";
import { type JobPayload, type PayloadReading, parsePayload } from "../../job-payload.ts";
import { decideRetry, policyFor, type RetryDecision } from "../../retry-policy.ts";
import type { Progress } from "../../task-messages.ts";
import type { Fact } from "../facts/fact.ts";
import { jobIdOf } from "../jobs/queue-class.ts";
import type { ActiveJob, TakenJob, TaskQueues } from "../jobs/task-queues.ts";
import type { SweepRules, SweepStore } from "../sweep-store.ts";
import { renewLease } from "./lease-script.ts";
import { releaseDependents } from "./release-dependents.ts";

/** Where leases live, and who wants to know. */
export interface HeldLeasesOptions {
  readonly client: Redis;
  readonly store: SweepStore;
  readonly clock: Clock;
  /** Of the submission that is attached. */
  readonly rules: () => SweepRules;
  readonly queues: () => TaskQueues;
  /** Tasks have become free for others. */
  readonly onFree: () => Promise<void>;
  /** A task that is held here is asked to stop. */
  readonly onStop: (taskId: string, reason: string) => void;
}

/** A lease with its job. */
interface HeldLease {
  readonly lease: Lease;
  readonly payload: JobPayload;
  readonly job: TakenJob;
  renewedAt: number;
  progressAt: number;
}

/** Progress is told at most so often. */
const progressEveryMs = 500;
const noFailures = { task_error: 0, worker_lost: 0, timeout: 0, out_of_memory: 0 };

/** Leases by token. Calls with a lease that is not valid any more answer false. */
export class HeldLeases {
  readonly #options: HeldLeasesOptions;
  readonly #held = new Map<string, HeldLease>();

  constructor(options: HeldLeasesOptions) {
    this.#options = options;
  }

  /** Ids of the tasks that are held here. */
  get taskIds(): readonly string[] {
    return [...this.#held.values()].map(({ lease }) => lease.task.id);
  }

  /** A job that was taken → a lease; null if it is refused. */
  async hold(job: TakenJob, worker: string): Promise<Lease | null> {
    const reading = readJob(job, { sweep: this.#options.store.sweepId, run: this.#options.rules().run });
    if (reading.kind === "refused") {
      await this.#refuse(job, reading.reason);
      return null;
    }
    const { payload } = reading;
    const attempt = payload.starts_before + job.numStarts;
    const lease: Lease = { task: payload.task, attempt, attemptToken: job.token, worker };
    const now = this.#options.clock.now();
    this.#held.set(job.token, { lease, payload, job, renewedAt: now, progressAt: Number.NEGATIVE_INFINITY });
    return lease;
  }

  /** See `TaskSource`; what waits for the task is added before it completes. */
  async complete(lease: Lease, summary: Json): Promise<boolean> {
    const held = this.#held.get(lease.attemptToken);
    if (held === undefined) return false;
    this.#options.store.facts.flush(); // with what follows, in one packet
    if (!(await this.#release(held))) return this.#forget(lease);
    const value = { attempt: lease.attempt, worker: lease.worker, summary };
    if (!(await this.#options.queues().complete(held.job, value))) return this.#forget(lease);
    this.#forget(lease);
    this.tell({ kind: "done", ...this.factOf(lease), summary });
    return true;
  }

  /** See `TaskSource`; the retry policy of the sweep decides, a task that was to stop is not repeated. */
  async fail(lease: Lease, failure: TaskFailure): Promise<boolean> {
    const held = this.#held.get(lease.attemptToken);
    if (held === undefined) return false;
    const { counts, stopReason } = await this.#options.store.readFailures(lease.task.id);
    const next = { ...counts, [failure.cause]: counts[failure.cause] + 1 };
    const policy = policyFor(this.#options.rules().retryPolicy, lease.task.kind);
    const decision: RetryDecision =
      stopReason === null ? decideRetry(failure, next, policy) : { kind: "final" };
    const isMoved = await this.#moveFailed(held.job, { attempt: lease.attempt, failure, decision });
    this.#forget(lease);
    if (!isMoved) return false;
    await this.#options.store.addFailures(lease.task.id, { ...noFailures, [failure.cause]: 1 });
    this.tell({ kind: "failed", ...this.factOf(lease), failure, decision });
    return true;
  }

  /** See `TaskSource`. */
  async giveBack(lease: Lease): Promise<boolean> {
    const held = this.#held.get(lease.attemptToken);
    if (held === undefined) return false;
    let isMoved: boolean;
    try {
      const stopReason = await this.#options.store.readStop(lease.task.id);
      isMoved =
        stopReason === null
          ? await this.#options.queues().putBack(held.job)
          : await this.#options.queues().fail(held.job, JSON.stringify({ cancelled: stopReason }));
    } finally {
      this.drop(lease); // nobody asks again: what could not be given back runs out
    }
    if (!isMoved) return false;
    this.tell({ kind: "given_back", ...this.factOf(lease) });
    await this.#options.onFree();
    return true;
  }

  /** See `TaskSource`. An error of Redis is no reason to stop: the lease may well be valid. */
  async renew(lease: Lease, progress: Progress | null): Promise<boolean> {
    const held = this.#held.get(lease.attemptToken);
    if (held === undefined) return false;
    const now = this.#options.clock.now();
    if (now - held.renewedAt >= this.#options.rules().leaseMs / 6) {
      held.renewedAt = now;
      if (!(await this.#renewNow(held).catch(() => true))) return this.#forget(lease);
    }
    if (progress !== null && now - held.progressAt >= progressEveryMs) {
      held.progressAt = now;
      this.tell({ kind: "progress", ...this.factOf(lease), progress });
    }
    return true;
  }

  /** Looks whether any task that is held here is asked to stop. */
  async noticeStops(): Promise<void> {
    for (const taskId of this.taskIds) {
      const reason = await this.#options.store.readStop(taskId);
      if (reason !== null) this.#options.onStop(taskId, reason);
    }
  }

  /** Adds what waits for a task that is done. False: the task is no longer ours, or Redis has lost the sweep just now. */
  async #release(held: HeldLease): Promise<boolean> {
    const { payload } = held;
    if (payload.dependents.length === 0) return true;
    if (!(await this.#renewNow(held))) return false;
    const queues = this.#options.queues();
    try {
      if ((await releaseDependents(payload, this.#options.store, queues)) > 0) await this.#options.onFree();
      return true;
    } catch (error) {
      if (await queues.hasRoot()) throw error;
      return false;
    }
  }

  async #refuse(job: ActiveJob, reason: string): Promise<void> {
    await this.#options.queues().fail(job, JSON.stringify({ refused: reason }));
    this.tell({ kind: "refused", jobId: job.id, reason, time: this.#options.clock.now() });
  }

  #moveFailed(
    job: ActiveJob,
    end: { attempt: number; failure: TaskFailure; decision: RetryDecision },
  ): Promise<boolean> {
    const { decision } = end;
    return decision.kind === "retry"
      ? this.#options.queues().delay(job, this.#options.clock.now() + decision.delayMs)
      : this.#options.queues().fail(job, JSON.stringify(end));
  }

  async #renewNow({ lease, job }: HeldLease): Promise<boolean> {
    const { client, store } = this.#options;
    const { isHeld, stopReason } = await renewLease(
      client,
      {
        keys: this.#options.queues().leaseKeys(job),
        stopKey: store.stopKey,
        jobId: job.id,
        taskId: lease.task.id,
        token: job.token,
        numStarts: job.numStarts,
      },
      this.#options.rules().leaseMs,
    );
    if (isHeld && stopReason !== null) this.#options.onStop(lease.task.id, stopReason);
    return isHeld;
  }

  /** Holds a lease no longer, without a word to Redis, where it runs out. */
  drop(lease: Lease): void {
    this.#held.delete(lease.attemptToken);
  }

  #forget(lease: Lease): false {
    this.drop(lease);
    return false;
  }

  /** What facts about a lease have in common. */
  factOf({ task, attempt, worker }: Lease): {
    taskId: string;
    attempt: number;
    worker: string;
    time: number;
  } {
    return { taskId: task.id, attempt, worker, time: this.#options.clock.now() };
  }

  /** Not waited for: what is lost is found again by the driver. */
  tell(fact: Fact): void {
    this.#options.store.facts.tell(fact);
  }
}

/** Payload of a job of this submission whose id is that of its task. */
const readJob = (job: TakenJob, expected: { sweep: string; run: string }): PayloadReading => {
  const reading = parsePayload(job.data, expected);
  if (reading.kind === "refused" || jobIdOf(expected.run, reading.payload.task) === job.id) return reading;
  return { kind: "refused", reason: "its id is not that of its task" };
};
