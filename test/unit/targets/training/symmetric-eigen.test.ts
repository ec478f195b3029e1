/** Jacobi eigenvalues. */
import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../../src/random/normal.ts";
import { symmetricEigen } from "../../../../src/targets/training/symmetric-eigen.ts";

describe("symmetricEigen", () => {
  it("sorts the eigenvalues of a diagonal matrix", () => {
    const { values, vectors } = symmetricEigen(Float64Array.of(3, 0, 0, -1), 2);
    expect([...values]).toEqual([-1, 3]);
    expect([...vectors]).toEqual([0, 1, 1, 0]);
  });

  it("finds A·v = λ·v to 1e-13 of the largest for a random matrix, and keeps the trace", () => {
    const size = 30;
    const half = new Float64Array(size * size);
    fillNormal({ seed: 1, purpose: 1 }, half);
    const at = (i: number, j: number): number => half[i * size + j] ?? NaN;
    const matrix = Float64Array.from({ length: size * size }, (_, k) => {
      const [i, j] = [Math.floor(k / size), k % size];
      return at(i, j) + at(j, i);
    });
    const { values, vectors } = symmetricEigen(matrix, size);
    for (let k = 0; k < size; k++) {
      for (let i = 0; i < size; i++) {
        let product = 0;
        for (let j = 0; j < size; j++)
          product += (matrix[i * size + j] ?? NaN) * (vectors[k * size + j] ?? NaN);
        expect(Math.abs(product - (values[k] ?? NaN) * (vectors[k * size + i] ?? NaN))).toBeLessThan(
          1e-13 * 20,
        );
      }
    }
    const trace = Array.from({ length: size }, (_, i) => matrix[i * size + i] ?? NaN).reduce(
      (a, b) => a + b,
      0,
    );
    expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(trace, 11);
  });

  it("takes a matrix of one entry and one of zeros", () => {
    expect([...symmetricEigen(Float64Array.of(7), 1).values]).toEqual([7]);
    expect([...symmetricEigen(new Float64Array(9), 3).values]).toEqual([0, 0, 0]);
  });
});
