/** Executors start workers and keep them supplied; every body takes its tasks from a broker and reports to it. */
import type { Broker } from "../queue/broker.ts";

/** Runs the tasks of one sweep. */
export interface Executor {
  /** For people and manifests: `local: 2 slots × 1 thread`. */
  readonly description: string;
  /** Tasks it can run at the same time. */
  readonly numSlots: number;
  /** Sentences for the user about limits that cannot be held here. */
  readonly warnings: readonly string[];
  /**
   * Works until the broker has nothing more for it, or until drained or killed; no process of it is left then.
   * Rejects with SweepError `ENVIRONMENT` when it cannot start workers at all.
   */
  run(broker: Broker): Promise<void>;
  /** Takes nothing new; asks running tasks to checkpoint and give back. */
  drain(): void;
  /** Stops running tasks now; they are given back without a new checkpoint. */
  kill(): void;
}
