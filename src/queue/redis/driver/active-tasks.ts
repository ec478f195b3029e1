/** Which tasks a worker has in its hands, as Redis knows: the ledger hears of it a moment later. */
import type { SweepLedger } from "../../sweep-ledger.ts";
import type { TaskEntry } from "../../task-entry.ts";
import { jobIdOf, queueClassOf } from "../jobs/queue-class.ts";
import type { RedisTaskSource } from "../leases/redis-task-source.ts";

/** Ids of those of the named tasks whose jobs are active; the jobs of the others are removed. */
export const removeInactive = async (
  entries: readonly TaskEntry[],
  ledger: SweepLedger,
  { queues, rules }: RedisTaskSource,
): Promise<ReadonlySet<string>> => {
  const active = new Set<string>();
  for (const { task } of entries.filter(isQueued)) {
    const queueClass = queueClassOf(task, ledger.expectedSecOf(task.id));
    if (!(await queues.remove(queueClass, jobIdOf(rules.run, task)))) active.add(task.id);
  }
  return active;
};

/** Ids of those whose jobs are active. */
export const findActive = async (
  entries: readonly TaskEntry[],
  { queues, rules }: RedisTaskSource,
): Promise<ReadonlySet<string>> => {
  const places = await queues.places();
  const active = entries
    .filter(isQueued)
    .filter(({ task }) => places.get(jobIdOf(rules.run, task))?.state === "active");
  return new Set(active.map(({ task }) => task.id));
};

const isQueued = ({ state, numOpenNeeds }: TaskEntry): boolean => state !== "running" && numOpenNeeds === 0;
