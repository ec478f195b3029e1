/**
 * Laws of initial weights. Statistical checks: fixed seed, z < 5, ≈ 6e-7 false alarms each.
 * Seen to fail: he with 1/fanIn, xavier with fanIn alone, lecun with 2/fanIn.
 */
import { describe, expect, it } from "vitest";
import { type LayerLayout, type NetworkSpec, networkLayers } from "../../../../src/compute/model.ts";
import { purpose } from "../../../../src/random/purpose.ts";
import { initialWeights, type WeightDraw } from "../../../../src/targets/network/initial-weights.ts";
import { dot } from "../../../../src/targets/training/line-search.ts";
import { zScore } from "../../../support/z-score.ts";

const network: NetworkSpec = {
  inDim: 40,
  widths: [80],
  outDim: 60,
  activation: "relu",
  bias: true,
  layernorm: true,
  skipConnections: false,
  residualPeriod: 2,
};
const draw: WeightDraw = { law: "he", scale: 1, biases: "zero", seed: 11, purpose: purpose.initialWeights };

const partOf = (w: Float64Array, start: number, length: number): Float64Array =>
  w.subarray(start, start + length);

describe("initialWeights", () => {
  it.each([
    ["he", 2 / 40, 2 / 80],
    ["lecun", 1 / 40, 1 / 80],
    ["xavier", 2 / 120, 2 / 140],
    ["normal", 1, 1],
  ] as const)("draws %s weights of mean 0 and variances %d and %d", (law, first, second) => {
    const w = initialWeights(network, { ...draw, law });
    networkLayers(network).forEach((layer, index) => {
      const weights = partOf(w, layer.weights, layer.fanIn * layer.fanOut);
      expect(zScore(weights, 0)).toBeLessThan(5);
      expect(
        zScore(
          weights.map((value) => value * value),
          index === 0 ? first : second,
        ),
      ).toBeLessThan(5);
    });
  });

  it("draws orthogonal matrices: orthonormal rows or columns, whichever are fewer, times the scale", () => {
    const w = initialWeights(network, { ...draw, law: "orthogonal", scale: 3 });
    const [first, second] = networkLayers(network) as [LayerLayout, LayerLayout];
    const rows = [0, 1].map((i) => partOf(w, first.weights + i * 80, 80)) as [Float64Array, Float64Array];
    const columns = [0, 1].map((j) =>
      Float64Array.from({ length: 80 }, (_, i) => w[second.weights + i * 60 + j] ?? NaN),
    ) as [Float64Array, Float64Array];
    for (const [a, b] of [rows, columns]) {
      expect(dot(a, b)).toBeCloseTo(0, 13);
      expect(dot(a, a)).toBeCloseTo(9, 13);
    }
  });

  it("starts students at biases 0 and layernorm at scale 1, shift 0; teachers at random biases", () => {
    const [layer] = networkLayers(network);
    const student = initialWeights(network, draw);
    expect(partOf(student, layer?.biases ?? 0, 80).every((value) => value === 0)).toBe(true);
    expect(partOf(student, layer?.scales ?? 0, 80).every((value) => value === 1)).toBe(true);
    expect(partOf(student, layer?.shifts ?? 0, 80).every((value) => value === 0)).toBe(true);
    const teacher = initialWeights(network, { ...draw, biases: "normal" });
    const biases = partOf(teacher, layer?.biases ?? 0, 80);
    expect(
      zScore(
        biases.map((value) => value * value),
        1 / 40,
      ),
    ).toBeLessThan(5);
  });

  it("repeats for a seed and differs between seeds, purposes and scales", () => {
    const w = initialWeights(network, draw);
    expect(initialWeights(network, draw)).toEqual(w);
    expect(initialWeights(network, { ...draw, seed: 12 })[0]).not.toBe(w[0]);
    expect(initialWeights(network, { ...draw, purpose: purpose.teacherWeights })[0]).not.toBe(w[0]);
    expect(initialWeights(network, { ...draw, scale: 2 })[0]).toBe(2 * (w[0] ?? NaN));
  });
});
