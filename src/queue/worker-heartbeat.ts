/** What every worker of a sweep tells about itself, every few seconds while it lives. */
import type { TaskKind } from "../plan/task.ts";

/** Raised with any change of the format; heartbeats of other versions are ignored. */
export const heartbeatVersion = 2;

/** A heartbeat is sent so often, and forgotten after so long. */
export const heartbeatEveryMs = 5000;
export const heartbeatTtlMs = 20_000;

/** One worker process with its slots. Plain JSON; times in milliseconds since 1970. */
export interface WorkerHeartbeat {
  readonly v: typeof heartbeatVersion;
  /** Unique: `node7/4711/ab12`. */
  readonly id: string;
  /** Who started it: the label of an allocation, or `by-hand`. */
  readonly block: string;
  readonly slurm_job: string | null;
  readonly node: string;
  readonly host: string;
  readonly pid: number;
  readonly slots: number;
  readonly busy: number;
  /** Kinds of task that it takes; null: all. */
  readonly serves: readonly TaskKind[] | null;
  readonly started_at: number;
  readonly seen_at: number;
  /** End of its allocation; null: none. */
  readonly ends_at: number | null;
  /** Tasks that it takes are expected to end by then; null: no limit. */
  readonly takes_until: number | null;
  readonly state: "working" | "draining";
  /** Ids of the tasks that it runs. */
  readonly tasks: readonly string[];
}

/** Workers of a sweep, wherever they run. */
export interface WorkerPool {
  /** Those that were heard of lately. */
  workers(): Promise<readonly WorkerHeartbeat[]>;
  /** Asks a worker to give its tasks back and to end. */
  requestDrain(workerId: string): Promise<void>;
}
