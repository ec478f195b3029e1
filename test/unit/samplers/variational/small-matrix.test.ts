/** Linear algebra of small matrices. */
import { describe, expect, it } from "vitest";
import {
  choleskyFactor,
  orthonormalise,
  solveCholesky,
} from "../../../../src/samplers/variational/small-matrix.ts";

describe("choleskyFactor", () => {
  it("gives the log determinant and a factor that solves", () => {
    const matrix = Float64Array.of(4, 2, 0.6, 2, 5, 1, 0.6, 1, 3);
    const original = matrix.slice();
    expect(choleskyFactor(matrix, 3)).toBeCloseTo(Math.log(4 * 14 - 2 * 5.4 + 0.6 * -1), 12);
    const x = Float64Array.of(1, -2, 3);
    const right = Float64Array.from(x, (_, i) =>
      x.reduce((sum, value, k) => sum + original[3 * i + k]! * value, 0),
    );
    solveCholesky(matrix, 3, right);
    right.forEach((value, i) => expect(value).toBeCloseTo(x[i]!, 13));
  });

  it("is 0 for an empty matrix and NaN for one that is not positive definite", () => {
    expect(choleskyFactor(new Float64Array(0), 0)).toBe(0);
    expect(choleskyFactor(Float64Array.of(1, 2, 2, 1), 2)).toBeNaN();
  });
});

describe("orthonormalise", () => {
  it("keeps the span, makes it orthonormal and drops what depends on earlier columns", () => {
    const columns = [
      Float64Array.of(3, 0, 0),
      Float64Array.of(1, 2, 0),
      Float64Array.of(5, 1, 0),
      Float64Array.of(1, 1, 1),
    ];
    orthonormalise(columns);
    expect(columns.map((column) => [...column].map((value) => value + 0))).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 0],
      [0, 0, 1],
    ]);
  });
});
