/** A short look at a sweep in its Redis, from any process that may read its connection file. */

import { messageOf } from "../../core/errors.ts";
import type { Task } from "../../plan/task.ts";
import type { WorkerHeartbeat } from "../worker-heartbeat.ts";
import { connectRedis, type RedisClient } from "./connection/connect-redis.ts";
import { parseRedisUrl, readConnectionFile } from "./connection/redis-address.ts";
import { jobIdOf, queueNameOf } from "./jobs/queue-class.ts";
import { keyPrefix } from "./jobs/task-queues.ts";
import { SweepStore } from "./sweep-store.ts";

/** What was seen; or why nothing could be. */
export type SweepLook =
  | {
      readonly kind: "seen";
      /** Those that were heard of lately. */
      readonly workers: readonly WorkerHeartbeat[];
      /** Seconds that the task is expected to take; null: not known, or it has no job. */
      readonly expectedSec: number | null;
    }
  | { readonly kind: "unseen"; readonly problem: string };

/** Somebody waits for the answer. */
const patienceMs = 4000;

/** Looks at the workers, and at the job of `task` (null: of none). Never throws. */
export const lookAtSweep = async (
  connectionFile: string,
  sweepId: string,
  task: Task | null,
): Promise<SweepLook> => {
  let client: RedisClient | null = null;
  let isLate = false;
  const look = async (): Promise<SweepLook> => {
    const address = parseRedisUrl(readConnectionFile(connectionFile).url, connectionFile);
    const connected = await connectRedis(address, { requireAuthentication: false, timeoutMs: patienceMs });
    if (isLate) connected.disconnect();
    client = connected;
    const workers = await new SweepStore(connected, sweepId).workers();
    return {
      kind: "seen",
      workers,
      expectedSec: task === null ? null : await expectedSecOf(connected, sweepId, task),
    };
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<SweepLook>((resolve) => {
    timer = setTimeout(() => resolve({ kind: "unseen", problem: "Redis does not answer" }), patienceMs);
  });
  try {
    const seen = look().catch((error: unknown): SweepLook => ({ kind: "unseen", problem: messageOf(error) }));
    return await Promise.race([seen, late]);
  } finally {
    clearTimeout(timer);
    isLate = true;
    (client as RedisClient | null)?.disconnect();
  }
};

const expectedSecOf = async (client: RedisClient, sweepId: string, task: Task): Promise<number | null> => {
  const stored = await new SweepStore(client, sweepId).readRules();
  if (stored === null) return null;
  const { run, classes } = stored.rules;
  for (const queueClass of classes.filter(({ kind }) => kind === task.kind)) {
    const key = `${keyPrefix}:${queueNameOf(sweepId, queueClass)}:${jobIdOf(run, task)}`;
    if ((await client.exists(key)) === 1) return queueClass.maxSec;
  }
  return null;
};
