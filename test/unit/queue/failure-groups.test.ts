/** Laws of the grouping of failures. */
import { describe, expect, it } from "vitest";
import type { TaskRecord } from "../../../src/queue/broker.ts";
import { supervisedFailure } from "../../../src/queue/failure.ts";
import { groupFailures } from "../../../src/queue/failure-groups.ts";
import { aTask } from "../../support/plans.ts";

const aRecord = (id: string, overrides: Partial<TaskRecord>): TaskRecord => ({
  task: aTask(id),
  state: "done",
  attempt: 1,
  worker: null,
  startedAt: 0,
  finishedAt: 1,
  progress: null,
  summary: null,
  failure: null,
  rootTaskId: null,
  reason: null,
  ...overrides,
});
const lost = (id: string, message: string): TaskRecord =>
  aRecord(id, { state: "failed", failure: supervisedFailure("worker_lost", message, [`log of ${id}`]) });

describe("groupFailures", () => {
  it("is empty without failures", () => {
    expect(groupFailures([aRecord("a", {}), aRecord("b", { state: "cancelled" })])).toEqual([]);
  });

  it("puts messages that differ in ids, titles and numbers only into one group, with the first one's log", () => {
    const groups = groupFailures([
      lost("a", "task tgt_0123456789ab/hmc_01234567 (base × hmc) ran longer than 12.5 s"),
      lost("b", "task tgt_abcdef123456/sgld_89abcdef (small × sgld) ran longer than 3 s"),
      lost("c", "something else"),
    ]);
    expect(groups.map(({ taskIds }) => taskIds)).toEqual([["a", "b"], ["c"]]);
    expect(groups[0]?.logTail).toEqual(["log of a"]);
  });

  it("keeps states apart", () => {
    const timeout = aRecord("b", { state: "timeout", failure: supervisedFailure("timeout", "same") });
    const memory = aRecord("c", {
      state: "out_of_memory",
      failure: supervisedFailure("out_of_memory", "same"),
    });
    expect(groupFailures([timeout, memory])).toHaveLength(2);
  });

  it("counts blocked tasks with their root, the largest loss first", () => {
    const groups = groupFailures([
      lost("a", "small"),
      lost("root", "large"),
      aRecord("x", { state: "upstream_failed", rootTaskId: "root" }),
      aRecord("y", { state: "upstream_failed", rootTaskId: "root" }),
    ]);
    expect(groups.map(({ error }) => error.message)).toEqual(["large", "small"]);
    expect(groups[0]?.blockedTaskIds).toEqual(["x", "y"]);
  });
});
