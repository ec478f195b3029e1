/** What is accepted as the data of a job. */
import { describe, expect, it, onTestFinished, vi } from "vitest";
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
  id: "tgt_0123456789ab",
  needs: [],
  title: "t",
  resources,
  targetId: "tgt_0123456789ab",
  config: { a: [1] },
};
const run = {
  ...build,
  kind: "run-sampler",
  id: "tgt_0123456789ab/hmc_01234567",
  runId: "01234567",
  sampler: "hmc",
  backend: "auto",
};
/** A run whose names are consistent, so that only their form can be wrong. */
const runWith = (names: Partial<Record<"targetId" | "sampler" | "runId", string>>) => {
  const { targetId, sampler, runId } = { ...run, ...names };
  return { ...run, ...names, id: `${targetId}/${sampler}_${runId}` };
};

describe("job-payload", () => {
  it("reads back what was written, for every kind of task", () => {
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
    [
      "a path for a target",
      { ...payload, task: { ...build, id: "../x", targetId: "../x" } },
      /^task\.targetId/,
    ],
    [
      "a path for the target of a run",
      { ...payload, task: runWith({ targetId: "../../x" }) },
      /^task\.targetId/,
    ],
    ["a path for a run", { ...payload, task: runWith({ runId: "../x" }) }, /^task\.runId/],
    ["a path for a sampler", { ...payload, task: runWith({ sampler: "a/../.." }) }, /^task\.sampler/],
    [
      "a target with another id",
      { ...payload, task: { ...build, id: "tgt" } },
      /^task\.id is wrong: got "tgt"/,
    ],
    ["a run with another id", { ...payload, task: { ...run, id: "../x" } }, /^task\.id is wrong/],
    ["something else", 42, /^it is wrong/],
    ["nothing", null, /^it is wrong/],
  ])("refuses %s and says why", (_, data, reason) => {
    const reading = readPayload(data, expected);
    expect(reading).toMatchObject({ kind: "refused", reason: expect.stringMatching(reason) });
  });

  it("refuses a noop where no test or benchmark has asked for it", () => {
    vi.stubEnv("TEST_NOOP", "");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(readPayload(payload, expected)).toMatchObject({
      kind: "refused",
      reason: expect.stringMatching(/of the kind noop/),
    });
    expect(readPayload({ ...payload, task: build }, expected)).toMatchObject({ kind: "valid" });
  });

  it("refuses text that is no JSON", () => {
    expect(parsePayload("{", expected)).toMatchObject({
      kind: "refused",
      reason: expect.stringMatching(/no JSON/),
    });
  });
});
