/** Exit codes of every command, and which error leads to which. */
import type { ErrorCode } from "../core/errors.ts";

export const exitCode = {
  ok: 0,
  /** Some tasks failed. */
  tasksFailed: 1,
  /** Wrong command line or configuration, or a file that was named cannot be read. */
  usage: 2,
  /** The environment lacks something: compiler, folder, Redis, SLURM; or another process holds the sweep. */
  environment: 3,
  /** Everything ran, but diagnostics are below the threshold that was asked for (`--require-converged`). */
  diagnostics: 4,
  bug: 70,
  stopped: 130,
} as const;

/** Error code → exit code. */
export const exitCodeOf = (code: ErrorCode | "BUG"): number => {
  switch (code) {
    case "USAGE":
    case "CONFIG_INVALID":
    case "NOT_FOUND":
    case "TRACE_INVALID":
      return exitCode.usage;
    case "ENVIRONMENT":
    case "BUSY":
      return exitCode.environment;
    case "CANCELLED":
      return exitCode.stopped;
    case "BUG":
      return exitCode.bug;
    default:
      return exitCode.tasksFailed;
  }
};
