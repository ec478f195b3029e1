/**
 * Slows down and stops submissions that do no good: back-off after refusals and failed starts, and a circuit breaker.
 * Pure: state and news → state.
 */
import type { SubmitLimits } from "../../cards/card.ts";

/** Times in milliseconds since 1970. */
export interface Brake {
  /** Refusals since the last submission that was taken. */
  readonly numRefused: number;
  /** Blocks that failed to start since the last that has proven itself. */
  readonly numFailedStarts: number;
  /** Some block of this sweep was taken, ever. */
  readonly wasTaken: boolean;
  readonly nextAt: number;
  /** Why nothing is submitted any more; null: it is. */
  readonly stopped: string | null;
}

export const newBrake: Brake = {
  numRefused: 0,
  numFailedStarts: 0,
  wasTaken: false,
  nextAt: 0,
  stopped: null,
};

/** Pauses after the first, second, … failure in a row; then the last. */
export const backoffSec: readonly number[] = [5, 15, 60, 300, 900, 1800, 3600];

/** A card that was never taken is more likely wrong than unlucky. */
const refusalsOfNewCard = 3;

const pauseMs = (failures: number): number =>
  1000 * (backoffSec[Math.min(failures, backoffSec.length) - 1] ?? 0);

/** A submission was taken. */
export const afterTaken = (brake: Brake, now: number, limits: SubmitLimits): Brake => ({
  ...brake,
  numRefused: 0,
  wasTaken: true,
  nextAt: Math.max(brake.nextAt, now + limits.minIntervalSec * 1000),
});

/** A submission was refused, or got no answer. `isPermanent`: the same will be refused for ever. */
export const afterRefusal = (
  brake: Brake,
  {
    now,
    message,
    isPermanent,
  }: { readonly now: number; readonly message: string; readonly isPermanent: boolean },
  limits: SubmitLimits,
): Brake => {
  const numRefused = brake.numRefused + 1;
  const most = brake.wasTaken ? limits.failsToPause : Math.min(refusalsOfNewCard, limits.failsToPause);
  const stopped = isPermanent || numRefused >= most ? message : null;
  return { ...brake, numRefused, nextAt: now + pauseMs(numRefused), stopped: brake.stopped ?? stopped };
};

/** A block ended before a worker of it was heard of. */
export const afterFailedStart = (
  brake: Brake,
  { now, message }: { readonly now: number; readonly message: string },
  limits: SubmitLimits,
): Brake => {
  const numFailedStarts = brake.numFailedStarts + 1;
  const stopped = numFailedStarts >= limits.startFailsToPause ? message : null;
  return {
    ...brake,
    numFailedStarts,
    nextAt: now + pauseMs(numFailedStarts),
    stopped: brake.stopped ?? stopped,
  };
};

/** A block has proven itself: blocks do start. */
export const afterWorker = (brake: Brake): Brake => ({ ...brake, numFailedStarts: 0 });
