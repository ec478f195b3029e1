/**
 * What a card says once it is read: where workers run, how many, with what.
 *
 * Keys on disk are those of the Parsl cards that users have, and more; `cards/README.md` lists them. Cards of other
 * types join the union at the end.
 */
import type { TaskKind } from "../plan/task.ts";

/** A group of equal slots on this machine. */
export interface LocalWorkers {
  /** Unique in the card; part of the workers' names. */
  readonly label: string;
  /** Tasks that run at the same time. */
  readonly slots: number;
  /** Threads of each task. */
  readonly threadsPerTask: number;
  /** Limit of each task, for tasks that name none; null: no limit. */
  readonly memoryMiB: number | null;
  /** Kinds of task they take; null: all. */
  readonly serves: readonly TaskKind[] | null;
  /** Shell lines that run before a worker; empty: none. */
  readonly workerInit: string;
  /** Environment of the workers, on top of the command's own. */
  readonly env: Readonly<Record<string, string>>;
}

/** Workers on the machine of the command. */
export interface LocalCard {
  readonly type: "local";
  readonly label: string;
  readonly executors: readonly LocalWorkers[];
  /** Retries of a retryable error; null: the experiment decides. */
  readonly retries: number | null;
  /** Lost workers that a task survives. */
  readonly crashLimit: number;
  /** Seconds that a task has to checkpoint when it is stopped or over its time, before it is killed. */
  readonly graceSec: number;
  /** Folder for the output of workers that belongs to no task; null: not kept. */
  readonly runDir: string | null;
}

export type Card = LocalCard;
