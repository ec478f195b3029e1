/**
 * The only place of the command line that writes to the terminal: data to stdout, words about it to stderr. Only help and what is
 * wrong with a command line are printed by commander itself.
 */

import type { ErrorRecord } from "../../core/errors.ts";
import { noteColors } from "./colors.ts";

/** A line of output to stdout. */
export const printLine = (line = ""): void => {
  process.stdout.write(`${line}\n`);
};

/** A value as JSON to stdout. */
export const printJson = (value: unknown, indent = 2): void => {
  process.stdout.write(`${JSON.stringify(value, null, indent)}\n`);
};

/** Bytes to stdout, as they are. */
export const printBytes = (bytes: Uint8Array): void => {
  process.stdout.write(bytes);
};

/** Stderr as a terminal, for what is drawn again in place. */
export const noteTerminal = process.stderr;

/** A remark to stderr. */
export const printNote = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** One message for a person, or `{code, message, details, causes}` with `--json`; the stack only for bugs or `--verbose`. */
export const printError = (record: ErrorRecord, options: { verbose: boolean; json: boolean }): void => {
  if (options.json) {
    const { code, message, details, causes } = record;
    process.stderr.write(`${JSON.stringify({ code, message, details, causes })}\n`);
    return;
  }
  process.stderr.write(`${noteColors.red("error:")} ${record.message}\n`);
  for (const cause of record.causes) process.stderr.write(`  because: ${cause}\n`);
  const showStack = options.verbose || record.code === "BUG";
  if (showStack && record.stack !== null) process.stderr.write(`${noteColors.dim(record.stack)}\n`);
  if (record.code === "BUG")
    process.stderr.write("This is a bug in lambda-hat. Report it with the lines above.\n");
};
