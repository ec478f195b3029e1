import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../../src/random/normal.ts";
import { symmetricEigen } from "../../../../src/samplers/curvature/symmetric-eigen.ts";

const symmetric = (size: number, seed: number): Float64Array => {
  const draws = new Float64Array(size * size);
  fillNormal({ seed, purpose: 1 }, draws);
  return draws.map((value, at) => value + draws[(at % size) * size + Math.floor(at / size)]!);
};

/** Largest entry of |A − VΛVᵀ| and of |VᵀV − I|. */
const errorsOf = (matrix: Float64Array, size: number): { residual: number; overlap: number } => {
  const { values, vectors } = symmetricEigen(matrix, size);
  let [residual, overlap] = [0, 0];
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const sum = values.reduce((total, value, k) => total + value * vectors[k]![i]! * vectors[k]![j]!, 0);
      residual = Math.max(residual, Math.abs(sum - matrix[i * size + j]!));
      const product = vectors[i]!.reduce((total, value, k) => total + value * vectors[j]![k]!, 0);
      overlap = Math.max(overlap, Math.abs(product - (i === j ? 1 : 0)));
    }
  }
  return { residual, overlap };
};

describe("symmetricEigen", () => {
  // Backward error: a few ulp of the norm times a small power of the size.
  it.each([1, 2, 3, 4, 7, 30, 65])("takes a random matrix of %i rows apart to rounding", (size) => {
    for (const seed of [1, 2, 3]) {
      const { residual, overlap } = errorsOf(symmetric(size, seed), size);
      expect(residual).toBeLessThan(1e-13 * size);
      expect(overlap).toBeLessThan(1e-14 * size);
    }
  });

  it("knows the eigenvalues of the second difference: 2 − 2cos(kπ/(n + 1))", () => {
    const size = 12;
    const matrix = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      matrix[i * size + i] = 2;
      if (i > 0) matrix[i * size + i - 1] = matrix[(i - 1) * size + i] = -1;
    }
    const values = [...symmetricEigen(matrix, size).values].sort((a, b) => a - b);
    values.forEach((value, k) =>
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (size + 1)), 12),
    );
  });

  it("stands multiple eigenvalues, zeros and thirty decades of scale", () => {
    expect([...symmetricEigen(new Float64Array(16), 4).values]).toEqual([0, 0, 0, 0]);
    const rankOne = Float64Array.from({ length: 25 }, (_, at) => (Math.floor(at / 5) + 1) * ((at % 5) + 1));
    const values = [...symmetricEigen(rankOne, 5).values].sort((a, b) => a - b);
    expect(values.at(-1)).toBeCloseTo(55, 11);
    expect(Math.abs(values[3]!)).toBeLessThan(1e-12);
    const graded = Float64Array.of(1e15, 0, 0, 0, 1, 0, 0, 0, 1e-15);
    expect([...symmetricEigen(graded, 3).values].sort((a, b) => a - b)).toEqual([1e-15, 1, 1e15]);
  });

  it("gives NaN for a matrix with NaN or ±∞, and leaves its argument alone", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const matrix = symmetric(4, 1);
      matrix[6] = matrix[9] = bad;
      const copy = matrix.slice();
      expect(symmetricEigen(matrix, 4).values.every(Number.isNaN)).toBe(true);
      expect(matrix).toEqual(copy);
    }
  });
});
