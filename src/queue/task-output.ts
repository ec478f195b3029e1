/**
 * Sends the standard output and error of this process into the log files of the task that it is running.
 *
 * Processes are warm: one runs many tasks, so the streams are redirected by task. What native code and the runtime
 * itself write to the file descriptors does not pass here; the supervisor adds it to the task's `.err` file.
 */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { TaskPaths } from "./task-messages.ts";

/** Output of one task while it runs. */
export interface TaskOutput {
  /** Writes one line with the time to the log. */
  readonly log: (line: string) => void;
  /** Gives the streams back to the process and closes the files. */
  readonly close: () => void;
}

/**
 * Appends to the files, which are made, with their folders, by the first byte: a task that says nothing costs the shared
 * file system nothing. A null path leaves its stream alone.
 */
export const openTaskOutput = (paths: Pick<TaskPaths, "log" | "err">): TaskOutput => {
  const closeLog = redirect(process.stdout, paths.log);
  const closeErr = redirect(process.stderr, paths.err);
  return {
    log: (line) => process.stdout.write(`${new Date().toISOString()} ${line}\n`),
    close: () => {
      closeLog();
      closeErr();
    },
  };
};

const redirect = (stream: NodeJS.WriteStream, path: string | null): (() => void) => {
  if (path === null) return () => {};
  let file: number | null = null;
  const earlier = Object.getOwnPropertyDescriptor(stream, "write");
  stream.write = ((chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk, encodingOf(rest[0])) : chunk;
    try {
      file ??= openFile(path);
      writeAll(file, bytes);
    } catch {
      // A full disk must not end hours of sampling because of a log line.
    }
    const callback = rest.find((argument) => typeof argument === "function");
    if (callback !== undefined) queueMicrotask(() => (callback as () => void)());
    return true;
  }) as typeof stream.write;
  return () => {
    if (earlier === undefined) Reflect.deleteProperty(stream, "write");
    else Object.defineProperty(stream, "write", earlier);
    if (file !== null) closeSync(file);
  };
};

const openFile = (path: string): number => {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, "a");
};

const encodingOf = (argument: unknown): BufferEncoding =>
  typeof argument === "string" ? (argument as BufferEncoding) : "utf8";

const writeAll = (file: number, bytes: Uint8Array): void => {
  for (let written = 0; written < bytes.byteLength; ) written += writeSync(file, bytes, written);
};
