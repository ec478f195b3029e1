/** Pareto k̂ against known tails and ArviZ. */
import { describe, expect, test } from "vitest";
import { paretoK } from "../../../src/analysis/pareto-k.ts";
import { goldenChains } from "../../support/golden-chains.ts";
import { askPython, whyNoOracle } from "../../support/python-oracle.ts";

const relative = (actual: number, expected: number): number => Math.abs(actual / expected - 1);

describe("Pareto k̂", () => {
  /** Weights at the quantiles (i + ½)/S of the Pareto distribution with tail index k. */
  const paretoWeights = (k: number): Float64Array =>
    Float64Array.from({ length: 2000 }, (_, i) => -k * Math.log(1 - (i + 0.5) / 2000));

  test.each([0.2, 0.5, 1])("finds the tail index %d of Pareto weights to 0.06", (k) => {
    expect(Math.abs(paretoK(paretoWeights(k)) - k)).toBeLessThan(0.06);
  });

  test.each([
    // arviz 0.23.4: az.psislw(log_weights)[1]
    [0.3, 0.3171292423101271],
    [0.9, 0.8594210161304804],
  ])("of Pareto weights with tail index %d is ArviZ's %d", (k, expected) => {
    expect(relative(paretoK(paretoWeights(k)), expected)).toBeLessThan(1e-10);
  });

  test("is −∞ for equal weights, ∞ where few weights outweigh all, NaN for bad or too few draws", () => {
    expect(paretoK(new Float64Array(100).fill(-7))).toBe(Number.NEGATIVE_INFINITY);
    expect(paretoK(Float64Array.from({ length: 100 }, (_, i) => 1000 * i))).toBe(Number.POSITIVE_INFINITY);
    expect(paretoK(new Float64Array(20))).toBeNaN();
    expect(paretoK(Float64Array.from({ length: 100 }, (_, i) => (i === 3 ? Number.NaN : i)))).toBeNaN();
  });

  test("does not depend on an added constant", () => {
    const weights = paretoWeights(0.6);
    expect(paretoK(weights.map((w) => w + 4000))).toBeCloseTo(paretoK(weights), 9);
  });

  const noOracle = whyNoOracle(["arviz"]);
  test.skipIf(noOracle !== null)(
    `is ArviZ's to 1e-10${noOracle === null ? "" : ` (skipped: ${noOracle})`}`,
    () => {
      const cases = [paretoWeights(0.3), paretoWeights(0.9), goldenChains.T7[0]!.map((x) => 20 * x)];
      const expected = askPython(
        `
import numpy as np, arviz as az
print(json.dumps([float(az.psislw(np.array(x))[1]) for x in q]))`,
        cases.map((weights) => [...weights]),
      ) as number[];
      cases.forEach((weights, i) => expect(relative(paretoK(weights), expected[i]!)).toBeLessThan(1e-10));
    },
  );
});
