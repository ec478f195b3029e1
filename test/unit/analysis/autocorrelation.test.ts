/** Autocovariance and autocorrelation against a direct sum and documented values. */
import { expect, test } from "vitest";
import { autocorrelation, autocovariance } from "../../../src/analysis/autocorrelation.ts";
import { goldenChains } from "../../support/golden-chains.ts";

test("autocovariance of T1 is the documented one", () => {
  const expected = [
    [5.25, 2.59375, 1.5, -0.53125, -1, -2.09375, -2, -1.09375],
    [6.234375, 2.794921875, 1.37109375, 0.150390625, -1.6953125, -1.541015625, -2.76171875, -1.435546875],
  ];
  goldenChains.T1.forEach((chain, c) => {
    autocovariance(chain).forEach((value, t) => expect(value).toBeCloseTo(expected[c]![t]!, 13));
  });
});

test("autocorrelation of T1 is the documented one", () => {
  const expected = [1, 0.49404761904761907, 0.2857142857142857, -0.10119047619047623];
  expected.forEach((value, t) => expect(autocorrelation(goldenChains.T1[0]!)[t]).toBeCloseTo(value, 13));
});

test.each([1, 2, 3, 5, 64, 100, 257])("autocovariance of %d draws equals the direct sum", (length) => {
  const chain = goldenChains.T7[0]!.slice(0, length);
  const center = chain.reduce((sum, x) => sum + x, 0) / length;
  autocovariance(chain).forEach((value, t) => {
    let sum = 0;
    for (let i = 0; i + t < length; i++) sum += (chain[i]! - center) * (chain[i + t]! - center);
    expect(Math.abs(value - sum / length)).toBeLessThan(1e-14);
  });
});

test("a constant chain has no autocorrelation", () => {
  for (const value of autocorrelation(new Float64Array(8).fill(2))) expect(value).toBeNaN();
});
