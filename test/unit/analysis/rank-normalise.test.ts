/** Ranks and normal scores against documented values. */
import { expect, test } from "vitest";
import { averageRanks, rankNormalise, splitChains } from "../../../src/analysis/rank-normalise.ts";
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
