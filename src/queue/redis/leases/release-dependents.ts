/** What follows from a task that is done, in Redis: the tasks that only waited for it get their jobs. */
import { type JobPayload, parsePayload } from "../../job-payload.ts";
import type { TaskQueues } from "../jobs/task-queues.ts";
import type { SweepStore } from "../sweep-store.ts";

/**
 * Adds the jobs, as siblings of the one that is about to complete; returns how many tasks are ready. Of two tasks that end
 * at the same time, both enter themselves as done before they look, so that the last one sees both.
 */
export const releaseDependents = async (
  { task, dependents, sweep, run }: JobPayload,
  store: SweepStore,
  queues: TaskQueues,
): Promise<number> => {
  if (dependents.length === 0) return 0;
  await store.addDone([task.id]);
  const texts = await store.readPayloads(dependents);
  const waiting = texts.flatMap((text) => {
    const reading = text === null ? null : parsePayload(text, { sweep, run });
    return reading?.kind === "valid" ? [reading.payload] : [];
  });
  const others = [...new Set(waiting.flatMap((payload) => payload.task.needs))].filter(
    (id) => id !== task.id,
  );
  const flags = await store.areDone(others);
  const done = new Set([task.id, ...others.filter((_, index) => flags[index])]);
  const ready = waiting.filter((payload) => payload.task.needs.every((need) => done.has(need)));
  await queues.add(ready);
  return ready.length;
};
