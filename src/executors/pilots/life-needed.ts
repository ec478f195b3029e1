/**
 * What a task is said to take when workers live shorter than tasks. Pure.
 *
 * Brokers give a task only to a worker that lives as long as the task is expected to take. Tasks checkpoint, so a task
 * that is longer than any worker's life must still be begun: it is said to take at most half of such a life.
 */
import type { PilotCard } from "../../cards/card.ts";
import { taskClassOf } from "../../core/task-class.ts";
import type { Task } from "../../plan/task.ts";

/** Expected seconds by task id as brokers should know them, for workers of these cards. */
export const lifeNeeded = (
  tasks: readonly Task[],
  expectedSec: ReadonlyMap<string, number>,
  cards: readonly PilotCard[],
): ReadonlyMap<string, number> =>
  new Map(
    tasks.flatMap((task): [string, number][] => {
      const card = cards.find(({ worker: { serves } }) => serves === null || serves.includes(task.kind));
      const expected = expectedSec.get(task.id);
      const needed = card === undefined ? expected : neededFor(task, expected, card);
      return needed === undefined ? [] : [[task.id, needed]];
    }),
  );

const neededFor = (task: Task, expected: number | undefined, card: PilotCard): number | undefined => {
  const life = card.walltimeSec === null ? Number.POSITIVE_INFINITY : card.walltimeSec - card.drainBeforeSec;
  const wanted = card.timeRequestSec[taskClassOf(task.kind)] ?? expected;
  // Queues are of powers of two: what is rounded up there must still fit a fresh worker that took a while to start.
  return wanted === undefined
    ? undefined
    : Math.min(wanted, 2 ** Math.floor(Math.log2(Math.max(1, life / 2))));
};
