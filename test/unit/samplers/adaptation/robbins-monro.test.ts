/** Robbins–Monro: golden steps, and where it comes to rest. */
import { describe, expect, it } from "vitest";
import {
  idealWalkAcceptance,
  idealWalkScale,
  scaleSearchEntries,
  scaleSearchIn,
  startScaleSearch,
  updateScaleSearch,
} from "../../../../src/samplers/adaptation/robbins-monro.ts";

describe("search of a scale", () => {
  it("moves log s by t^−0.6·(α − α*)", () => {
    let state = startScaleSearch(2);
    expect(state.scale).toBe(2);
    state = updateScaleSearch(state, 1, 0.234);
    expect(Math.log(state.scale)).toBeCloseTo(Math.log(2) + 0.766, 14);
    state = updateScaleSearch(state, 0, 0.234);
    expect(Math.log(state.scale)).toBeCloseTo(Math.log(2) + 0.766 - 0.234 * 2 ** -0.6, 14);
    expect(updateScaleSearch(state, Number.NaN, 0.234)).toEqual(updateScaleSearch(state, 0, 0.234));
    expect(scaleSearchIn(scaleSearchEntries(state))).toEqual(state);
  });

  it("comes to rest where acceptance is the target", () => {
    let state = startScaleSearch(50);
    // Acceptance e^−s is 0.234 at s = 1.4524.
    for (let t = 0; t < 2000; t++) state = updateScaleSearch(state, Math.exp(-state.scale), 0.234);
    expect(state.scale).toBeCloseTo(-Math.log(0.234), 2);
  });

  it("begins at 2.38/√d for 0.234, in one dimension 0.44", () => {
    expect(idealWalkScale(4)).toBe(1.19);
    expect([1, 2, 100].map(idealWalkAcceptance)).toEqual([0.44, 0.234, 0.234]);
  });
});
