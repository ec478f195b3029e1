/**
 * Long loops that stay polite: every 50 ms they report, let the event loop run (so that signals are seen) and stop if
 * asked. Reports have no influence on results.
 */
import { setImmediate } from "node:timers/promises";
import { SweepError } from "../../core/errors.ts";

/** Where a build stands. */
export interface BuildProgress {
  readonly phase: "train" | "polish" | "curvature";
  /** Steps of this phase done, and its limit. */
  readonly step: number;
  readonly numSteps: number;
  /** Latest loss seen; the minibatch's where training uses minibatches. */
  readonly loss: number;
}

/** Ways to watch and to stop a build. */
export interface BuildHooks {
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly signal?: AbortSignal;
}

/** Call it once a step. @throws SweepError `CANCELLED` after the signal. */
export type Pace = (progress: BuildProgress) => Promise<void> | undefined;

const intervalMs = 50;

/** A pace whose first report comes after the first interval. */
export const openPace = (hooks: BuildHooks): Pace => {
  let last = performance.now();
  return (progress) => {
    if (performance.now() - last < intervalMs) return undefined;
    hooks.onProgress?.(progress);
    return setImmediate().then(() => {
      last = performance.now();
      if (hooks.signal?.aborted !== true) return;
      const reason: unknown = hooks.signal.reason;
      throw new SweepError(
        "CANCELLED",
        `the build was cancelled in phase ${progress.phase}, step ${progress.step}.`,
        {
          cause: reason,
        },
      );
    });
  };
};
