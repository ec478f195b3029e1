/**
 * Errors that a person can act on.
 *
 * Four kinds are kept apart: a user's mistake and trouble in the outside world are a `SweepError`
 * (message only, no stack); a numerical event is never an error but a field of a result; our own bug is a
 * plain `Error` whose message starts with `bug:` (stack shown, exit code 70).
 */

import { isTransientError, systemErrorText } from "./system-error.ts";

/** Closed set of error codes; exit codes and tests look at codes, never at text. */
export type ErrorCode =
  | "USAGE" // wrong command line
  | "CONFIG_INVALID" // experiment, preset or card file
  | "NOT_FOUND" // a file, run, cell or target that the user named
  | "TRACE_INVALID" // a file of ours that is truncated or of another version
  | "ENVIRONMENT" // missing compiler, unwritable folder, Redis, SLURM
  | "BUSY" // another process holds the sweep
  | "TASK_FAILED" // the work itself failed (for example a target that does not train)
  | "NUMERICS" // not a number where none can be accepted (for example the loss at w*)
  | "TIMEOUT" // the task ran longer than allowed
  | "OUT_OF_MEMORY" // the task used more memory than allowed
  | "WORKER_LOST" // the process that ran the task died
  | "UPSTREAM_FAILED" // a task that this one needs has failed
  | "CANCELLED"; // stopped on request

/** Facts about an error, for `--json`. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** A mistake or an outside failure. `message` is complete and needs no stack. */
export class SweepError extends Error {
  readonly code: ErrorCode;
  /** True if the same call may succeed later (lost worker, queue away). */
  readonly isRetryable: boolean;
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryable?: boolean; details?: ErrorDetails } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SweepError";
    this.code = code;
    this.isRetryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** Plain data form of any thrown value, as it crosses processes and is written to event logs. */
export interface ErrorRecord {
  /** A `SweepError` code, or `BUG` for anything else that was thrown. */
  readonly code: ErrorCode | "BUG";
  readonly message: string;
  /** Messages of the cause chain, outermost first. */
  readonly causes: readonly string[];
  readonly stack: string | null;
  readonly isRetryable: boolean;
  /** Those of a `SweepError`; empty for anything else. */
  readonly details: ErrorDetails;
}

/** Message of any thrown value. */
export const messageOf = (error: unknown): string => {
  if (error instanceof Error) return error.message;
  return typeof error === "string" ? error : (JSON.stringify(error) ?? "undefined");
};

/** Any thrown value → plain data. What failed because of a transient error of the system is retryable. */
export const errorRecordOf = (error: unknown): ErrorRecord => {
  const causes: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && causes.length < 8) {
    causes.push(messageOf(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  const stack = error instanceof Error ? (error.stack ?? null) : null;
  const rest = { causes, stack, isRetryable: isTransientError(error), details: {} };
  if (error instanceof SweepError) {
    const { code, message, details, isRetryable } = error;
    return { ...rest, code, message, details, isRetryable: isRetryable || rest.isRetryable };
  }
  const systemText = systemErrorText(error);
  if (systemText !== null) return { ...rest, code: "ENVIRONMENT", message: systemText };
  return { ...rest, code: "BUG", message: messageOf(error) };
};

/** Closes a `switch` over a union: a missing case is a type error here. */
export const unreachable = (value: never, what: string): never => {
  throw new Error(`bug: unexpected ${what}: ${JSON.stringify(value)}`);
};
