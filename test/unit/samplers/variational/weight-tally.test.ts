import { describe, expect, it } from "vitest";
import { WeightTally } from "../../../../src/samplers/variational/weight-tally.ts";

const tallied = (draws: readonly (readonly [number, number])[]): WeightTally => {
  const tally = new WeightTally();
  for (const [logWeight, llc] of draws) tally.add(logWeight, llc);
  return tally;
};

describe("WeightTally", () => {
  const draws = [
    [0, 1],
    [Math.log(3), 2],
    [Math.log(2), 5],
  ] as const;

  it("weighs by π/q: ESS (Σw)²/Σw², λ̂ Σw·llc/Σw, ELBO the mean of log w", () => {
    const { elbo, importance_ess, importance_llc } = tallied(draws).summary();
    expect(importance_ess).toBeCloseTo(36 / 14, 14);
    expect(importance_llc).toBeCloseTo(17 / 6, 14);
    expect(elbo).toBeCloseTo(Math.log(6) / 3, 14);
  });

  it("neither overflows nor forgets far from 0, whatever the order", () => {
    for (const order of [draws, draws.toReversed()]) {
      const { importance_ess, importance_llc } = tallied(order.map(([w, llc]) => [w - 5000, llc])).summary();
      expect(importance_ess).toBeCloseTo(36 / 14, 10);
      expect(importance_llc).toBeCloseTo(17 / 6, 10);
    }
  });

  it("leaves out draws whose weight is not finite, and is NaN without any other", () => {
    const bad = [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const all = [...bad.map((w) => [w, Number.NaN] as const), ...draws];
    expect(tallied(all).summary()).toEqual(tallied(draws).summary());
    expect(Object.values(tallied([]).summary()).every(Number.isNaN)).toBe(true);
  });

  it("continues from a snapshot to the bit", () => {
    const [first, ...rest] = draws;
    const resumed = new WeightTally();
    resumed.restore(structuredClone(tallied([first]).snapshot()));
    for (const [logWeight, llc] of rest) resumed.add(logWeight, llc);
    expect(resumed.summary()).toEqual(tallied(draws).summary());
  });
});
