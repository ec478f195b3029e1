/** Ranks and normal scores against documented values. */
import { expect, test } from "vitest";
import { median } from "../../../src/analysis/moments.ts";
import { averageRanks, rankNormalise, splitChains } from "../../../src/analysis/rank-normalise.ts";
import { rhatOf } from "../../../src/analysis/rhat.ts";
import { goldenChains } from "../../support/golden-chains.ts";

test("average ranks share the mean rank among ties", () => {
  expect([...averageRanks(Float64Array.of(3, 1, 3, 2, 3))]).toEqual([4, 1, 4, 2, 4]);
});

test("normal scores of T1 are the documented ones", () => {
  const scores = rankNormalise(splitChains(goldenChains.T1));
  const expected = [-1.4815444904261041, -0.48064443211649593, -0.8694237732888861, 0.15487092324939225];
  expected.forEach((value, i) => expect(scores[0]![i]).toBeCloseTo(value, 14));
  expect(Math.max(...scores.flatMap((chain) => [...chain]))).toBeCloseTo(1.7688250385187065, 14);
});

test("the median of an even number of values is (low + high)/2, bit for bit NumPy's", () => {
  expect(median(Float64Array.of(3, 1, 2))).toBe(2);
  expect(median(Float64Array.of(0.48, 0.54, -0.2, -0.18))).toBe((-0.18 + 0.48) / 2);
  expect(median(Float64Array.of())).toBeNaN();
  expect(median(Float64Array.of(1, Number.NaN))).toBeNaN();
});

test("draws at equal distances from the median are tied after folding", () => {
  const chains = [
    Float64Array.of(0.48, -0.24, 0.96, -0.2, 0.02, 1.55, 0.55, -0.51),
    Float64Array.of(-0.18, 0.54, 1.94, -0.27, -0.24, 1.0, -0.89, -0.29),
  ];
  // arviz 0.23.4: az.rhat(chains, method="folded"); ties broken by rounding give 0.8791728671.
  expect(rhatOf(chains, "folded")).toBeCloseTo(0.8791040129, 10);
});
