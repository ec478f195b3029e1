/** When curvature is measured, and what follows for steps and draws. */
import { describe, expect, it } from "vitest";
import {
  CurvatureWatch,
  type WatchedChains,
  type WatchPlan,
} from "../../../../src/samplers/adaptation/curvature-watch.ts";
import { WorkCounter } from "../../../../src/samplers/chains/work-counter.ts";
import { aPosterior } from "../../../support/posteriors.ts";

/** w1²w2² at (a, 0), where the largest curvature is 20a² + 1: a watch, and one chain of two there or both. */
const aWatch = (changes: Partial<WatchPlan> = {}) => {
  const model = { kind: "monomial", coefficient: 1, exponents: [1, 1] } as const;
  const posterior = aPosterior({ model, numChains: 2 });
  const { ensemble } = posterior;
  const counter = new WorkCounter(ensemble);
  const plan = { warmup: 64, numDraws: 80, stepsPerUnit: 1000, isChosen: true, ...changes };
  const placed = (positions: Float64Array, stepsDone: number): WatchedChains => {
    const position = ensemble.vectors();
    ensemble.writeVectors(position, positions);
    return { position, stepsDone };
  };
  const at = (a: number, stepsDone: number): WatchedChains => placed(Float64Array.of(0, 0, a, 0), stepsDone);
  const both = (a: number, stepsDone: number): WatchedChains =>
    placed(Float64Array.of(a, 0, a, 0), stepsDone);
  return { watch: new CurvatureWatch(posterior, counter, plan), at, both, counter };
};

describe("CurvatureWatch", () => {
  it("begins a unit of warmup at powers of two and, from half of it on, at every eighth", () => {
    expect(aWatch().watch.unitEnds).toEqual([1, 2, 4, 8, 16, 32, 40, 48, 56, 64]);
    expect(aWatch({ stepsPerUnit: 25 }).watch.unitEnds).toEqual([1, 2, 4, 8, 16, 25, 32, 40, 48, 50, 56, 64]);
    expect(aWatch({ warmup: 0 }).watch.unitEnds).toEqual([]);
    expect(aWatch({ warmup: 1 }).watch.unitEnds).toEqual([1]);
  });

  it("adds no units where the step size is given", () => {
    expect(aWatch({ isChosen: false }).watch.unitEnds).toEqual([64]);
    expect(aWatch({ isChosen: false, stepsPerUnit: 25 }).watch.unitEnds).toEqual([25, 50, 64]);
  });

  it("wants steps for the stiffest chain at first, forgetting it by halves", async () => {
    const { watch, at } = aWatch();
    expect(watch.wanted).toBeNaN();
    for (const [a, stepsDone, wanted] of [
      [1, 0, 21],
      [0, 1, 10.5],
      [2, 2, 81],
      [0, 3, 81], // no moment
      [0, 16, 40.5],
    ] as const) {
      await watch.beforeUnit(at(a, stepsDone));
      expect(watch.wanted).toBeCloseTo(wanted, 2);
    }
  });

  it("wants steps for the mean of A from half of warmup on, and half of the greatest", async () => {
    const { watch, at, both } = aWatch();
    await watch.beforeUnit(at(1, 0));
    await watch.beforeUnit(at(0, 32)); // 1, 1
    expect(watch.wanted).toBeCloseTo(21 / 2, 2);
    await watch.beforeUnit(both(1, 40)); // 1, 1, 21, 21
    expect(watch.wanted).toBeCloseTo(11, 2);
    await watch.endWarmup(at(9, 64)); // 1, 1, 21, 21, 1, 1621
    expect(watch.wanted).toBeCloseTo(1621 / 2, 2);
    await watch.afterDraw(at(30, 100));
    expect(watch.wanted).toBeCloseTo(1621 / 2, 2);
  });

  it("judges draws by the mean excess of variance at five moments and the end of warmup", async () => {
    const { watch, at } = aWatch();
    await watch.endWarmup(at(1, 64));
    const due = Array.from({ length: 80 }, (_, k) => k + 1).filter((done) => watch.isDue(done));
    expect(due).toEqual([10, 20, 40, 60, 80]);
    await watch.afterDraw(at(4, 100));
    expect(watch.greatest).toBeCloseTo(321, 2);
    // c = 0.01·(1, 21, 1, 321)
    const excess = [0.01, 0.21, 0.01, 3.21].reduce((sum, c) => sum + (1 / (1 - c / 4) - 1) / 4, 0);
    expect(1 / (1 - watch.stepCurvature(0.01) / 4) - 1).toBeCloseTo(excess, 4);
    expect(watch.stepCurvature(0.02)).toBeCloseTo(6.42, 3);
  });

  it("says what was before where no chain is finite", async () => {
    const { watch, at } = aWatch({ isChosen: false });
    await watch.beforeUnit(at(1, 0));
    const lost = at(1, 64);
    const nowhere = { ...lost, preconditioner: new Float64Array(4).fill(Number.NaN) };
    await watch.endWarmup(nowhere);
    expect(watch.greatest).toBeCloseTo(21, 2);
    const { watch: other } = aWatch({ isChosen: false });
    await other.endWarmup(nowhere);
    expect(other.isKnown).toBe(false);
    expect(other.stepCurvature(1)).toBeNaN();
  });

  it("counts 16 gradients of every chain a measurement", async () => {
    const { watch, at, counter } = aWatch();
    await watch.beforeUnit(at(1, 0));
    expect(counter.work.gradients).toBe(16 * 2 * 10);
    await watch.beforeUnit(at(1, 3));
    expect(counter.work.gradients).toBe(16 * 2 * 10);
  });
});
