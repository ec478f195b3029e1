/** Dense covariance: goldens, merging, degenerate input. */
import { describe, expect, it } from "vitest";
import {
  addDenseRows,
  createDenseMoments,
  denseMomentsEntries,
  regularisedFactor,
  resetDenseMoments,
  restoreDenseMoments,
} from "../../../../src/samplers/adaptation/dense-covariance.ts";

const draws = Float64Array.of(1, 2, 3, -1, 2, 0, 5, 4);

/** F·Fᵀ of a factor of two rows. */
const squared = ([a = 0, upper = 0, b = 0, c = 0]: Float64Array): number[] => [
  a * a + upper * upper,
  a * b + upper * c,
  b * b + c * c,
];

describe("dense covariance", () => {
  it("is n/(n+5) of the sample's, with the floor on the diagonal", () => {
    const moments = createDenseMoments(2);
    addDenseRows(moments, draws);
    const factor = regularisedFactor(moments, 0) ?? new Float64Array(0);
    expect(factor[1]).toBe(0);
    // Sample variances 2.9166…, 4.9166…, covariance 1.75, times 4/9.
    const [first, cross, second] = squared(factor);
    expect(first).toBeCloseTo((4 / 9) * (35 / 12), 14);
    expect(cross).toBeCloseTo(0.7777777777777778, 14);
    expect(second).toBeCloseTo((4 / 9) * (59 / 12), 14);
    const floored = squared(regularisedFactor(moments, 0.01) ?? new Float64Array(0));
    const scale = Math.sqrt((35 / 12) * (59 / 12));
    expect((floored[0] ?? 0) - (first ?? 0)).toBeCloseTo((0.01 * scale * 5) / 9, 14);
    expect(floored[1]).toBeCloseTo(cross ?? 0, 14);
  });

  it("does not depend on how rows are batched, and comes back from a snapshot", () => {
    const [whole, parts, restored] = [createDenseMoments(2), createDenseMoments(2), createDenseMoments(2)];
    addDenseRows(whole, draws);
    addDenseRows(parts, draws.slice(0, 2));
    addDenseRows(parts, draws.slice(2));
    expect(parts).toEqual(whole);
    restoreDenseMoments(restored, denseMomentsEntries(whole));
    expect(restored).toEqual(whole);
    resetDenseMoments(whole);
    expect(whole).toEqual(createDenseMoments(2));
  });

  it("is null for one row, equal rows, NaN, and dependent coordinates without a floor", () => {
    const factorOf = (rows: number[], floor = 0): Float64Array | null => {
      const moments = createDenseMoments(2);
      addDenseRows(moments, Float64Array.from(rows));
      return regularisedFactor(moments, floor);
    };
    expect(factorOf([])).toBeNull();
    expect(factorOf([1, 2], 1)).toBeNull();
    expect(factorOf([1, 2, 1, 2], 1)).toBeNull();
    expect(factorOf([1, 2, Number.NaN, 3], 1)).toBeNull();
    expect(factorOf([0, 0, 1, 1, 2, 2])).toBeNull();
    expect(factorOf([0, 0, 1, 1, 2, 2], 1e-3)).not.toBeNull();
  });
});
