/**
 * Deviations as standard scores, from statistics whose law under the hypothesis is known for every sample size.
 *
 * One bound serves all checks: |z| < `zBound` is missed once in 1.7 million checks that hold; a run of the suites makes
 * fewer than 1,000, so that it raises a false alarm with a probability below 6e-4, whatever the seed.
 */
import { normalQuantile } from "../../../src/analysis/normal-quantile.ts";

/** 5: two-sided 5.7e-7. */
export const zBound = 5;

/** Wilson & Hilferty's normal score of a χ² variable: |error| < 0.1 for the degrees of freedom used here. */
export const chiSquareScore = (value: number, degrees: number): number => {
  const shrink = 2 / (9 * degrees);
  return (Math.cbrt(value / degrees) - (1 - shrink)) / Math.sqrt(shrink);
};

/** Scores of counts against equal expectations (≥ 5 each). */
export const uniformityScore = (counts: readonly number[]): number => {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return chiSquareScore(chiSquare, counts.length - 1);
};

const numBins = 16;
const edges = Array.from({ length: numBins - 1 }, (_, i) => normalQuantile((i + 1) / numBins));

/** Worst |z| of how far rows of independent standard normals (count, dim) are from being that; NaN rows give ∞. */
export const normalityScore = (rows: readonly Float64Array[]): number => {
  const dim = rows[0]?.length ?? 0;
  if (!rows.every((row) => row.every(Number.isFinite))) return Number.POSITIVE_INFINITY;
  const scores = Array.from({ length: dim }, (_, i) => columnScores(rows, i, dim)).flat();
  return Math.max(...scores.map(Math.abs));
};

/** Mean, mean square, product with the next coordinate, and shape of coordinate i. */
const columnScores = (rows: readonly Float64Array[], i: number, dim: number): number[] => {
  const count = rows.length;
  const counts = Array.from({ length: numBins }, () => 0);
  let [first, second, square, cross] = [0, 0, 0, 0];
  for (const row of rows) {
    const [u = Number.NaN, v = Number.NaN] = [row[i], row[(i + 1) % dim]];
    first += u;
    second += u * u;
    square += v * v;
    cross += u * v;
    const bin = edges.filter((edge) => u > edge).length;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const correlation = cross / Math.sqrt(second * square);
  return [
    first / Math.sqrt(count),
    chiSquareScore(second, count),
    dim > 1 ? Math.atanh(correlation) * Math.sqrt(count - 1) : 0,
    uniformityScore(counts),
  ];
};
