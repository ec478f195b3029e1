/** The incomplete beta function against closed forms and its inverse. */
import { expect, test } from "vitest";
import { incompleteBeta, inverseIncompleteBeta, logGamma } from "../../../src/analysis/incomplete-beta.ts";

const relative = (actual: number, expected: number): number => Math.abs(actual / expected - 1);

test("logGamma is log (n − 1)! at integers and ½·log π at ½", () => {
  let factorial = 1;
  for (let n = 2; n < 20; n++) {
    factorial *= n - 1;
    expect(Math.abs(logGamma(n) - Math.log(factorial))).toBeLessThan(2e-14);
  }
  expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 14);
});

test("incompleteBeta is x^a for b = 1 and symmetric", () => {
  expect(incompleteBeta(0.3, { a: 2.5, b: 1 })).toBeCloseTo(0.3 ** 2.5, 14);
  expect(incompleteBeta(0.2, { a: 7, b: 3 }) + incompleteBeta(0.8, { a: 3, b: 7 })).toBeCloseTo(1, 14);
});

test.each([
  [1, 1],
  [3.5, 40],
  [500, 2],
  [12_345.6, 98_765.4],
])("inverseIncompleteBeta inverts incompleteBeta at a = %d, b = %d", (a, b) => {
  for (const probability of [1e-6, 0.1586553, 0.5, 0.8413447, 0.999]) {
    const x = inverseIncompleteBeta(probability, { a, b });
    expect(relative(incompleteBeta(x, { a, b }), probability)).toBeLessThan(1e-10);
  }
});
