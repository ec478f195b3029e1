/**
 * What happens in a sweep, one plain JSON object an event: what brokers tell, `events.jsonl` keeps and `--json` prints.
 *
 * `time` is milliseconds since 1970. Kinds may be added and members may be added; none changes its meaning without a
 * new `eventVersion`.
 */
import type { Json } from "../core/canonical-json.ts";
import type { ErrorRecord } from "../core/errors.ts";
import type { StateCounts } from "../plan/task-state.ts";
import type { FailureCause } from "./failure.ts";
import type { Progress } from "./task-messages.ts";

/** Version of the format, written as `v` into every line. */
export const eventVersion = 1;

interface AttemptOf {
  readonly taskId: string;
  /** 1 for the first start. */
  readonly attempt: number;
}

/** Members of each kind, without `time`. */
export type SweepEventBody =
  | {
      readonly kind: "plan";
      readonly sweepId: string;
      readonly experiment: string;
      readonly numTasks: number;
      readonly numSkipped: number;
      readonly numCells: number;
    }
  | { readonly kind: "task_skipped"; readonly taskId: string }
  | { readonly kind: "task_ready"; readonly taskId: string }
  | ({ readonly kind: "task_started"; readonly worker: string } & AttemptOf)
  | ({ readonly kind: "progress" } & Progress & AttemptOf)
  | ({ readonly kind: "task_done"; readonly seconds: number; readonly summary: Json } & AttemptOf)
  | ({
      /** No further attempt. */
      readonly kind: "task_failed";
      readonly cause: FailureCause;
      readonly error: ErrorRecord;
      readonly logTail: readonly string[];
      readonly seconds: number;
    } & AttemptOf)
  | ({
      /** This attempt failed; the next starts after `delayMs`. */
      readonly kind: "retry";
      readonly cause: FailureCause;
      readonly error: ErrorRecord;
      readonly delayMs: number;
    } & AttemptOf)
  | ({ readonly kind: "given_back" } & AttemptOf)
  | ({ readonly kind: "worker_lost"; readonly worker: string; readonly message: string } & AttemptOf)
  | { readonly kind: "upstream_failed"; readonly taskId: string; readonly rootTaskId: string }
  | { readonly kind: "stop_requested"; readonly taskId: string; readonly reason: string }
  | { readonly kind: "task_cancelled"; readonly taskId: string; readonly reason: string }
  | { readonly kind: "sweep_cancelled"; readonly reason: string }
  | {
      /** An allocation, or another process that a card starts and that holds a worker. */
      readonly kind: "block";
      readonly card: string;
      readonly block: string;
      readonly state: "submitted" | "working" | "ended" | "refused" | "drained" | "cancelled";
      /** The scheduler's id; null: not known. */
      readonly allocationId: string | null;
      readonly message: string;
    }
  | { readonly kind: "warning"; readonly message: string }
  | { readonly kind: "sweep_done"; readonly counts: StateCounts; readonly seconds: number };

/** One event. */
export type SweepEvent = SweepEventBody & { readonly time: number };
