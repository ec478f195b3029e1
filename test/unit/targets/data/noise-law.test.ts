/**
 * Laws of noise. Statistical checks: fixed seed, z < 5, ≈ 6e-7 false alarms each.
 * Seen to fail: hetero without the 1, one gamma a row for student_t, outliers of scale outlierScale·noiseScale.
 */
import { describe, expect, it } from "vitest";
import { addNoise } from "../../../../src/targets/data/noise-law.ts";
import type { Split } from "../../../../src/targets/data/split.ts";
import type { DataConfig } from "../../../../src/targets/target-config.ts";
import { aData } from "../../../support/target-configs.ts";
import { zScore } from "../../../support/z-score.ts";

const numData = 10_000;
const split: Split = { name: "training", numData, seed: 5 };

/** Two outputs a row; inputs (row mod 3, 4), so ‖x‖ is 4, √17 or √20. */
const noiseOf = (changes: Partial<DataConfig>, where: Split = split): Float64Array => {
  const labels = new Float64Array(2 * numData);
  const inputs = Float64Array.from({ length: 2 * numData }, (_, i) => (i % 2 === 0 ? (i / 2) % 3 : 4));
  addNoise(labels, inputs, { data: aData(changes), split: where });
  return labels;
};
const squares = (values: Float64Array): Float64Array => values.map((value) => value * value);

describe("addNoise", () => {
  it("adds nothing for none", () => {
    expect(noiseOf({ noiseModel: "none", noiseScale: 3 }).every((value) => value === 0)).toBe(true);
  });

  it("adds to labels that are there", () => {
    const labels = Float64Array.of(10, 20);
    addNoise(labels, new Float64Array(2), {
      data: aData({ noiseScale: 1e-9 }),
      split: { ...split, numData: 1 },
    });
    expect(labels[0]).toBeCloseTo(10, 7);
    expect(labels[0]).not.toBe(10);
    expect(labels[1]).toBeCloseTo(20, 7);
  });

  it("gives gauss variance noiseScale²", () => {
    const noise = noiseOf({ noiseScale: 0.3 });
    expect(zScore(noise, 0)).toBeLessThan(5);
    expect(zScore(squares(noise), 0.09)).toBeLessThan(5);
  });

  it("scales hetero by 1 + heteroScale·‖x‖", () => {
    const noise = noiseOf({ noiseModel: "hetero", noiseScale: 0.2, heteroScale: 0.5 });
    for (const kind of [0, 1, 2]) {
      const some = noise.filter((_, i) => Math.floor(i / 2) % 3 === kind);
      expect(zScore(squares(some), (0.2 * (1 + 0.5 * Math.hypot(kind, 4))) ** 2)).toBeLessThan(5);
    }
  });

  it("draws student_t with studentDf degrees of freedom, independent between outputs", () => {
    const df = 20;
    const noise = noiseOf({ noiseModel: "student_t", noiseScale: 0.5, studentDf: df });
    const variance = (0.25 * df) / (df - 2);
    expect(zScore(squares(noise), variance)).toBeLessThan(5);
    expect(zScore(squares(squares(noise)), (3 * 0.0625 * df ** 2) / ((df - 2) * (df - 4)))).toBeLessThan(5);
    // A shared gamma would give log|e| of the two outputs the covariance ψ'(ν/2)/4 = 0.41.
    const logs = noiseOf({ noiseModel: "student_t", noiseScale: 1, studentDf: 2 }).map((e) =>
      Math.log(Math.abs(e)),
    );
    const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
    const products = Float64Array.from(
      { length: numData },
      (_, row) => ((logs[2 * row] ?? NaN) - mean) * ((logs[2 * row + 1] ?? NaN) - mean),
    );
    expect(zScore(products, 0)).toBeLessThan(5);
  });

  it("gives outliers standard deviation outlierScale with probability outlierFrac", () => {
    const noise = noiseOf({ noiseModel: "outliers", noiseScale: 0.01, outlierFrac: 0.1, outlierScale: 2 });
    expect(zScore(squares(noise), 0.1 * 4 + 0.9 * 1e-4)).toBeLessThan(5);
    // P(|N(0, 2²)| > 0.06) = 0.976067 (scipy: 2*norm.sf(0.03)).
    const large = noise.map((value) => (Math.abs(value) > 0.06 ? 1 : 0));
    expect(zScore(large, 0.1 * 0.976067)).toBeLessThan(5);
  });

  it("gives the test set other noise", () => {
    expect(noiseOf({}, { ...split, name: "test" })).not.toEqual(noiseOf({}));
    expect(noiseOf({})).toEqual(noiseOf({}));
  });
});
