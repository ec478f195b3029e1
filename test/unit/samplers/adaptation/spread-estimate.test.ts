/** Variances seen while moving, and the preconditioner made of them. */
import { describe, expect, it } from "vitest";
import {
  addPositions,
  createSpread,
  numIndependentOf,
  preconditionerOf,
  restoreSpread,
  sizeOf,
  spreadEntries,
  variancesOf,
} from "../../../../src/samplers/adaptation/spread-estimate.ts";

const filled = () => {
  const spread = createSpread(2);
  addPositions(spread, Float64Array.of(1, 10, 3, -10), 0.5);
  addPositions(spread, Float64Array.of(-2, 20, 0, 0), 1);
  return spread;
};

describe("SpreadEstimate", () => {
  it("weighs positions by step size and pools chains", () => {
    // weights ½ ½ 1 1 of x = 1, 3, −2, 0: mean 0, ⟨x²⟩ = (0.5 + 4.5 + 4)/3 = 3; y: mean 20/3, ⟨y²⟩ = 500/3.
    const [x, y] = variancesOf(filled());
    expect(x).toBeCloseTo(3, 12);
    expect(y).toBeCloseTo(500 / 3 - 400 / 9, 10);
    expect(sizeOf(filled())).toBeCloseTo(Math.sqrt(3 + 1100 / 9), 10);
  });

  it("counts the path of all chains", () => {
    expect(filled().path).toBe(3);
    expect(numIndependentOf(filled())).toBeCloseTo(3 / Math.sqrt(3 + 1100 / 9), 10);
  });

  it("survives a snapshot", () => {
    const copy = createSpread(2);
    restoreSpread(copy, spreadEntries(filled()));
    expect(copy).toEqual(filled());
  });
});

describe("preconditionerOf", () => {
  it("keeps the geometric mean and draws ratios together as positions are few", () => {
    const spread = filled();
    const [a, b] = preconditionerOf(spread) ?? [];
    const [x, y] = variancesOf(spread) as unknown as [number, number];
    expect(a! * b!).toBeCloseTo(Math.sqrt(x * y), 10);
    const trust = numIndependentOf(spread) / (numIndependentOf(spread) + 5);
    expect(Math.log(b! / a!)).toBeCloseTo(0.5 * trust * Math.log(y / x), 10);
  });

  it("tends to the standard deviations after a long path", () => {
    const spread = { ...filled(), path: 1e9 };
    const deviations = variancesOf(spread).map(Math.sqrt);
    preconditionerOf(spread)?.forEach((scale, i) => expect(scale / deviations[i]!).toBeCloseTo(1, 6));
  });

  it("gives a coordinate that never moved the mean of the others", () => {
    const spread = createSpread(2);
    addPositions(spread, Float64Array.of(1, 7, 3, 7), 1);
    expect(preconditionerOf(spread)).toEqual(Float64Array.of(1, 1));
  });

  it("is null if nothing moved or a position was not finite", () => {
    const still = createSpread(2);
    addPositions(still, Float64Array.of(1, 2, 1, 2), 1);
    expect(preconditionerOf(still)).toBeNull();
    const broken = createSpread(1);
    addPositions(broken, Float64Array.of(1, Number.NaN), 1);
    expect(preconditionerOf(broken)).toBeNull();
  });
});
