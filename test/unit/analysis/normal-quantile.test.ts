/** The normal quantile function against SciPy. */
import { expect, test } from "vitest";
import { normalQuantile } from "../../../src/analysis/normal-quantile.ts";

const relative = (actual: number, expected: number): number => Math.abs(actual / expected - 1);

test.each([
  // scipy.stats.norm.ppf
  [1e-300, -37.0470962993612],
  [1e-10, -6.361340902404056],
  [0.025, -1.9599639845400545],
  [0.3, -0.5244005127080409],
  [0.975, 1.959963984540054],
  [0.999999, 4.753424308817087],
])("normalQuantile(%d) is SciPy's", (probability, expected) => {
  expect(relative(normalQuantile(probability), expected)).toBeLessThan(2e-15);
});

test("normalQuantile is 0 at ½, infinite at the ends and NaN outside", () => {
  expect(normalQuantile(0.5)).toBe(0);
  expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY);
  expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY);
  expect(normalQuantile(-0.1)).toBeNaN();
  expect(normalQuantile(Number.NaN)).toBeNaN();
});
