/**
 * The loop that drives any sampler: warmup, draws, checkpoints, progress, stop and resume.
 *
 * Between two units it may checkpoint, stop, or give the event loop a turn (at least every 50 ms of work), so that
 * signals and messages are handled while a sampler computes. The clock decides when to pause, never what is computed:
 * the draws are the same with and without interruptions.
 */
import { turnOfEventLoop } from "../../core/turn-of-event-loop.ts";
import type { DrawRecord, SamplerRun, Snapshot } from "../sampler.ts";

/** The next unit to do. After the last draw: `draws`, index numDraws. */
export interface RunPosition {
  readonly phase: "warmup" | "draws";
  readonly index: number;
}

/** All that a fresh run needs to continue. */
export interface Checkpoint extends RunPosition {
  readonly snapshot: Snapshot;
}

/** Progress of one phase: `done` of `total` units. */
export interface Progress {
  readonly phase: RunPosition["phase"];
  readonly done: number;
  readonly total: number;
}

/** What the owner of a run wants to be told and asked. All optional; a rejected promise ends the run with that error. */
export interface RunHooks {
  /** Every draw once, in order. */
  readonly onDraw?: (index: number, record: DrawRecord) => void | Promise<void>;
  /** Asked after every unit; true: take a checkpoint now. */
  readonly shouldCheckpoint?: () => boolean;
  /** Gets each checkpoint; also the one taken because `shouldStop` said so. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void | Promise<void>;
  /** At the start, when warmup is over, at the end, and whenever the loop pauses. */
  readonly onProgress?: (progress: Progress) => void;
  /** Asked before every unit; true: checkpoint and return. */
  readonly shouldStop?: () => boolean;
  /** Asked before every draw but the first, also after a resume; true: the draws so far are all that is wanted. */
  readonly isEnough?: (numDraws: number) => boolean;
  /** Asked before every unit of warmup and before the first draw; true: the run ends without any draw. */
  readonly isTooLate?: () => boolean;
}

/**
 * `finished`: all draws are done, or `isEnough` or `isTooLate` said so; then `next` is the first that was not.
 * `stopped`: `shouldStop` was true; `next` is the unit that was not begun.
 */
export interface RunOutcome {
  readonly kind: "finished" | "stopped";
  readonly next: RunPosition;
}

const longestSliceMs = 50;

/** Pauses the caller when it has worked for a slice of time. */
const createPauses = (onPause: () => void): (() => Promise<void>) => {
  let sliceStart = performance.now();
  return async () => {
    if (performance.now() - sliceStart < longestSliceMs) return;
    onPause();
    await turnOfEventLoop();
    sliceStart = performance.now();
  };
};

/** Skips a phase that has no unit left. */
const positionOf = (run: SamplerRun, { phase, index }: RunPosition): RunPosition =>
  phase === "warmup" && index >= run.numWarmupUnits ? { phase: "draws", index: 0 } : { phase, index };

/** Does one unit and returns the position after it; draws are handed to `onDraw`. */
const doUnit = async (
  run: SamplerRun,
  hooks: RunHooks,
  { phase, index }: RunPosition,
): Promise<RunPosition> => {
  if (phase === "warmup") {
    await run.warmup(index);
  } else {
    const record = await run.draw(index);
    await hooks.onDraw?.(index, record);
  }
  return positionOf(run, { phase, index: index + 1 });
};

const checkpoint = async (run: SamplerRun, hooks: RunHooks, next: RunPosition): Promise<void> => {
  if (hooks.onCheckpoint === undefined) return;
  await hooks.onCheckpoint({ ...next, snapshot: await run.snapshot() });
};

/**
 * Drives `run` from its beginning, or from `resume` (then `run` must be fresh), to its end or until it is stopped.
 *
 * @throws whatever the sampler or a hook throws.
 */
export const runChains = async (
  run: SamplerRun,
  hooks: RunHooks = {},
  resume: Checkpoint | null = null,
): Promise<RunOutcome> => {
  if (resume !== null) await run.restore(resume.snapshot);
  let next = positionOf(run, resume ?? { phase: "warmup", index: 0 });
  const report = ({ phase, index }: RunPosition): void =>
    hooks.onProgress?.({ phase, done: index, total: phase === "warmup" ? run.numWarmupUnits : run.numDraws });
  const pauseIfDue = createPauses(() => report(next));

  report(next);
  while (!isFinished(run, next)) {
    if (isAsked(hooks.shouldStop)) {
      await checkpoint(run, hooks, next);
      return { kind: "stopped", next };
    }
    if (isEnough(hooks, next)) {
      report(next);
      break;
    }
    const { phase } = next;
    next = await doUnit(run, hooks, next);
    if (next.phase !== phase || isFinished(run, next)) report(next);
    if (isAsked(hooks.shouldCheckpoint)) await checkpoint(run, hooks, next);
    await pauseIfDue();
  }
  return { kind: "finished", next };
};

const isAsked = (question: (() => boolean) | undefined): boolean => question?.() === true;

const isFinished = (run: SamplerRun, { phase, index }: RunPosition): boolean =>
  phase === "draws" && index >= run.numDraws;

/** True if the draws so far are all that is wanted, or that there is time for. */
const isEnough = (hooks: RunHooks, { phase, index }: RunPosition): boolean =>
  phase === "draws" && index > 0 ? hooks.isEnough?.(index) === true : isAsked(hooks.isTooLate);
