/** Learning coefficients of deep linear networks against the published table and the reduced-rank regression formula. */
import { expect, test } from "vitest";
import { aoyagiLlc, type LearningCoefficient } from "../../../src/analysis/aoyagi.ts";

const table: [string, number, number, number][] = [
  ["1,1,1", 0, 1 / 2, 2],
  ["1,1,1", 1, 1 / 2, 1],
  ["2,2,2", 0, 3 / 2, 1],
  ["2,2,2", 1, 2, 2],
  ["2,2,2", 2, 2, 1],
  ["5,3,5", 0, 13 / 2, 2],
  ["5,3,5", 2, 19 / 2, 2],
  ["5,3,5", 3, 21 / 2, 1],
  ["10,10,10", 0, 75 / 2, 1],
  ["1,1,1,1", 0, 1 / 2, 3],
  ["1,1,1,1,1", 0, 1 / 2, 4],
  ["3,3,3,3", 0, 3, 1],
  ["3,3,3,3", 1, 4, 3],
  ["10,20,20,10", 4, 50, 1],
  ["2,3,4,5,6", 1, 9 / 2, 1],
  ["5,5,5,5,5", 0, 8, 4],
];

test.each(table)("widths %s with rank %d have λ = %d, m = %d", (widths, rank, lambda, multiplicity) => {
  const actual = aoyagiLlc(widths.split(",").map(Number), rank);
  expect(actual).toEqual({ lambda, multiplicity });
});

/** Aoyagi & Watanabe (2005), theorem 1: inputs M, hidden H, outputs N, rank r. */
const reducedRank = ([M, H, N]: readonly [number, number, number], r: number): LearningCoefficient => {
  if (M + H < N + r) return { lambda: (H * M - H * r + N * r) / 2, multiplicity: 1 };
  if (N + H < M + r) return { lambda: (H * N - H * r + M * r) / 2, multiplicity: 1 };
  if (M + N < H + r) return { lambda: (M * N) / 2, multiplicity: 1 };
  const eightfold = -((H + r) ** 2) - M * M - N * N + 2 * (H + r) * (M + N) + 2 * M * N;
  const isOdd = (M + H + N + r) % 2 === 1;
  return { lambda: (eightfold + (isOdd ? 1 : 0)) / 8, multiplicity: isOdd ? 2 : 1 };
};

test("two matrices give the reduced-rank regression formula for all M, H, N ≤ 7 and all ranks", () => {
  const sizes = [1, 2, 3, 4, 5, 6, 7];
  const shapes = sizes.flatMap((M) => sizes.flatMap((H) => sizes.map((N) => [M, H, N] as const)));
  let count = 0;
  for (const shape of shapes) {
    for (let r = 0; r <= Math.min(...shape); r++, count++) {
      const expected = reducedRank(shape, r);
      const actual = aoyagiLlc(shape, r);
      expect(actual.multiplicity).toBe(expected.multiplicity);
      expect(actual.lambda).toBeCloseTo(expected.lambda, 12);
    }
  }
  expect(count).toBe(1127);
});

test("one matrix is linear regression: λ is half the number of parameters", () => {
  expect(aoyagiLlc([4, 3], 2)).toEqual({ lambda: 6, multiplicity: 1 });
});

test("λ and m do not depend on the order of the hidden widths, nor on the direction", () => {
  expect(aoyagiLlc([2, 6, 4, 3, 5], 1)).toEqual(aoyagiLlc([5, 3, 6, 4, 2], 1));
});

test.each([
  [[5], 0],
  [[5, 0, 5], 0],
  [[5, 2.5], 0],
  [[5, 3, 5], 4],
  [[5, 3, 5], -1],
  [[5, 3, 5], 0.5],
])("widths %j with rank %d are refused", (widths, rank) => {
  expect(() => aoyagiLlc(widths, rank)).toThrow(RangeError);
});
