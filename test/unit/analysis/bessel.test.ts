/** e^x·K_ν(x) against 50-digit values. */
import { describe, expect, it } from "vitest";
import { besselRatio, scaledBesselK } from "../../../src/analysis/bessel.ts";

// mpmath 1.x, 50 digits: exp(x)*besselk(order, x) at the double nearest to x, rounded to doubles.
const goldens: readonly [x: number, k0: number, k1: number][] = [
  [1e-300, 690.8914594138721, 9.999999999999999e299],
  [1e-12, 27.746952631614707, 1000000000001],
  [1e-3, 7.030716002378251, 1000.9967345590684],
  [0.1, 2.6823261022628944, 10.890182683049696],
  [1, 1.144463079806895, 1.6361534862632583],
  [2, 0.8415682150707714, 1.0334768470686886],
  [10, 0.39163193443659866, 0.41076657059578875],
  [100, 0.12517562165912657, 0.12579995047957854],
  [1000, 0.03962832160075422, 0.03964813081296021],
  [1e6, 0.0012533139806513213, 0.0012533146073081549],
  [1e8, 0.00012533141357488575, 0.0001253314142015428],
];

describe("scaledBesselK", () => {
  it.each(goldens)("agrees with 50-digit values to 1e-14 at x = %d", (x, k0, k1) => {
    expect(Math.abs(scaledBesselK(0, x) / k0 - 1)).toBeLessThan(1e-14);
    expect(Math.abs(scaledBesselK(1, x) / k1 - 1)).toBeLessThan(1e-14);
  });

  it("is infinite at 0 and NaN where it is not defined", () => {
    expect(scaledBesselK(0, 0)).toBe(Infinity);
    expect(scaledBesselK(1, -1)).toBeNaN();
    expect(scaledBesselK(1, NaN)).toBeNaN();
  });
});

describe("besselRatio", () => {
  it("decreases to 1 like 1 + 1/(2x)", () => {
    expect(besselRatio(1e6)).toBeCloseTo(1 + 0.5e-6, 12);
    expect(besselRatio(0.01)).toBeGreaterThan(besselRatio(0.02));
  });
});
