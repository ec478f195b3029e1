/**
 * What BullMQ alone does on the same machine and in the same Redis: no-op jobs under one parent, taken by a worker of two at
 * a time in a process of its own, its start included. `inside`: the processor is a function of the worker, so nothing is
 * isolated; `processes`: BullMQ's sandbox, a child process for each of the two, which is what our slots do.
 */
import { fork } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { FlowProducer, Worker } from "bullmq";
import { connectRedis } from "../src/queue/redis/connection/connect-redis.ts";
import { parseRedisUrl, type RedisAddress, redisUrlOf } from "../src/queue/redis/connection/redis-address.ts";

const queueName = "peer";
const concurrency = 2;
const here = fileURLToPath(import.meta.url);

/** Jobs per second of each kind. Empties the Redis before. */
export const measureBullmq = async (
  address: RedisAddress,
  kind: "inside" | "processes",
  numJobs: number,
): Promise<number> => {
  const client = await connectRedis(address, { requireAuthentication: true });
  const flow = new FlowProducer({ connection: client });
  try {
    await client.flushall();
    const start = performance.now();
    await flow.add({
      name: "root",
      queueName: "peer-root",
      children: Array.from({ length: numJobs }, (_, index) => ({
        name: "noop",
        queueName,
        data: { index },
        opts: { priority: 1, attempts: 1, ignoreDependencyOnFailure: true },
      })),
    });
    const env = {
      ...process.env,
      BENCH_REDIS: redisUrlOf(address),
      BENCH_KIND: kind,
      BENCH_JOBS: String(numJobs),
    };
    const worker = fork(here, [], { env });
    await new Promise((resolve) => worker.once("message", resolve));
    const seconds = (performance.now() - start) / 1000;
    await new Promise((resolve) => worker.once("exit", resolve));
    return numJobs / seconds;
  } finally {
    await flow.close();
    client.disconnect();
  }
};

const runWorker = async (): Promise<void> => {
  const { BENCH_REDIS = "", BENCH_KIND, BENCH_JOBS } = process.env;
  const client = await connectRedis(parseRedisUrl(BENCH_REDIS, "BENCH_REDIS"), {
    requireAuthentication: true,
  });
  const processor = BENCH_KIND === "processes" ? pathToFileURL(here) : async () => null;
  const worker = new Worker(queueName, processor, { connection: client, concurrency });
  worker.on("error", (error) => console.error(error));
  let numOpen = Number(BENCH_JOBS);
  worker.on("completed", () => {
    if (--numOpen > 0) return;
    process.send?.("done");
    void worker.close().then(() => client.disconnect());
  });
};

/** What BullMQ's sandbox runs in its processes. */
export default async (): Promise<null> => null;

if (here === process.argv[1]) await runWorker();
