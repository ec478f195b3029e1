/** What a task is given while it runs, and what it answers. */
import type { Json } from "../core/canonical-json.ts";
import type { SweepMark } from "../queue/task-messages.ts";

/** How far a task is. `done` and `total` count in the unit of `phase`. */
export interface TaskProgress {
  readonly done: number;
  readonly total: number;
  /** For people: `train`, `warmup`, `draw`. */
  readonly phase: string;
}

/** The outside world of a running task. */
export interface TaskContext {
  /** 1 for the first try. */
  readonly attempt: number;
  /** Goes into every manifest, so that a stale attempt cannot overwrite a newer one. */
  readonly attemptToken: string;
  /** What the task is done for; null: no other sweep is looked at. */
  readonly sweep: SweepMark | null;
  /** Absolute path of the store (`runs/`). */
  readonly storeRoot: string;
  /** May be called as often as convenient: the process that runs the task thins the reports out. */
  onProgress(progress: TaskProgress): void;
  /** True once the task should checkpoint and answer `given_back`; ask at least every second. */
  shouldStop(): boolean;
  /** Writes one line, with the time, into the task's log. */
  log(line: string): void;
}

/** How a task ended; a failure is thrown instead. */
export type TaskOutcome =
  | {
      readonly kind: "done";
      /** Few numbers for people and tables; the results themselves are files. */
      readonly summary: Json;
    }
  | {
      /** Stopped on request after a checkpoint; the next attempt continues from there. */
      readonly kind: "given_back";
    };
