/**
 * Laws of inputs. Statistical checks: fixed seed, z < 5, ≈ 6e-7 false alarms each.
 * Seen to fail: covDecay used as a standard deviation, centres without normalisation, one gamma an entry, tanh left
 * out, uniform on (−1, 1), centres drawn from the split's own stream.
 */
import { describe, expect, it } from "vitest";
import { drawInputs, mixtureCentres } from "../../../../src/targets/data/input-law.ts";
import type { Split } from "../../../../src/targets/data/split.ts";
import type { InputLaw } from "../../../../src/targets/target-config.ts";
import { aData } from "../../../support/target-configs.ts";
import { zScore } from "../../../support/z-score.ts";

const numData = 20_000;
const training: Split = { name: "training", numData, seed: 7 };
const laws: readonly InputLaw[] = [
  "gauss_iso",
  "gauss_aniso",
  "mixture",
  "lowdim_manifold",
  "heavy_tail",
  "uniform",
];

const column = (x: Float64Array, j: number, inDim = 3): Float64Array =>
  Float64Array.from({ length: x.length / inDim }, (_, row) => x[row * inDim + j] ?? NaN);
const productOf = (a: Float64Array, b: Float64Array): Float64Array =>
  a.map((value, i) => value * (b[i] ?? NaN));
const squareOf = (a: Float64Array): Float64Array => productOf(a, a);

describe("drawInputs", () => {
  it("draws gauss_iso with mean 0, variance 1 and no correlation", () => {
    const x = drawInputs(aData(), 3, training);
    for (const j of [0, 1, 2]) {
      expect(zScore(column(x, j), 0)).toBeLessThan(5);
      expect(zScore(squareOf(column(x, j)), 1)).toBeLessThan(5);
    }
    expect(zScore(productOf(column(x, 0), column(x, 1)), 0)).toBeLessThan(5);
  });

  it("gives coordinate j of gauss_aniso variance covDecay^j", () => {
    const x = drawInputs(aData({ xDist: "gauss_aniso", covDecay: 0.5 }), 3, training);
    for (const j of [0, 1, 2]) expect(zScore(squareOf(column(x, j)), 0.5 ** j)).toBeLessThan(5);
  });

  it("centres the mixture at its centres, with unit covariance around them", () => {
    const data = aData({ xDist: "mixture", mixtureK: 2, mixtureSpread: 6 });
    const x = drawInputs(data, 3, training);
    const centres = mixtureCentres(data, 3, training.seed);
    const distance = (row: number, k: number): number =>
      Math.hypot(...[0, 1, 2].map((j) => (x[row * 3 + j] ?? NaN) - (centres[k * 3 + j] ?? NaN)));
    const nearest = Float64Array.from({ length: numData }, (_, row) =>
      distance(row, 0) < distance(row, 1) ? 0 : 1,
    );
    expect(zScore(nearest, 0.5)).toBeLessThan(5);
    const squares = Float64Array.from(
      { length: numData },
      (_, row) => distance(row, nearest[row] ?? NaN) ** 2,
    );
    expect(zScore(squares, 3)).toBeLessThan(5);
  });

  it("puts every mixture centre at distance mixtureSpread from 0", () => {
    const centres = mixtureCentres(aData({ mixtureK: 5, mixtureSpread: 3 }), 2, 1);
    for (let k = 0; k < 5; k++) {
      expect(Math.hypot(centres[2 * k] ?? NaN, centres[2 * k + 1] ?? NaN)).toBeCloseTo(3, 4);
    }
  });

  it("puts lowdim_manifold on the tanh of a plane of xDimLatent dimensions", () => {
    const x = drawInputs(aData({ xDist: "lowdim_manifold", xDimLatent: 2 }), 3, {
      ...training,
      numData: 500,
    });
    expect(x.every((value) => Math.abs(value) < 1)).toBe(true);
    const [a, b, c] = [0, 1, 2].map((j) => column(x, j).map(Math.atanh)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const at = (values: Float64Array, i: number): number => values[i] ?? NaN;
    const determinant = (i: number, j: number, k: number): number =>
      at(a, i) * (at(b, j) * at(c, k) - at(b, k) * at(c, j)) -
      at(a, j) * (at(b, i) * at(c, k) - at(b, k) * at(c, i)) +
      at(a, k) * (at(b, i) * at(c, j) - at(b, j) * at(c, i));
    for (let i = 0; i + 2 < 100; i++) expect(Math.abs(determinant(i, i + 1, i + 2))).toBeLessThan(1e-8);
    expect(Math.abs(at(a, 0) * at(b, 1) - at(a, 1) * at(b, 0))).toBeGreaterThan(1e-3);
  });

  it("draws heavy_tail as a multivariate t: one scale a row", () => {
    const df = 20;
    const x = drawInputs(aData({ xDist: "heavy_tail", studentDf: df }), 3, training);
    expect(zScore(column(x, 0), 0)).toBeLessThan(5);
    expect(zScore(squareOf(column(x, 1)), df / (df - 2))).toBeLessThan(5);
    const both = productOf(squareOf(column(x, 0)), squareOf(column(x, 1)));
    expect(zScore(both, df ** 2 / ((df - 2) * (df - 4)))).toBeLessThan(5);
  });

  it("draws uniform on (−√3, √3) with variance 1", () => {
    const x = drawInputs(aData({ xDist: "uniform" }), 3, training);
    expect(x.every((value) => Math.abs(value) < Math.sqrt(3))).toBe(true);
    expect(zScore(squareOf(column(x, 2)), 1)).toBeLessThan(5);
    expect(zScore(squareOf(squareOf(column(x, 2))), 9 / 5)).toBeLessThan(5);
  });

  it.each(laws)(
    "repeats %s for a seed, row by row whatever the number of rows, and changes with the seed",
    (xDist) => {
      const data = aData({ xDist });
      const many = drawInputs(data, 3, { ...training, numData: 50 });
      expect(drawInputs(data, 3, { ...training, numData: 20 })).toEqual(many.subarray(0, 60));
      expect(drawInputs(data, 3, { ...training, numData: 50, seed: 8 })).not.toEqual(many);
    },
  );

  it.each(laws)("gives the test set of %s other rows of the same law", (xDist) => {
    const data = aData({ xDist, mixtureSpread: 6, studentDf: 20 });
    const test: Split = { ...training, name: "test" };
    const first = drawInputs(data, 3, training);
    const second = drawInputs(data, 3, test);
    expect(second.subarray(0, 30)).not.toEqual(first.subarray(0, 30));
    for (const j of [0, 1, 2]) {
      const means = [first, second].map((x) => column(x, j).reduce((sum, value) => sum + value, 0) / numData);
      const squares = squareOf(column(first, j)).reduce((sum, value) => sum + value, 0) / numData;
      const error = Math.sqrt((2 * squares) / numData);
      expect(Math.abs((means[0] ?? NaN) - (means[1] ?? NaN)) / error).toBeLessThan(5);
      const products = [0, 1].map((k) => {
        const x = k === 0 ? first : second;
        return productOf(column(x, j), column(x, (j + 1) % 3));
      });
      const expected = (products[0] as Float64Array).reduce((sum, value) => sum + value, 0) / numData;
      // The expectation is an estimate of the same precision: √2 more error.
      expect(zScore(products[1] as Float64Array, expected) / Math.SQRT2).toBeLessThan(5);
    }
  });
});
