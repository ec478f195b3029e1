/** The end of a task's log files, for messages. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const tailBytes = 16 << 10;

/** Last `numLines` lines of a text file, oldest first; empty if there is none. Reads at most 16 KiB. */
export const readTail = (path: string | null, numLines: number): readonly string[] => {
  if (path === null) return [];
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(file);
    const length = Math.min(size, tailBytes);
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, size - length);
    const lines = bytes.toString("utf8").split("\n");
    const whole = size > length ? lines.slice(1) : lines;
    return whole.filter((line) => line.trim() !== "").slice(-numLines);
  } finally {
    closeSync(file);
  }
};

/** The 20 lines that explain a failure best: the end of standard error, or of standard output where that is empty. */
export const failureTail = (paths: {
  readonly log: string | null;
  readonly err: string | null;
}): readonly string[] => {
  const errors = readTail(paths.err, 20);
  return errors.length > 0 ? errors : readTail(paths.log, 20);
};
