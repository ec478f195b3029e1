/** Where logs lie. */
import { describe, expect, it } from "vitest";
import type { Task } from "../../../src/plan/task.ts";
import { logPathsOf } from "../../../src/queue/log-paths.ts";
import { aTask } from "../../support/plans.ts";

describe("logPathsOf", () => {
  it("gives each kind its folder and each task one pair", () => {
    const { resources } = aTask("x");
    const base = { needs: [], title: "", resources, targetId: "tgt_0123456789ab", config: {} };
    const build: Task = { ...base, kind: "build-target", id: "tgt_0123456789ab" };
    const run: Task = {
      ...base,
      kind: "run-sampler",
      id: "tgt_0123456789ab/hmc_01234567",
      runId: "01234567",
      sampler: "hmc",
      backend: "auto",
    };
    expect(logPathsOf(build, "logs")).toEqual({
      log: "logs/build_target/tgt_0123456789ab.log",
      err: "logs/build_target/tgt_0123456789ab.err",
    });
    expect(logPathsOf(run, "/a/logs").err).toBe("/a/logs/run_sampler/tgt_0123456789ab_hmc_01234567.err");
  });
});
