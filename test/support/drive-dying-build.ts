/**
 * A worker process for tests that dies where a build hurts most: it does one task of the test sweep, adds the jobs of all that
 * waited for it, and is killed before it can say that the task is done.
 */
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { systemClock } from "../../src/core/clock.ts";
import { RedisTaskSource } from "../../src/queue/redis/leases/redis-task-source.ts";
import { SweepStore } from "../../src/queue/redis/sweep-store.ts";

const addBulk = Object.getOwnPropertyDescriptor(Queue.prototype, "addBulk")?.value as Queue["addBulk"];
Queue.prototype.addBulk = async function (this: Queue, jobs) {
  await addBulk.call(this, jobs);
  process.kill(process.pid, "SIGKILL");
  return await new Promise(() => {}); // never
};

const client = new Redis({ path: process.env["TEST_REDIS_SOCKET"] ?? "", maxRetriesPerRequest: null });
const store = new SweepStore(client, "swp_0123456789ab");
const source = new RedisTaskSource({ client, store, clock: systemClock, isDone: () => false });
await source.attach();
const lease = await source.lease({ worker: "dying", serves: null, remainingSec: null });
if (lease !== null) await source.complete(lease, null);
