/** Laws of the state table. */
import { describe, expect, it } from "vitest";
import {
  countStates,
  isFailure,
  isFinal,
  isSuccess,
  nextState,
  type TaskChange,
  type TaskState,
  taskStates,
} from "../../../src/plan/task-state.ts";

const changes: readonly TaskChange[] = [
  "skip",
  "wait",
  "ready",
  "lease",
  "complete",
  "fail",
  "time_out",
  "exhaust_memory",
  "lose_upstream",
  "cancel",
];

describe("task states", () => {
  it("lets nothing happen to a final state", () => {
    const final = taskStates.filter(isFinal);
    expect(final).toEqual([
      "done",
      "skipped",
      "failed",
      "timeout",
      "out_of_memory",
      "upstream_failed",
      "cancelled",
    ]);
    for (const state of final) for (const change of changes) expect(nextState(state, change)).toBeNull();
  });

  it("can cancel every state that is not final", () => {
    for (const state of taskStates) {
      expect(nextState(state, "cancel")).toBe(isFinal(state) ? null : "cancelled");
    }
  });

  it("reaches every state from planned", () => {
    const reached = new Set<TaskState>(["planned"]);
    for (const state of reached) {
      for (const change of changes) {
        const next = nextState(state, change);
        if (next !== null) reached.add(next);
      }
    }
    expect(reached).toEqual(new Set(taskStates));
  });

  it("runs only what was ready", () => {
    for (const state of taskStates)
      expect(nextState(state, "lease")).toBe(state === "ready" ? "running" : null);
  });

  it("counts success and failure apart, cancelled and upstream_failed as neither", () => {
    expect(taskStates.filter(isSuccess)).toEqual(["done", "skipped"]);
    expect(taskStates.filter(isFailure)).toEqual(["failed", "timeout", "out_of_memory"]);
    expect(countStates(["done", "done", "failed"])).toMatchObject({ done: 2, failed: 1, ready: 0 });
  });
});
