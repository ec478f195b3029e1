/** Pooled variances against two-pass sums, and the regularisation against its golden values. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addRows,
  createWelford,
  mergeWelford,
  regularisedVariance,
  resetWelford,
  restoreWelford,
  sampleVariance,
  welfordEntries,
} from "../../../../src/samplers/adaptation/welford.ts";

const draws = Float64Array.of(1, 2, 3, -1, 2, 0, 5, 4);

describe("welford", () => {
  it("gives the sample variances of the golden draws", () => {
    const welford = createWelford(2);
    addRows(welford, draws);
    expect([...sampleVariance(welford)]).toEqual([
      expect.closeTo(35 / 12, 14) as number,
      expect.closeTo(59 / 12, 14) as number,
    ]);
  });

  it("regularises as Stan does when floor is 1e-3 and scale 1", () => {
    const welford = createWelford(2);
    addRows(welford, draws);
    const variance = regularisedVariance(welford, { floor: 1e-3, scale: 1 });
    expect(variance?.[0]).toBeCloseTo(1.29685185185185, 13);
    expect(variance?.[1]).toBeCloseTo(2.18574074074074, 13);
  });

  it("does not depend on how rows are batched or merged", () => {
    const numbers = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
      minLength: 4,
      maxLength: 60,
    });
    fc.assert(
      fc.property(numbers, fc.nat(), (values, cut) => {
        const rows = Float64Array.from(values.slice(0, values.length - (values.length % 2)));
        const [whole, parts, rest] = [createWelford(2), createWelford(2), createWelford(2)];
        addRows(whole, rows);
        const middle = 2 * (cut % (rows.length / 2 + 1));
        addRows(parts, rows.subarray(0, middle));
        addRows(rest, rows.subarray(middle));
        mergeWelford(parts, rest);
        expect(parts.count).toBe(whole.count);
        for (let i = 0; i < 2; i++) {
          expect(parts.mean[i]).toBeCloseTo(whole.mean[i] ?? Number.NaN, 9);
          const expected = whole.sumOfSquares[i] ?? Number.NaN;
          expect(Math.abs((parts.sumOfSquares[i] ?? Number.NaN) - expected)).toBeLessThanOrEqual(
            1e-9 * (1 + expected),
          );
        }
      }),
    );
  });

  it("keeps a variance of 1e-6 around a mean of 1e3", () => {
    const welford = createWelford(1);
    for (let k = 0; k < 1000; k++) addRows(welford, Float64Array.of(1e3 + (k % 2 === 0 ? 1e-3 : -1e-3)));
    expect((sampleVariance(welford)[0] ?? Number.NaN) / (1e-6 * (1000 / 999))).toBeCloseTo(1, 6);
  });

  it("commutes with a change of units when the floor is relative", () => {
    const [small, large] = [createWelford(2), createWelford(2)];
    addRows(small, draws);
    addRows(
      large,
      draws.map((value) => value * 1024),
    );
    const [v, scaled] = [small, large].map((welford) => regularisedVariance(welford, { floor: 0.1 }));
    expect([...(scaled ?? [])]).toEqual(
      [...(v ?? [])].map((value) => expect.closeTo(value * 1024 ** 2, 6) as number),
    );
  });

  it("gives a coordinate that never moved a positive variance, with and without floor", () => {
    const welford = createWelford(2);
    addRows(welford, Float64Array.of(1, 5, 2, 5, 3, 5));
    for (const floor of [0, 1e-3]) {
      expect(regularisedVariance(welford, { floor })?.every((value) => value > 0)).toBe(true);
    }
  });

  it("has nothing to say about one row, rows that never moved, or a NaN", () => {
    const welford = createWelford(1);
    addRows(welford, Float64Array.of(1));
    expect(regularisedVariance(welford, { floor: 1e-3 })).toBeNull();
    addRows(welford, Float64Array.of(1));
    expect(regularisedVariance(welford, { floor: 1e-3 })).toBeNull();
    addRows(welford, Float64Array.of(Number.NaN));
    expect(regularisedVariance(welford, { floor: 1e-3 })).toBeNull();
  });

  it("reads back from its snapshot entries, and is empty after a reset", () => {
    const [welford, copy] = [createWelford(2), createWelford(2)];
    addRows(welford, draws);
    restoreWelford(copy, welfordEntries(welford));
    expect(copy).toEqual(welford);
    resetWelford(copy);
    expect(copy).toEqual(createWelford(2));
  });
});
