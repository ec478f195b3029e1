/** Adds jobs to BullMQ in bulk, and checks what BullMQ's own calls leave unchecked. */
import type { Job, JobsOptions, Queue } from "bullmq";
import type { JobPayload } from "../../job-payload.ts";
import { jobIdOf, priorityOf } from "./queue-class.ts";

/** At most so many jobs in one call to Redis. */
const bulkSize = 500;

/** Options of a job below the root: retries are ours, because budgets are counted by cause. */
export const childOptions = (payload: JobPayload): JobsOptions => ({
  jobId: jobIdOf(payload.run, payload.task),
  priority: priorityOf(payload.expected_sec),
  attempts: 1,
  ignoreDependencyOnFailure: true,
  stackTraceLimit: 0,
});

/**
 * Adds jobs to one queue as children of `parent`.
 * @throws plain Error `bug:` when BullMQ refuses one, which its `addBulk` does not tell.
 */
export const addChildren = async (
  queue: Queue,
  parent: { readonly id: string; readonly queue: string },
  payloads: readonly JobPayload[],
): Promise<void> => {
  for (let start = 0; start < payloads.length; start += bulkSize) {
    const batch = payloads.slice(start, start + bulkSize);
    const jobs = await queue.addBulk(
      batch.map((payload) => ({
        name: payload.task.kind,
        data: payload,
        opts: { ...childOptions(payload), parent },
      })),
    );
    assertIds(
      jobs,
      batch.map(({ run, task }) => jobIdOf(run, task)),
    );
  }
};

/** A refused job comes back from `addBulk` with a number instead of its id, and does not exist. */
const assertIds = (jobs: readonly Job[], wanted: readonly string[]): void => {
  const wrong = jobs.findIndex(({ id }, index) => id !== wanted[index]);
  if (wrong >= 0) throw new Error(`bug: BullMQ refused job ${wanted[wrong]} with ${String(jobs[wrong]?.id)}`);
};

/** Items by key, in the order in which keys appear. */
export const groupBy = <Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): ReadonlyMap<string, Item[]> => {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
};
