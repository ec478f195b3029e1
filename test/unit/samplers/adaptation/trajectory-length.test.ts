/** Calibration of random trajectory lengths. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lengthScale, trajectoryLength } from "../../../../src/samplers/adaptation/trajectory-length.ts";

describe("trajectory length", () => {
  it("has BlackJAX's scale", () => {
    // blackjax: mcmc/dynamic_hmc.py, rescale(mu)
    expect(lengthScale(1.5)).toBeCloseTo(2, 14);
    expect(lengthScale(3.7)).toBeCloseTo(6.363636363636364, 13);
    expect(lengthScale(10.2)).toBeCloseTo(19.387755102040813, 12);
    expect(lengthScale(1)).toBe(1);
  });

  it("has exactly the wanted mean", () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 200, noNaN: true }), (mean) => {
        // E⌈U·s⌉ = Σ_{k ≥ 0} P(U·s > k) = Σ_{k < s} (1 − k/s)
        const scale = lengthScale(mean);
        let expectation = 0;
        for (let k = 0; k < scale; k++) expectation += 1 - k / scale;
        expect(expectation / mean).toBeCloseTo(1, 9);
      }),
    );
  });

  it("is at least 1 and at most ⌈scale⌉", () => {
    expect(trajectoryLength(0, 19.4)).toBe(1);
    expect(trajectoryLength(1e-300, 19.4)).toBe(1);
    expect(trajectoryLength(1 - 2 ** -53, 19.4)).toBe(20);
  });
});
