/** Laws of what a broker is told about an ended attempt. */
import { describe, expect, it } from "vitest";
import { errorRecordOf } from "../../../src/core/errors.ts";
import { type EndedAttempt, type StopCause, verdictOf } from "../../../src/executors/attempt-end.ts";
import type { AttemptEnd } from "../../../src/executors/warm-process.ts";
import { aTask } from "../../support/plans.ts";

const attempt = (end: AttemptEnd, overrides: Partial<EndedAttempt> = {}): EndedAttempt => ({
  lease: { task: aTask("a"), attempt: 1, attemptToken: "token", worker: "w" },
  end,
  stopCause: null,
  nativeOutput: "",
  leftAnswer: undefined,
  timeoutSec: 10,
  memoryMiB: 100,
  ...overrides,
});
const done: AttemptEnd = { kind: "done", summary: 1 };
const givenBack: AttemptEnd = { kind: "given_back" };
const crashed: AttemptEnd = { kind: "exited", code: null, signal: "SIGSEGV" };
const failedWith = (message: string): AttemptEnd => ({
  kind: "failed",
  error: errorRecordOf(new Error(message)),
  isLast: false,
});
const causeOf = (ended: EndedAttempt): string => {
  const verdict = verdictOf(ended);
  return verdict.kind === "fail" ? verdict.failure.cause : verdict.kind;
};

describe("verdictOf", () => {
  it("counts finished work, whatever was asked of it meanwhile", () => {
    for (const stopCause of [null, "stop", "timeout", "memory"] as (StopCause | null)[]) {
      expect(verdictOf(attempt(done, { stopCause }))).toEqual({ kind: "complete", summary: 1 });
    }
  });

  it("counts what a process finished before it died without an answer", () => {
    for (const stopCause of [null, "stop", "timeout", "memory"] as (StopCause | null)[]) {
      const ended = attempt(crashed, { stopCause, leftAnswer: 2 });
      expect(verdictOf(ended)).toEqual({ kind: "complete", summary: 2 });
    }
  });

  it("drops everything of an attempt that the broker has given to somebody else", () => {
    for (const end of [done, givenBack, crashed, failedWith("x")]) {
      expect(verdictOf(attempt(end, { stopCause: "stale" })).kind).toBe("drop");
    }
  });

  it("gives back what was stopped, with or without its consent", () => {
    expect(causeOf(attempt(givenBack, { stopCause: "stop" }))).toBe("give_back");
    expect(causeOf(attempt(crashed, { stopCause: "stop" }))).toBe("give_back");
    expect(causeOf(attempt(givenBack))).toBe("give_back");
  });

  it("gives back, free of charge, what a process that was asked to end by TERM had not begun", () => {
    expect(causeOf(attempt({ kind: "exited", code: 143, signal: null }))).toBe("give_back");
    expect(causeOf(attempt({ kind: "exited", code: null, signal: "SIGTERM" }))).toBe("give_back");
    expect(causeOf(attempt({ kind: "exited", code: 0, signal: null }))).toBe("worker_lost");
  });

  it("names the limit that was exceeded, however the process ended", () => {
    for (const end of [givenBack, crashed, failedWith("x")]) {
      expect(causeOf(attempt(end, { stopCause: "timeout" }))).toBe("timeout");
      expect(causeOf(attempt(end, { stopCause: "memory" }))).toBe("out_of_memory");
    }
  });

  it("tells crashes, full heaps and refused allocations apart", () => {
    expect(causeOf(attempt(crashed))).toBe("worker_lost");
    expect(causeOf(attempt(crashed, { nativeOutput: "FATAL ERROR: JavaScript heap out of memory" }))).toBe(
      "out_of_memory",
    );
    expect(causeOf(attempt(failedWith("Array buffer allocation failed")))).toBe("out_of_memory");
    expect(causeOf(attempt(failedWith("loss at w* is NaN")))).toBe("task_error");
  });

  it("says how a process ended and what that may mean", () => {
    const messageOf = (end: AttemptEnd): string | null => {
      const verdict = verdictOf(attempt(end));
      return verdict.kind === "fail" ? verdict.failure.error.message : null;
    };
    expect(messageOf(crashed)).toBe("the process of task a (task a) ended by itself: signal SIGSEGV.");
    expect(messageOf({ kind: "exited", code: 3, signal: null })).toContain("exit code 3");
    expect(messageOf({ kind: "exited", code: null, signal: "SIGKILL" })).toContain(
      "may have run out of memory",
    );
  });
});
