/** Comparison of arrays up to rounding, with a message that says where and by how much they differ. */
import { expect } from "vitest";

/**
 * Fails unless |actual − expected| ≤ `tolerance`·`scale` everywhere. `scale` is the largest |expected| unless given;
 * NaN and ±∞ must agree exactly.
 */
export const expectClose = (
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  scale: number = largest(expected),
): void => {
  expect(actual.length).toBe(expected.length);
  let [worst, at] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i] as number, expected[i] as number];
    const error = Object.is(a, b) || a === b ? 0 : Math.abs(a - b) / (scale || 1);
    if (Number.isNaN(error) || error > worst) [worst, at] = [error, i];
    if (Number.isNaN(worst)) break;
  }
  if (worst <= tolerance) return;
  const off = `off by ${worst.toExponential(2)} of scale ${scale.toExponential(2)}; allowed ${tolerance.toExponential(2)}`;
  expect.fail(`entry ${at} of ${expected.length}: got ${actual[at]}; expected ${expected[at]} (${off})`);
};

const largest = (values: ArrayLike<number>): number => {
  let max = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i] as number);
    if (Number.isFinite(magnitude)) max = Math.max(max, magnitude);
  }
  return max;
};
