/**
 * `events.jsonl`: every event of a sweep, one JSON object a line, `v` first, `time` as ISO text, appended over restarts.
 *
 * Lines reach the system as they are written, so that they survive the death of this process; the file is synced to
 * disk at the end. Progress is kept at most every few seconds a task. A last line that was cut off by a crash is closed
 * before the next is written and skipped by readers.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { SweepError } from "../core/errors.ts";
import { eventVersion, type SweepEvent } from "./sweep-event.ts";

/** Progress of one task is logged at most so often. */
const progressEveryMs = 5000;

/** Appends events to one file. */
export class EventLog {
  readonly #file: number;
  readonly #progressAt = new Map<string, number>();

  /** Opens for appending and creates the folder. @throws the system's error if that is not possible. */
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, "a+");
    if (!endsInNewline(this.#file)) writeSync(this.#file, "\n");
  }

  /** Writes one event, or leaves out progress that follows the last too closely. */
  append(event: SweepEvent): void {
    if (event.kind === "progress") {
      const last = this.#progressAt.get(event.taskId) ?? Number.NEGATIVE_INFINITY;
      if (event.time - last < progressEveryMs) return;
      this.#progressAt.set(event.taskId, event.time);
    }
    const { time, ...body } = event;
    const line = JSON.stringify({ v: eventVersion, time: new Date(time).toISOString(), ...body });
    writeSync(this.#file, `${line}\n`);
  }

  /** Syncs and closes. */
  close(): void {
    fsyncSync(this.#file);
    closeSync(this.#file);
  }
}

const endsInNewline = (file: number): boolean => {
  const { size } = fstatSync(file);
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] === 0x0a;
};

/**
 * Reads the events of a file in order; kinds that this version does not know are kept. Lines that are no JSON (cut off
 * by a crash) are left out.
 * @throws SweepError `NOT_FOUND` without a file, `TRACE_INVALID` on events of another version.
 */
export const readEvents = (path: string): readonly SweepEvent[] => {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new SweepError("NOT_FOUND", `${path} cannot be read; expected the event log of a sweep.`, {
      cause,
    });
  }
  return text.split("\n").flatMap((line, index) => {
    const entry = parseLine(line);
    if (entry === null) return [];
    const { v, time, ...body } = entry;
    if (v === eventVersion) return [{ ...body, time: Date.parse(time) } as SweepEvent];
    const found = `${path}:${index + 1}:1  got an event of version ${JSON.stringify(v)}; expected ${eventVersion}.`;
    throw new SweepError("TRACE_INVALID", `${found} Read it with the version of this program that wrote it.`);
  });
};

const parseLine = (line: string): { readonly v: unknown; readonly time: string } | null => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "v" in value
      ? (value as { v: unknown; time: string })
      : null;
  } catch {
    return null;
  }
};
