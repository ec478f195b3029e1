/**
 * What a sweep keeps in Redis beside its jobs: its rules, payloads of tasks that still wait for others, what is done,
 * failures by cause, requests to stop, facts, and the heartbeats of workers.
 */
import type { Redis } from "ioredis";
import type { FailureCause } from "../failure.ts";
import type { JobPayload } from "../job-payload.ts";
import type { FailureCounts, RetryPolicy } from "../retry-policy.ts";
import { heartbeatTtlMs, heartbeatVersion, type WorkerHeartbeat } from "../worker-heartbeat.ts";
import { FactStream } from "./facts/fact-stream.ts";
import type { QueueClass } from "./jobs/queue-class.ts";
import { keyPrefix } from "./jobs/task-queues.ts";

/** Version of all that is written here. */
const storeVersion = 1;

/** Rules of one submission, for workers. */
export interface SweepRules {
  readonly v: typeof storeVersion;
  /** Unique for this submission. */
  readonly run: string;
  readonly retryPolicy: RetryPolicy;
  readonly classes: readonly QueueClass[];
  readonly leaseMs: number;
  /** Absolute paths on the shared file system; null: the worker must be told. */
  readonly storeRoot: string | null;
  readonly logsRoot: string | null;
  /** Results written before this time do not count, milliseconds since 1970; null: all count. */
  readonly doneSince: number | null;
}

/** `open`: tasks are handed out. `drained`: no more. `finished`: every task is final. */
export type SweepPhase = "open" | "drained" | "finished";

const causes = [
  "task_error",
  "worker_lost",
  "timeout",
  "out_of_memory",
] as const satisfies readonly FailureCause[];

const uploadBatch = 500;

/** The keys of one sweep. */
export class SweepStore {
  readonly sweepId: string;
  readonly facts: FactStream;
  readonly #client: Redis;

  constructor(client: Redis, sweepId: string) {
    this.#client = client;
    this.sweepId = sweepId;
    this.facts = new FactStream(client, this.#key("facts"));
  }

  /** Channel by which waiting workers are woken and running tasks are asked to stop. */
  get channel(): string {
    return this.#key("wake");
  }

  /** Key of the requests to stop: task id → reason. */
  get stopKey(): string {
    return this.#key("stop");
  }

  async readRules(): Promise<{ rules: SweepRules; phase: SweepPhase } | null> {
    const [text, phase] = await this.#client.hmget(this.#key("sweep"), "rules", "phase");
    if (text === null || text === undefined) return null;
    const rules = JSON.parse(text) as SweepRules;
    return rules.v === storeVersion ? { rules, phase: (phase ?? "open") as SweepPhase } : null;
  }

  async writeRules(rules: Omit<SweepRules, "v">, phase: SweepPhase): Promise<void> {
    if (phase === "open") await this.facts.open();
    await this.#client.hset(
      this.#key("sweep"),
      "rules",
      JSON.stringify({ v: storeVersion, ...rules }),
      "phase",
      phase,
    );
  }

  async setPhase(phase: SweepPhase): Promise<void> {
    await this.#client.hset(this.#key("sweep"), "phase", phase);
  }

  /** Current submission and phase; nulls where Redis has no such sweep (any more). */
  async readPhase(): Promise<{ run: string | null; phase: SweepPhase | null }> {
    const stored = await this.readRules();
    return { run: stored?.rules.run ?? null, phase: stored?.phase ?? null };
  }

  /** Deletes everything but the news that the sweep has ended, which late workers may read for an hour. */
  async leaveFinished(rules: Omit<SweepRules, "v">): Promise<void> {
    await this.clear();
    await this.writeRules(rules, "finished");
    await this.#client.expire(this.#key("sweep"), 3600);
  }

