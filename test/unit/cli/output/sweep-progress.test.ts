/** What is known of a running sweep: counts and the time that is left. */
import { describe, expect, it } from "vitest";
import { SweepProgress } from "../../../../src/cli/output/sweep-progress.ts";
import { aMatrixPlan, done, progressed, started } from "../../../support/matrix-plan.ts";

describe("remainingSec", () => {
  const plan = aMatrixPlan({ targets: 2, samplers: ["hmc draws=100", "hmc draws=200", "sgld"] });
  const progress = (): SweepProgress => new SweepProgress(plan, { numSlots: 1, expectedSec: new Map() });

  it("is not known before anything tells of runs", () => {
    const sweep = progress();
    expect(sweep.remainingSec(0)).toBeNull();
    sweep.apply(done("t0", 2));
    expect(sweep.remainingSec(0)).toBeNull();
  });

  it("is told by tasks of the sweep: of the same settings, else of the same sampler, else of any", () => {
    const sweep = progress();
    for (const id of ["t0", "t1"]) sweep.apply(done(id, 1));
    sweep.apply(done("t0/0", 10));
    // Two hmc runs more of each kind of settings, two of sgld: all like the only one that is known.
    expect(sweep.remainingSec(0)).toBe(5 * 10);
    sweep.apply(done("t0/1", 30));
    // hmc draws=100: 10; hmc draws=200: 30; sgld: the mean of all runs.
    expect(sweep.remainingSec(0)).toBe(10 + 30 + 2 * 20);
    sweep.apply(done("t0/2", 5));
    expect(sweep.remainingSec(0)).toBe(10 + 30 + 5);
  });

  it("is told by the first run that has drawn something, long before it has ended", () => {
    const sweep = progress();
    for (const id of ["t0", "t1"]) sweep.apply(done(id, 1));
    sweep.apply(started("t0/0", 0));
    expect(sweep.remainingSec(5_000)).toBeNull();
    sweep.apply(progressed("t0/0", 0.25));
    // 5 s for a quarter: 20 s in all, 15 of them left.
    expect(sweep.remainingSec(5_000)).toBe(15 + 5 * 20);
  });
});
