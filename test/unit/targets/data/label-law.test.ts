/**
 * Labels of classification. Statistical checks: fixed seed, z < 5, ≈ 6e-7 false alarms each.
 * Seen to fail: Bernoulli(z) instead of Bernoulli(σ(z)), and the class after the sampled one.
 */
import { describe, expect, it } from "vitest";
import { makeLabels } from "../../../../src/targets/data/label-law.ts";
import type { Split } from "../../../../src/targets/data/split.ts";
import { zScore } from "../../../support/z-score.ts";

const split: Split = { name: "training", numData: 20_000, seed: 9 };
const repeated = (row: readonly number[]): Float64Array =>
  Float64Array.from({ length: split.numData * row.length }, (_, i) => row[i % row.length] ?? NaN);

describe("makeLabels", () => {
  it("leaves outputs alone for regression", () => {
    for (const loss of ["mse", "t_regression"] as const) {
      const values = Float64Array.of(1.5, -2);
      makeLabels(values, { loss, kind: "hard" }, { ...split, numData: 2 });
      expect([...values]).toEqual([1.5, -2]);
    }
  });

  it("samples binary labels with probability σ(z)", () => {
    const values = repeated([0.7]);
    makeLabels(values, { loss: "bce", kind: "sampled" }, split);
    expect(values.every((value) => value === 0 || value === 1)).toBe(true);
    expect(zScore(values, 1 / (1 + Math.exp(-0.7)))).toBeLessThan(5);
  });

  it("thresholds hard binary labels at 0 and keeps soft ones as probabilities", () => {
    const hard = Float64Array.of(-1, 0, 1e-9);
    makeLabels(hard, { loss: "bce", kind: "hard" }, { ...split, numData: 3 });
    expect([...hard]).toEqual([0, 0, 1]);
    const soft = Float64Array.of(0, 1);
    makeLabels(soft, { loss: "bce", kind: "soft" }, { ...split, numData: 2 });
    expect([...soft]).toEqual([0.5, expect.closeTo(0.7310585786300049, 15)]);
  });

  it("samples one-hot classes with softmax probabilities", () => {
    const logits = [0.5, -0.3, 1.1];
    const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    const values = repeated(logits);
    makeLabels(values, { loss: "cross_entropy", kind: "sampled" }, split);
    for (const k of [0, 1, 2]) {
      const indicator = values.filter((_, i) => i % 3 === k);
      expect(zScore(indicator, Math.exp(logits[k] ?? NaN) / total)).toBeLessThan(5);
    }
    for (let row = 0; row < 100; row++) {
      expect(values.subarray(3 * row, 3 * row + 3).reduce((sum, value) => sum + value, 0)).toBe(1);
    }
  });

  it("takes the largest logit for hard classes, the first on a tie, and sums soft rows to 1", () => {
    const two = { ...split, numData: 2 };
    const hard = Float64Array.of(1, 3, 2, 5, 5, 0);
    makeLabels(hard, { loss: "cross_entropy", kind: "hard" }, two);
    expect([...hard]).toEqual([0, 1, 0, 1, 0, 0]);
    const soft = Float64Array.of(0, 0, 0, 1000, 999, -1000);
    makeLabels(soft, { loss: "cross_entropy", kind: "soft" }, two);
    expect(soft[0]).toBeCloseTo(1 / 3, 15);
    expect(soft[3]).toBeCloseTo(0.7310585786300049, 15);
    expect(soft[5]).toBeCloseTo(0, 15);
  });
});