  /** Deletes every key of the sweep, jobs included, heartbeats not. */
  async clear(): Promise<void> {
    for (const pattern of [`${keyPrefix}:${this.sweepId}.*`, `${keyPrefix}:${this.sweepId}:*`]) {
      let cursor = "0";
      do {
        const [next, keys] = await this.#client.scan(cursor, "MATCH", pattern, "COUNT", 1000);
        const removed = keys.filter((key) => !key.startsWith(this.#key("worker"))); // they live on their own
        if (removed.length > 0) await this.#client.unlink(...removed);
        cursor = next;
      } while (cursor !== "0");
    }
  }

  /** Keeps payloads until the tasks that they need are done. */
  async keepPayloads(payloads: readonly JobPayload[]): Promise<void> {
    for (let start = 0; start < payloads.length; start += uploadBatch) {
      const batch = payloads.slice(start, start + uploadBatch);
      const fields = batch.flatMap((payload) => [payload.task.id, JSON.stringify(payload)]);
      await this.#client.hset(this.#key("tasks"), ...fields);
    }
  }

  /** Texts of kept payloads; null where there is none. */
  async readPayloads(taskIds: readonly string[]): Promise<readonly (string | null)[]> {
    return taskIds.length === 0 ? [] : this.#client.hmget(this.#key("tasks"), ...taskIds);
  }

  /** Forgets kept payloads, so that nothing releases these tasks any more. */
  async dropPayloads(taskIds: readonly string[]): Promise<void> {
    for (let start = 0; start < taskIds.length; start += uploadBatch)
      await this.#client.hdel(this.#key("tasks"), ...taskIds.slice(start, start + uploadBatch));
  }

  async addDone(taskIds: readonly string[]): Promise<void> {
    for (let start = 0; start < taskIds.length; start += uploadBatch)
      await this.#client.sadd(this.#key("done"), ...taskIds.slice(start, start + uploadBatch));
  }

  /** Which of these are done. */
  async areDone(taskIds: readonly string[]): Promise<readonly boolean[]> {
    if (taskIds.length === 0) return [];
    return (await this.#client.smismember(this.#key("done"), ...taskIds)).map((flag) => flag === 1);
  }

  /** Failures of a task so far, and the reason if it was asked to stop. */
  async readFailures(taskId: string): Promise<{ counts: FailureCounts; stopReason: string | null }> {
    const fields = causes.map((cause) => `${taskId} ${cause}`);
    const [numbers, stopReason] = await Promise.all([
      this.#client.hmget(this.#key("failures"), ...fields),
      this.readStop(taskId),
    ]);
    const entries = causes.map((cause, index) => [cause, Number(numbers[index] ?? 0)] as const);
    return { counts: Object.fromEntries(entries) as unknown as FailureCounts, stopReason };
  }

  async addFailures(taskId: string, counts: FailureCounts): Promise<void> {
    const some = causes.filter((cause) => counts[cause] > 0);
    await Promise.all(
      some.map((cause) => this.#client.hincrby(this.#key("failures"), `${taskId} ${cause}`, counts[cause])),
    );
  }

  async readStop(taskId: string): Promise<string | null> {
    return this.#client.hget(this.stopKey, taskId);
  }

  async readStops(): Promise<ReadonlyMap<string, string>> {
    return new Map(Object.entries(await this.#client.hgetall(this.stopKey)));
  }

  /** Asks for tasks to be stopped, and tells the workers. */
  async requestStops(taskIds: readonly string[], reason: string): Promise<void> {
    if (taskIds.length === 0) return;
    await this.#client.hset(this.stopKey, ...taskIds.flatMap((taskId) => [taskId, reason]));
    await this.publish("stop");
  }

  /** Wakes everybody who waits: for a task (`wake`), for a request to stop (`stop`), for the end (`end`). */
  async publish(message: "wake" | "stop" | "end" | `drain ${string}`): Promise<void> {
    await this.#client.publish(this.channel, message);
  }

  async beat(heartbeat: WorkerHeartbeat): Promise<void> {
    await this.#client
      .pipeline()
      .set(this.#workerKey(heartbeat.id), JSON.stringify(heartbeat), "PX", heartbeatTtlMs)
      .sadd(this.#key("workers"), heartbeat.id)
      .exec();
  }

  async forgetWorker(id: string): Promise<void> {
    await this.#client.pipeline().del(this.#workerKey(id)).srem(this.#key("workers"), id).exec();
  }

  /** Workers that were heard of lately. */
  async workers(): Promise<readonly WorkerHeartbeat[]> {
    const ids = await this.#client.smembers(this.#key("workers"));
    if (ids.length === 0) return [];
    const texts = await this.#client.mget(ids.map((id) => this.#workerKey(id)));
    const gone = ids.filter((_, index) => texts[index] === null);
    if (gone.length > 0) await this.#client.srem(this.#key("workers"), ...gone);
    return texts.flatMap((text) => {
      const heartbeat = text === null ? null : (JSON.parse(text) as WorkerHeartbeat);
      return heartbeat?.v === heartbeatVersion ? [heartbeat] : [];
    });
  }

  #workerKey(id: string): string {
    return this.#key(`worker:${id}`);
  }

  #key(name: string): string {
    return `${keyPrefix}:${this.sweepId}:${name}`;
  }
}
