/**
 * Where a task's job lies: one BullMQ queue per kind of task and class of expected length, because a worker can choose
 * between queues but not within one. Workers whose life is ending leave the queues of long tasks alone.
 */
import type { Task, TaskKind } from "../../../plan/task.ts";

/** Tasks of one kind that are expected to take at most `maxSec` (a power of two), more than half of it; null: unknown. */
export interface QueueClass {
  readonly kind: TaskKind;
  readonly maxSec: number | null;
}

/** The class of a task. */
export const queueClassOf = (task: Task, expectedSec: number | null): QueueClass => ({
  kind: task.kind,
  maxSec: expectedSec === null ? null : 2 ** Math.ceil(Math.log2(Math.max(1, expectedSec))),
});

/** Name of its queue: without colons, unique for the sweep. */
export const queueNameOf = (sweepId: string, { kind, maxSec }: QueueClass): string =>
  `${sweepId}.${kind}.${maxSec ?? "any"}`;

/** Each class once, in the order in which workers look: builds first, unknown lengths before known, the longest first. */
export const orderClasses = (classes: Iterable<QueueClass>): readonly QueueClass[] => {
  const unique = new Map([...classes].map((queueClass) => [queueNameOf("", queueClass), queueClass]));
  return [...unique.values()].sort(
    (a, b) => rankOf(a.kind) - rankOf(b.kind) || lengthOf(b) - lengthOf(a) || a.kind.localeCompare(b.kind),
  );
};

const rankOf = (kind: TaskKind): number => (kind === "build-target" ? 0 : 1);

const lengthOf = ({ maxSec }: QueueClass): number => maxSec ?? Number.MAX_VALUE;

/** True if a worker may take any task of the class. */
export const fits = (
  { kind, maxSec }: QueueClass,
  worker: { readonly serves: readonly TaskKind[] | null; readonly remainingSec: number | null },
): boolean =>
  (worker.serves === null || worker.serves.includes(kind)) &&
  (worker.remainingSec === null || (maxSec ?? 0) <= worker.remainingSec);

const lowestPriority = 2 ** 21 - 1;

/** BullMQ priority, 1 first: unknown lengths, then the longest; equal ones go in the order in which they were added. */
export const priorityOf = (expectedSec: number | null): number => {
  if (expectedSec === null) return 1;
  const share = Math.min(1, Math.log2(1 + expectedSec) / 32); // 2³² s is more than a century
  return lowestPriority - Math.floor(share * (lowestPriority - 2));
};

/** Id of a task's job: scoped by submission, so that nothing left in a user's Redis is taken for it; without colons. */
export const jobIdOf = (run: string, task: Pick<Task, "id" | "kind">): string => {
  if (task.id.includes(":")) throw new Error(`bug: task id ${task.id} has a colon`);
  return `${prefixOf(task.kind, run)}${task.id}`;
};

/** True for the id of a job of that submission. */
export const isOfRun = (jobId: string, kind: TaskKind, run: string): boolean =>
  jobId.startsWith(prefixOf(kind, run));

const prefixOf = (kind: TaskKind, run: string): string => `${kind[0]}.${run}.`;
