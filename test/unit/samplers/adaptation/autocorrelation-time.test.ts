/** Autocorrelation times that steer tuning. */
import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../../src/random/normal.ts";
import { autocorrelationTime } from "../../../../src/samplers/adaptation/autocorrelation-time.ts";

const autoregressive = (correlation: number, numDraws: number, chain: number): Float64Array => {
  const noise = new Float64Array(numDraws);
  fillNormal({ seed: 11, purpose: 1, chain }, noise);
  const scale = Math.sqrt(1 - correlation ** 2);
  for (let i = 1; i < numDraws; i++) noise[i] = correlation * noise[i - 1]! + scale * noise[i]!;
  return noise;
};

describe("autocorrelationTime", () => {
  // AR(1) has τ = (1 + φ)/(1 − φ). 4 × 4,000 draws: relative sd of the estimate ≤ 5 %, bound of 5 sd (6e-7 a check).
  it.each([0, 0.5, 0.9])("is (1 + φ)/(1 − φ) for an autoregressive chain with φ = %f", (correlation) => {
    const chains = [0, 1, 2, 3].map((chain) => autoregressive(correlation, 4000, chain));
    const exact = (1 + correlation) / (1 - correlation);
    expect(Math.abs(autocorrelationTime(chains) / exact - 1)).toBeLessThan(0.25);
  });

  it("is long for chains that stay apart", () => {
    const chains = [0, 1].map((chain) => autoregressive(0, 100, chain).map((value) => value + 20 * chain));
    expect(autocorrelationTime(chains)).toBeGreaterThan(50);
  });

  it("is at least 1", () => {
    const alternating = Float64Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    expect(autocorrelationTime([alternating])).toBe(1);
  });

  it("is NaN for constant and for non-finite draws", () => {
    expect(autocorrelationTime([new Float64Array(10)])).toBeNaN();
    expect(autocorrelationTime([Float64Array.of(1, 2, Number.NaN, 3, 4)])).toBeNaN();
  });
});
