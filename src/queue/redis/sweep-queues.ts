/** The queues of all sweeps that a Redis holds, to be looked at: nothing here writes a key. */
import { Queue } from "bullmq";
import type { RedisClient } from "./connection/connect-redis.ts";
import { queueNameOf } from "./jobs/queue-class.ts";
import { keyPrefix } from "./jobs/task-queues.ts";
import { SweepStore } from "./sweep-store.ts";

/** BullMQ's view of queues that somebody else fills. */
export class SweepQueues {
  readonly #client: RedisClient;
  readonly #known = new Map<string, Queue>();

  /** The client is closed by its owner. */
  constructor(client: RedisClient) {
    this.#client = client;
  }

  /** One queue a class of tasks of every sweep that has not ended; of one sweep if it is named. The same objects each time. */
  async find(sweepId: string | null): Promise<readonly Queue[]> {
    const sweeps = sweepId === null ? await this.#sweepIds() : [sweepId];
    const names = await Promise.all(sweeps.map((id) => this.#namesOf(id)));
    return names.flat().map((name) => this.#queue(name));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#known.values()].map((queue) => queue.close()));
    this.#known.clear();
  }

  async #sweepIds(): Promise<readonly string[]> {
    const found: string[] = [];
    const [start, end] = [`${keyPrefix}:`, ":sweep"];
    let cursor = "0";
    do {
      const [next, keys] = await this.#client.scan(cursor, "MATCH", `${start}*${end}`, "COUNT", 1000);
      found.push(...keys.map((key) => key.slice(start.length, -end.length)));
      cursor = next;
    } while (cursor !== "0");
    return [...new Set(found)].sort();
  }

  async #namesOf(sweepId: string): Promise<readonly string[]> {
    const stored = await new SweepStore(this.#client, sweepId).readRules();
    if (stored === null || stored.phase === "finished") return [];
    return stored.rules.classes.map((queueClass) => queueNameOf(sweepId, queueClass));
  }

  #queue(name: string): Queue {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const queue = new Queue(name, { connection: this.#client, prefix: keyPrefix, skipMetasUpdate: true });
    queue.on("error", () => {}); // told by the connection's owner
    this.#known.set(name, queue);
    return queue;
  }
}
