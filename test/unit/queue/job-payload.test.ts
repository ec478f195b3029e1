/** What is accepted as the data of a job. */
import { describe, expect, it } from "vitest";
import { parsePayload, readPayload } from "../../../src/queue/job-payload.ts";
import { aTask } from "../../support/plans.ts";

const expected = { sweep: "swp_1", run: "r1" };
const payload = {
  v: 1,
  sweep: "swp_1",
  run: "r1",
  task: aTask("a", { needs: ["b"], behaviour: { sleepMs: 5 } }),
  expected_sec: null,
  dependents: ["c"],
  starts_before: 0,
};
const resources = { threads: 2, timeoutSec: null, memoryMiB: 100 };
const build = {
  kind: "build-target",
  id: "tgt",
  needs: [],
  title: "t",
  resources,
  targetId: "tgt",
  config: { a: [1] },
};

describe("job-payload", () => {
  it("reads back what was written, for every kind of task", () => {
    const run = { ...build, kind: "run-sampler", runId: "1", sampler: "hmc", backend: "auto" };
    for (const task of [payload.task, build, run]) {
      const reading = parsePayload(JSON.stringify({ ...payload, task }), expected);
      expect(reading).toEqual({ kind: "valid", payload: { ...payload, task } });
    }
  });

  it.each([
    ["another version", { ...payload, v: 2 }, /^v is wrong: .*version 1/],
    ["another sweep", { ...payload, sweep: "swp_2" }, /^it belongs to swp_2 \(r1\), not to swp_1/],
    ["another submission", { ...payload, run: "r0" }, /^it belongs to swp_1 \(r0\)/],
    ["an unknown kind of task", { ...payload, task: { ...payload.task, kind: "shell" } }, /^task/],
    ["an unknown member", { ...payload, task: { ...build, command: "rm" } }, /^task/],
    ["a missing member", { ...payload, dependents: undefined }, /^dependents is wrong/],
    ["something else", 42, /^it is wrong/],
    ["nothing", null, /^it is wrong/],
  ])("refuses %s and says why", (_, data, reason) => {
    const reading = readPayload(data, expected);
    expect(reading).toMatchObject({ kind: "refused", reason: expect.stringMatching(reason) });
  });

  it("refuses text that is no JSON", () => {
    expect(parsePayload("{", expected)).toMatchObject({
      kind: "refused",
      reason: expect.stringMatching(/no JSON/),
    });
  });
});
