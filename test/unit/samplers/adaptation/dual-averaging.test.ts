/** Golden sequence and edge cases of dual averaging. */
import { describe, expect, it } from "vitest";
import {
  averagedStepSize,
  currentStepSize,
  dualAveragingEntries,
  dualAveragingIn,
  limitDualAveraging,
  startDualAveraging,
  updateDualAveraging,
} from "../../../../src/samplers/adaptation/dual-averaging.ts";

describe("dual averaging", () => {
  it("follows the published recursion to the last digits", () => {
    // Computed once in double precision from Hoffman & Gelman (2014), eq. 6, with t0 = 10, γ = 0.05, κ = 0.75.
    const golden = [
      [0.9, 11.99396102035386, 11.99396102035386],
      [0.5, 6.24125055778261, 8.133527627722609],
      [0.7, 4.495950163783623, 6.270968073616206],
      [1.0, 7.514772930752855, 6.685244033739013],
      [0.2, 1.240591539679438, 4.039719332250657],
    ] as const;
    let state = startDualAveraging(1);
    for (const [acceptance, current, averaged] of golden) {
      state = updateDualAveraging(state, acceptance, 0.8);
      expect(currentStepSize(state) / current).toBeCloseTo(1, 13);
      expect(averagedStepSize(state) / averaged).toBeCloseTo(1, 13);
    }
  });

  it("begins at the given step size, also as average", () => {
    const state = startDualAveraging(0.25);
    expect(currentStepSize(state)).toBeCloseTo(0.25, 15);
    expect(averagedStepSize(state)).toBeCloseTo(0.25, 15);
  });

  it("takes a NaN acceptance for 0 and one above 1 for 1", () => {
    const start = startDualAveraging(1);
    expect(updateDualAveraging(start, Number.NaN, 0.8)).toEqual(updateDualAveraging(start, 0, 0.8));
    expect(updateDualAveraging(start, 1.5, 0.8)).toEqual(updateDualAveraging(start, 1, 0.8));
  });

  it("stays positive and finite however often everything is rejected or accepted", () => {
    for (const acceptance of [0, 1]) {
      let state = startDualAveraging(1);
      for (let k = 0; k < 100_000; k++) state = updateDualAveraging(state, acceptance, 0.8);
      expect(currentStepSize(state)).toBeGreaterThan(0);
      expect(Number.isFinite(currentStepSize(state))).toBe(true);
    }
  });

  it("finds the step size whose acceptance is the target", () => {
    // acceptance e^{−ε}: 0.8 at ε = 0.22314.
    let state = startDualAveraging(5);
    for (let k = 0; k < 2000; k++) state = updateDualAveraging(state, Math.exp(-currentStepSize(state)), 0.8);
    expect(averagedStepSize(state)).toBeCloseTo(-Math.log(0.8), 2);
  });

  it("reads back from its snapshot entries", () => {
    const state = updateDualAveraging(startDualAveraging(0.3), 0.6, 0.8);
    expect(dualAveragingIn(dualAveragingEntries(state))).toEqual(state);
  });

  it("comes down from a limit at once, however long it was held there", () => {
    const held = (limit: number): number => {
      let state = startDualAveraging(1);
      for (let t = 0; t < 300; t++) state = limitDualAveraging(updateDualAveraging(state, 1, 0.8), limit);
      expect(currentStepSize(state)).toBeCloseTo(Math.min(limit, currentStepSize(state)), 12);
      expect(averagedStepSize(state)).toBeLessThanOrEqual(limit * (1 + 1e-12));
      for (let t = 0; t < 5; t++) state = updateDualAveraging(state, 0.3, 0.8);
      return currentStepSize(state);
    };
    expect(held(2)).toBeLessThan(1);
    // Without the limit it is still far above.
    expect(held(Number.POSITIVE_INFINITY)).toBeGreaterThan(100);
    const below = startDualAveraging(1);
    expect(limitDualAveraging(below, 2)).toBe(below);
  });
});
