/**
 * What a supervisor and its warm task process say to each other over Node's IPC channel (JSON, one task at a time).
 *
 * process starts → `ready`; `run` → any number of `progress` → exactly one of `done`, `given_back`, `failed`.
 * `stop` asks for a checkpoint and `given_back`; it may cross the answer and is then ignored. SIGTERM means the same.
 * A lost channel means that the supervisor is gone: the process ends at once.
 */
import type { Json } from "../core/canonical-json.ts";
import type { ErrorRecord } from "../core/errors.ts";
import type { Task } from "../plan/task.ts";

/** Raised with any change of the messages, so that a process of another installation is refused. */
export const protocolVersion = 2;

/** Where a task's files go; absolute paths. */
export interface TaskPaths {
  readonly storeRoot: string;
  /** Standard output and `context.log` lines; appended. Null: kept out of files. */
  readonly log: string | null;
  /** Standard error and crash output; appended. */
  readonly err: string | null;
}

/** The sweep that a task is done for: how it meets other sweeps of the same store. */
export interface SweepMark {
  /** `swp_<12 hex>`. */
  readonly id: string;
  /** Results that were finished since then are taken as they are, milliseconds since 1970; null: any result is. */
  readonly doneSince: number | null;
}

/** One attempt of one task. */
export interface RunMessage {
  readonly kind: "run";
  readonly task: Task;
  readonly attempt: number;
  readonly attemptToken: string;
  /** Null: no other sweep is looked at. */
  readonly sweep: SweepMark | null;
  readonly paths: TaskPaths;
}

export type ToTaskProcess = RunMessage | { readonly kind: "stop" };

/** How far the running task is; `done` and `total` count in the unit of `phase`. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly phase: string;
}

/** The last word about an attempt. */
export type OutcomeMessage =
  | { readonly kind: "done"; readonly summary: Json }
  | { readonly kind: "given_back" }
  | {
      readonly kind: "failed";
      readonly error: ErrorRecord;
      /** True if the process ends after this answer, because an error that nothing caught left it in doubt. */
      readonly isLast: boolean;
    };

export type FromTaskProcess =
  | { readonly kind: "ready"; readonly protocol: number }
  | ({ readonly kind: "progress" } & Progress)
  | OutcomeMessage;
