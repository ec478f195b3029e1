/** e^x·K_ν(x) against 50-digit values. */
import { describe, expect, it } from "vitest";
import { besselRatio, scaledBesselK } from "../../../src/analysis/bessel.ts";

// mpmath 1.x, 50 digits: nstr(exp(x)*besselk(order, x), 20) at the double nearest to x.
const goldens: readonly [x: number, k0: number, k1: number][] = [
  [1e-300, 690.89145941387211763, 9.9999999999999997494e299],
  [1e-12, 27.74695263161470763, 1000000000001.0000201],
  [1e-3, 7.0307160023782514978, 1000.9967345590684316],
  [0.1, 2.6823261022628943375, 10.890182683049696015],
  [1, 1.1444630798068950147, 1.6361534862632582465],
  [2, 0.84156821507077141792, 1.0334768470686885732],
  [10, 0.39163193443659866573, 0.41076657059578875113],
  [100, 0.12517562165912657889, 0.12579995047957852933],
  [1000, 0.039628321600754217115, 0.03964813081296021048],
  [1e6, 0.0012533139806513212103, 0.0012533146073081548719],
  [1e8, 0.00012533141357488575884, 0.00012533141420154282515],
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
