/** Laws of events.jsonl. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventLog, readEvents } from "../../../src/queue/event-log.ts";
import type { SweepEvent } from "../../../src/queue/sweep-event.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const path = (): string => join(folder, "sweep", "events.jsonl");
const ready = (taskId: string, time = 0): SweepEvent => ({ kind: "task_ready", taskId, time });
const write = (...events: SweepEvent[]): void => {
  const log = new EventLog(path());
  for (const event of events) log.append(event);
  log.close();
};

describe("EventLog", () => {
  it("reads back what was appended, over restarts, in order", () => {
    write(ready("a", 1_700_000_000_000));
    write(ready("b", 1_700_000_000_001));
    expect(readEvents(path())).toEqual([ready("a", 1_700_000_000_000), ready("b", 1_700_000_000_001)]);
  });

  it("writes one JSON object a line with version and ISO time", () => {
    write(ready("a", 0));
    expect(readFileSync(path(), "utf8")).toBe(
      '{"v":1,"time":"1970-01-01T00:00:00.000Z","kind":"task_ready","taskId":"a"}\n',
    );
  });

  it("survives a line that was cut off", () => {
    write(ready("a"));
    appendFileSync(path(), '{"v":1,"time":"1970-0');
    write(ready("b"));
    expect(readEvents(path())).toEqual([ready("a"), ready("b")]);
  });

  it("keeps progress of a task at most every five seconds", () => {
    const progress = (taskId: string, time: number): SweepEvent => ({
      kind: "progress",
      taskId,
      attempt: 1,
      done: time,
      total: 100_000,
      phase: "draw",
      time,
    });
    write(
      progress("a", 0),
      progress("a", 4999),
      progress("b", 4999),
      progress("a", 5000),
      progress("a", 9000),
    );
    expect(readEvents(path()).map(({ time }) => time)).toEqual([0, 4999, 5000]);
  });

  it("is on disk before it is closed", () => {
    const log = new EventLog(path());
    log.append(ready("a"));
    expect(readEvents(path())).toHaveLength(1);
    log.close();
  });
});

describe("readEvents", () => {
  it("refuses another version and a missing file with their code", () => {
    expect(() => readEvents(join(folder, "none"))).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
    writeFileSync(join(folder, "new"), '{"v":2,"time":"1970-01-01T00:00:00.000Z","kind":"x"}\n');
    expect(() => readEvents(join(folder, "new"))).toThrow(expect.objectContaining({ code: "TRACE_INVALID" }));
  });
});
