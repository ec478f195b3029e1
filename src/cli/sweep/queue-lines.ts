/** What waits, what runs and who works, in lines for people and as JSON. */

import { type TaskClass, taskClassOf } from "../../core/task-class.ts";
import type { Task } from "../../plan/task.ts";
import type { TaskState } from "../../plan/task-state.ts";
import type { SweepLook } from "../../queue/redis/look-at-sweep.ts";
import type { WorkerHeartbeat } from "../../queue/worker-heartbeat.ts";
import { formatDuration, type SweepProgress } from "../output/sweep-progress.ts";

const openStates = ["running", "ready", "waiting"] as const satisfies readonly TaskState[];
/** Tasks that are not over, by state. */
export type OpenCounts = Readonly<Record<(typeof openStates)[number], number>>;

/** Tasks that are not over, by class; classes without any are left out. */
export const openCountsOf = (
  tasks: readonly Task[],
  progress: SweepProgress,
): ReadonlyMap<TaskClass, OpenCounts> => {
  const counts = new Map<TaskClass, Record<keyof OpenCounts, number>>();
  for (const { id, kind } of tasks) {
    const state = progress.tasks.get(id)?.state ?? "waiting";
    const open = openStates.find((name) => name === (state === "planned" ? "waiting" : state));
    if (open === undefined) continue;
    const own = counts.get(taskClassOf(kind)) ?? { running: 0, ready: 0, waiting: 0 };
    own[open] += 1;
    counts.set(taskClassOf(kind), own);
  }
  return counts;
};

/** `queue: build 1 running; sample 2 running, 3 ready, 6 waiting`; none when all is over. */
export const queueLines = (counts: ReadonlyMap<TaskClass, OpenCounts>): readonly string[] => {
  const parts = [...counts].map(([name, own]) => {
    const some = openStates.filter((state) => own[state] > 0);
    return `${name} ${some.map((state) => `${own[state]} ${state}`).join(", ")}`;
  });
  return parts.length === 0 ? [] : [`queue: ${parts.join("; ")}`];
};

/** How many workers there are, and each with its slots; null: the queue is not in Redis. */
export const workerLines = (look: SweepLook | null, now: number): readonly string[] => {
  if (look === null) return [];
  if (look.kind === "unseen") return [`workers: not known (${look.problem})`];
  const { workers } = look;
  if (workers.length === 0) return ["workers: none beside the driver"];
  const sum = (key: "busy" | "slots"): number => workers.reduce((total, worker) => total + worker[key], 0);
  return [
    `workers: ${workers.length}, ${sum("busy")} of ${sum("slots")} slots busy`,
    ...workers.toSorted((a, b) => a.id.localeCompare(b.id)).map((worker) => workerLine(worker, now)),
  ];
};

const workerLine = (worker: WorkerHeartbeat, now: number): string => {
  const { id, block, busy, slots, serves, state, takes_until: until } = worker;
  const kinds = serves === null ? [] : [`takes ${serves.map(taskClassOf).join(", ")}`];
  const life = until === null ? [] : [`${formatDuration((until - now) / 1000)} left for tasks`];
  const leaving = state === "draining" ? ["leaving"] : [];
  return `  ${id} (${block}): ${[`${busy} of ${slots} slots busy`, ...kinds, ...life, ...leaving].join(", ")}`;
};
