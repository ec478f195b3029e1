/** A run is converged only if every check that applies was made and passed. */
import { describe, expect, it } from "vitest";
import { judgeRun, type Measures } from "../../../src/analysis/verdict.ts";

/** Measures of a run of accept–reject draws that passes every check. */
const good: Measures = {
  numChains: 4,
  numDraws: 1000,
  numNonFinite: 0,
  isIndependent: false,
  rHat: 1.002,
  essBulk: 900,
  essTail: 800,
  divergences: 0,
  fractionBelowInitial: 0,
  drift: 0.5,
  bfmi: 0.9,
  distanceRHat: 1.09,
  distanceEss: 41,
  hasWeights: false,
  paretoK: Number.NaN,
  llcMean: 2,
  importanceLlc: Number.NaN,
  importanceError: Number.NaN,
  stepCurvature: Number.NaN,
};
/** The same of a fitted density. */
const fitted: Measures = {
  ...good,
  isIndependent: true,
  drift: Number.NaN,
  bfmi: Number.NaN,
  hasWeights: true,
  paretoK: 0.3,
  importanceLlc: 2,
  importanceError: 0.01,
};

describe("judgeRun", () => {
  it.each([
    ["of chains", good],
    ["of a fit", fitted],
    ["of fits at unequal distances", { ...fitted, distanceRHat: 3, distanceEss: Number.NaN }],
    ["whose trace does not tell distances", { ...good, distanceRHat: Number.NaN, distanceEss: Number.NaN }],
    ["whose weights are all equal", { ...fitted, paretoK: Number.NEGATIVE_INFINITY }],
  ])("a run %s that passes is converged", (_, measures) => {
    expect(judgeRun(measures)).toEqual({ verdict: "converged", reasons: [] });
  });

  it.each<[string, Partial<Measures>, RegExp]>([
    ["a draw is not finite", { numNonFinite: 1, rHat: Number.NaN }, /1 of 4000 draws are not finite/],
    ["R̂ is NaN", { rHat: Number.NaN }, /All draws are equal/],
    ["bulk ESS is NaN", { essBulk: Number.NaN, essTail: Number.NaN }, /All draws are equal/],
    ["tail ESS is NaN", { essTail: Number.NaN }, /Tail ESS cannot be computed/],
    ["R̂ is infinite", { rHat: Number.POSITIVE_INFINITY }, /R̂ = Infinity/],
    ["one chain was run", { numChains: 1 }, /needs at least 2 chains/],
    ["chains went unequally far", { distanceRHat: 1.11 }, /distances from w\* have not settled \(R̂ = 1\.11/],
    ["they went far but rarely", { distanceEss: 39 }, /have not settled .*ESS = 39, at least 40/],
  ])("a run is not converged where %s", (_, change, reason) => {
    const { verdict, reasons } = judgeRun({ ...good, ...change });
    expect(verdict).toBe("not_converged");
    expect(reasons.join(" ")).toMatch(reason);
  });

  it("a fit whose weights give no k̂ is not converged, whatever else passes", () => {
    const { verdict, reasons } = judgeRun({ ...fitted, paretoK: Number.NaN, importanceLlc: Number.NaN });
    expect(verdict).toBe("not_converged");
    expect(reasons).toEqual([expect.stringMatching(/^Pareto k̂ cannot be computed/)]);
  });
});
