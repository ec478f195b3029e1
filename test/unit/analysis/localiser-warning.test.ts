/** When γ decides the estimate. */
import { describe, expect, it } from "vitest";
import { localiserWarnings } from "../../../src/analysis/localiser-warning.ts";

describe("localiserWarnings", () => {
  it("tells the share of λ̂ that γ takes in the stiffest direction", () => {
    const [sentence, ...others] = localiserWarnings({ nBeta: 100, gamma: 100, largestCurvature: 3 });
    expect(others).toEqual([]);
    expect(sentence).toContain("posterior.gamma 100");
    expect(sentence).toContain("at least 25 %");
    expect(sentence).toContain("Lower gamma below 30");
  });

  it("is silent where γ takes less than a tenth", () => {
    expect(localiserWarnings({ nBeta: 100, gamma: 1, largestCurvature: 3 })).toEqual([]);
    expect(localiserWarnings({ nBeta: 100, gamma: 0, largestCurvature: 1e-9 })).toEqual([]);
  });

  it("is silent where the curvature says nothing: singular minima, to what differences can tell, and none known", () => {
    // As measured at w* = 0 of w1⁴ + w2⁴, of w1²w2², and of deep linear networks of rank 0 (four and six factors).
    const singular = [3.6e-10, 2.0e-11, 5.0e-11, 2.2e-22];
    for (const largestCurvature of [0, -1e-12, Number.NaN, ...singular]) {
      expect(localiserWarnings({ nBeta: 100, gamma: 1, largestCurvature })).toEqual([]);
    }
  });
});
