/**
 * The jobs of one sweep in BullMQ: adding, taking and moving them. Only this file and add-children.ts know BullMQ.
 *
 * Shape: a root job `aggregate` waits for all others, its children. A child that others need adds these as its siblings
 * right before it completes, so the root is released exactly when nothing is left. A job's lock is the lease of its task,
 * the lock's token the attempt's token; every move of an active job is fenced by it.
 */
import { FlowProducer, Job, Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { JobPayload } from "../../job-payload.ts";
import { addChildren, childOptions, groupBy } from "./add-children.ts";
import { jobIdOf, orderClasses, type QueueClass, queueClassOf, queueNameOf } from "./queue-class.ts";

/** Prefix of every key in Redis. */
export const keyPrefix = "lambda-hat";

/** A job in the active state, held by the owner of `token`. */
export interface ActiveJob {
  readonly queueClass: QueueClass;
  readonly id: string;
  readonly token: string;
}

/** A job as it is taken: its data is not yet to be trusted. */
export interface TakenJob extends ActiveJob {
  readonly data: string;
  /** How often it was started, this time included. */
  readonly numStarts: number;
}

/** States of jobs, as this program tells them apart. */
export type JobState = "waiting" | "delayed" | "active" | "completed" | "failed";

/** Which job, and where. */
export interface JobPlace {
  readonly queueClass: QueueClass;
  readonly state: JobState;
}

const jobStates: Readonly<
  Record<JobState, readonly ("wait" | "prioritized" | "delayed" | "active" | "completed" | "failed")[]>
> = {
  waiting: ["wait", "prioritized"],
  delayed: ["delayed"],
  active: ["active"],
  completed: ["completed"],
  failed: ["failed"],
};

/** Codes by which BullMQ says that a job is no longer ours: gone, not locked, not active, locked by another. */
const staleCodes: ReadonlySet<unknown> = new Set([-1, -2, -3, -6]);

/** The queues of one submission of a sweep. */
export class TaskQueues {
  readonly classes: readonly QueueClass[];
  readonly #client: Redis;
  readonly #sweepId: string;
  readonly #run: string;
  readonly #leaseMs: number;
  readonly #queues = new Map<string, Queue>();

  constructor(
    client: Redis,
    options: { sweepId: string; run: string; leaseMs: number; classes: readonly QueueClass[] },
  ) {
    this.#client = client;
    this.#sweepId = options.sweepId;
    this.#run = options.run;
    this.#leaseMs = options.leaseMs;
    this.classes = orderClasses(options.classes);
  }

  /** Makes the root with its first children, in one transaction. */
  async addRoot(children: readonly JobPayload[]): Promise<void> {
    const flow = new FlowProducer({ connection: this.#client, prefix: keyPrefix });
    try {
      await flow.add({
        name: "aggregate",
        queueName: this.#rootQueueName,
        opts: { jobId: this.#rootId, attempts: 1 },
        children: children.map((payload) => ({
          name: payload.task.kind,
          queueName: queueNameOf(this.#sweepId, queueClassOf(payload.task, payload.expected_sec)),
          data: payload,
          opts: childOptions(payload),
        })),
      });
    } finally {
      await flow.close();
    }
    await this.#requireAll(children); // FlowProducer looks at the root's reply only
  }

  /**
   * Adds jobs as children of the root. Jobs that exist are left alone: adding a failed one again would block the root.
   * @throws plain Error `bug:` when BullMQ refuses one.
   */
  async add(payloads: readonly JobPayload[]): Promise<void> {
    const missing = await this.#missingOf(payloads);
    const parent = { id: this.#rootId, queue: `${keyPrefix}:${this.#rootQueueName}` };
    for (const [name, group] of groupBy(missing, (payload) => this.#queueNameOf(payload)))
      await addChildren(this.#queue(name), parent, group);
  }

  /** Takes the first job of a class, if there is one, and locks it with `token`. */
  async take(queueClass: QueueClass, token: string, worker: string): Promise<TakenJob | null> {
    const [json, id] = (await this.#queueOf(queueClass).getBackend().moveToActive(token, worker)) as [
      { data: string; attemptsStarted?: number } | null | undefined,
      string,
    ];
    if (json === null || json === undefined) return null;
    return { queueClass, id, token, data: json.data, numStarts: json.attemptsStarted ?? 1 };
  }

  /** To completed, with a value. False: the job is no longer ours. */
  complete(job: ActiveJob, value: unknown): Promise<boolean> {
    return whileOurs(() => this.#jobOf(job).moveToCompleted(value, job.token, false));
  }

  /** To failed, for good. `reason`: read again by whoever finds the job. False: the job is no longer ours. */
  fail(job: ActiveJob, reason: string): Promise<boolean> {
    const error = new Error(reason);
    error.stack = "";
    return whileOurs(() => this.#jobOf(job).moveToFailed(error, job.token, false));
  }

  /** Away until a time, milliseconds since 1970. False: the job is no longer ours. */
  delay(job: ActiveJob, until: number): Promise<boolean> {
    return whileOurs(() => this.#jobOf(job).moveToDelayed(until, job.token));
  }

  /** Back to the head of its priority, at no cost. False: the job is no longer ours. */
  putBack(job: ActiveJob): Promise<boolean> {
    return whileOurs(() => this.#jobOf(job).moveToWait(job.token));
  }

  /** Removes a job that is not active. False: it is active now. */
  async remove(queueClass: QueueClass, id: string): Promise<boolean> {
    const queue = this.#queueOf(queueClass);
    if ((await queue.getBackend().remove(id, false)) === 1) return true;
    return (await this.#client.exists(queue.toKey(id))) === 0;
  }

  /** Removes all jobs that wait for a worker or for a time. */
  async removeWaiting(): Promise<void> {
    for (const queueClass of this.classes) await this.#queueOf(queueClass).drain(true);
  }

  /** Where every job of the sweep is. */
  async places(): Promise<ReadonlyMap<string, JobPlace>> {
    const found = new Map<string, JobPlace>();
    for (const queueClass of this.classes) {
      for (const [state, ranges] of Object.entries(jobStates) as [JobState, (typeof jobStates)[JobState]][]) {
        const ids = await this.#queueOf(queueClass)
          .getBackend()
          .getRanges([...ranges], 0, -1, true);
        for (const id of ids.flat()) found.set(id, { queueClass, state });
      }
    }
    return found;
  }

  /** Members of the hash of a job; null where it has none. */
  async read(
    queueClass: QueueClass,
    id: string,
  ): Promise<{
    data: string | null;
    numStarts: number;
    worker: string | null;
    value: string | null;
    reason: string | null;
  }> {
    const key = this.#queueOf(queueClass).toKey(id);
    const [data, starts, worker, value, reason] = await this.#client.hmget(
      key,
      "data",
      "ats",
      "pb",
      "returnvalue",
      "failedReason",
    );
    return {
      data: data ?? null,
      numStarts: Number(starts ?? 0),
      worker: worker ?? null,
      value: value ?? null,
      reason: reason ?? null,
    };
  }

  /** Keys that the lease of a job is made of. */
  leaseKeys({ queueClass, id }: Pick<ActiveJob, "queueClass" | "id">): {
    lock: string;
    active: string;
    job: string;
  } {
    const queue = this.#queueOf(queueClass);
    const job = queue.toKey(id);
    return { lock: `${job}:lock`, active: queue.toKey("active"), job };
  }

  /** True once all tasks are final: the root waits for them no more. Also false when Redis has lost the root. */
  async isRootReleased(): Promise<boolean> {
    const state = await this.#queue(this.#rootQueueName).getBackend().getState(this.#rootId);
    return state === "waiting" || state === "active" || state === "completed";
  }

  /** True if Redis has the root, in whatever state. */
  async hasRoot(): Promise<boolean> {
    return (await this.#client.exists(this.#queue(this.#rootQueueName).toKey(this.#rootId))) === 1;
  }

  /** Takes and completes the root, if it is released. */
  async completeRoot(token: string): Promise<void> {
    const queue = this.#queue(this.#rootQueueName);
    const [json, id] = (await queue.getBackend().moveToActive(token, "driver")) as [unknown, string];
    if (json !== null && json !== undefined)
      await whileOurs(() =>
        new Job(queue, "aggregate", null, { attempts: 1 }, id).moveToCompleted(null, token, false),
      );
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
    this.#queues.clear();
  }

  get #rootQueueName(): string {
    return `${this.#sweepId}.aggregate`;
  }

  get #rootId(): string {
    return `agg.${this.#run}`;
  }

  #queueNameOf({ task, expected_sec: expectedSec }: JobPayload): string {
    return queueNameOf(this.#sweepId, queueClassOf(task, expectedSec));
  }

  #queueOf(queueClass: QueueClass): Queue {
    return this.#queue(queueNameOf(this.#sweepId, queueClass));
  }

  #queue(name: string): Queue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const options = {
      connection: this.#client,
      prefix: keyPrefix,
      lockDuration: this.#leaseMs,
      streams: { events: { maxLen: 1000 } },
    };
    const queue = new Queue(name, options);
    queue.on("error", () => {}); // told by the connection's owner
    this.#queues.set(name, queue);
    return queue;
  }

  #jobOf({ queueClass, id }: ActiveJob): Job {
    return new Job(this.#queueOf(queueClass), queueClass.kind, null, { attempts: 1 }, id);
  }

  async #missingOf(payloads: readonly JobPayload[]): Promise<readonly JobPayload[]> {
    const pipeline = this.#client.pipeline();
    for (const payload of payloads) pipeline.exists(this.#keyOf(payload));
    const replies = (await pipeline.exec()) ?? [];
    return payloads.filter((_, index) => replies[index]?.[1] === 0);
  }

  async #requireAll(payloads: readonly JobPayload[]): Promise<void> {
    const missing = await this.#missingOf(payloads);
    if (missing.length > 0)
      throw new Error(`bug: BullMQ did not add ${missing.length} jobs, ${missing[0]?.task.id} first`);
  }

  #keyOf(payload: JobPayload): string {
    return this.#queue(this.#queueNameOf(payload)).toKey(jobIdOf(payload.run, payload.task));
  }
}

const whileOurs = async (move: () => Promise<unknown>): Promise<boolean> => {
  try {
    await move();
    return true;
  } catch (error) {
    if (staleCodes.has((error as { code?: unknown }).code)) return false;
    throw error;
  }
};
