/** What a run keeps on disk between attempts: its log of draws and its checkpoint, always of the same instant. */
import type { Backend } from "../compute/backend.ts";
import { type Attempt, checkAttempt } from "../runs/attempt.ts";
import { readCheckpoint, removeCheckpoint, writeCheckpoint } from "../runs/checkpoint.ts";
import {
  createDrawLog,
  type DrawLog,
  type DrawLogShape,
  openDrawLog,
  removeDrawLog,
  resumeDrawLog,
} from "../runs/draw-log.ts";
import type { RunFiles } from "../runs/layout.ts";
import { drawFieldsOf } from "../runs/run-draws.ts";
import type { Checkpoint } from "../samplers/chains/run-chains.ts";
import type { Sampler, Snapshot } from "../samplers/sampler.ts";

export interface RunState {
  /** Where the last attempt stopped; null: begin anew. */
  readonly resume: Checkpoint | null;
  /** Backends that did earlier parts of this run and differ from the present one; usually none. */
  readonly otherBackends: readonly string[];
  append(draw: Readonly<Record<string, Float64Array>>): void;
  /** Makes all draws so far durable, then the checkpoint. @throws SweepError `BUSY` if a newer attempt has begun. */
  save(checkpoint: Checkpoint): void;
  /** One field of all draws so far, shape (chains, draws). */
  column(field: string): readonly Float64Array[];
  /** Seconds of sampling, earlier attempts included as far as their checkpoints count. */
  elapsedSec(): number;
  /** Makes all draws durable and closes the log for good; does nothing if it is closed. */
  close(): void;
  /**
   * Closes the log as it is; does nothing if it is closed. Draws after the last checkpoint are drawn again anyway, and a newer
   * attempt may be writing to the same file.
   */
  abandon(): void;
  /** Deletes log and checkpoint, once the trace is written. */
  remove(): void;
}

interface RunStateOptions {
  readonly files: RunFiles;
  readonly id: string;
  readonly attempt: Attempt;
  readonly backend: Backend;
  readonly sampler: Sampler<unknown>;
  readonly numChains: number;
  readonly log: (line: string) => void;
}

interface Saved {
  readonly checkpoint: Checkpoint;
  readonly elapsedSec: number;
  readonly backends: readonly string[];
}

/** Opens what an earlier attempt left, or begins anew where that is nothing or damaged. */
export const openRunState = (options: RunStateOptions): RunState => {
  const { files, id, sampler, numChains, log } = options;
  const shape: DrawLogShape = { id, fields: drawFieldsOf(sampler.statistics), numChains };
  const saved = readSaved(options);
  const resumed = saved === null ? null : resumeDrawLog(files.drawLog, shape, drawsOf(saved.checkpoint));
  if (saved !== null && resumed === null) log("the log of draws does not fit the checkpoint: starting anew");
  const draws: DrawLog = resumed ?? createDrawLog(files.drawLog, shape);
  const before = resumed === null ? null : saved;
  if (before !== null) log(`resuming at ${before.checkpoint.phase} ${before.checkpoint.index}`);

  const signature = signatureOf(options.backend);
  const otherBackends = (before?.backends ?? []).filter((name) => name !== signature);
  if (otherBackends.length > 0) {
    log(
      `warning: continued on ${signature} after ${otherBackends.join(", ")}: draws are valid, but not bit-identical to an undisturbed run`,
    );
  }
  const start = performance.now();
  const elapsedSec = (): number => (before?.elapsedSec ?? 0) + (performance.now() - start) / 1000;
  return {
    resume: before?.checkpoint ?? null,
    otherBackends,
    append: (draw) => draws.append(draw),
    save: ({ phase, index, snapshot }) => {
      // A checkpoint of an outdated attempt would be ahead of the draws that its successor has in the log.
      checkAttempt(options.attempt);
      draws.flush();
      writeCheckpoint(files.checkpoint, id, {
        ...snapshot,
        "run.phase": phase,
        "run.index": index,
        "run.elapsed_sec": elapsedSec(),
        "run.backends": [...new Set([...otherBackends, signature])].join("\n"),
      });
    },
    column: (field) => {
      draws.flush();
      return readColumnOf(files.drawLog, field);
    },
    elapsedSec,
    close: () => draws.close(),
    abandon: () => draws.abandon(),
    remove: () => {
      removeCheckpoint(files.checkpoint);
      removeDrawLog(files.drawLog);
    },
  };
};

const readColumnOf = (path: string, field: string): readonly Float64Array[] => {
  const log = openDrawLog(path);
  try {
    return log.column(field);
  } finally {
    log.close();
  }
};

/** Results are bit-identical for equal signatures only. */
export const signatureOf = ({ name, vectorBytes }: Backend): string =>
  `${name} with ${vectorBytes}-byte vectors`;

const drawsOf = ({ phase, index }: Checkpoint): number => (phase === "draws" ? index : 0);

const readSaved = ({ files, id, log }: RunStateOptions): Saved | null => {
  const reading = readCheckpoint(files.checkpoint, id);
  if (reading.kind === "ignored") log(`warning: ${reading.reason}; starting anew`);
  if (reading.kind !== "found") return null;
  const {
    "run.phase": phase,
    "run.index": index,
    "run.elapsed_sec": elapsedSec,
    "run.backends": backends,
    ...snapshot
  } = reading.state;
  return {
    checkpoint: {
      phase: phase as Checkpoint["phase"],
      index: index as number,
      snapshot: snapshot as Snapshot,
    },
    elapsedSec: elapsedSec as number,
    backends: String(backends).split("\n"),
  };
};
