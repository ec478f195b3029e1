/** Distances from w*: what is said of them, and when they have settled. */
import { describe, expect, it } from "vitest";
import { distanceFactsOf, whyUnsettled } from "../../../src/analysis/distance.ts";
import { essBulk } from "../../../src/analysis/ess.ts";
import { mean, pool } from "../../../src/analysis/moments.ts";
import { rhat } from "../../../src/analysis/rhat.ts";
import { summarizeRun } from "../../../src/analysis/summary.ts";
import { autoregressive, goldenChains } from "../../support/golden-chains.ts";

const chains = goldenChains.T8.map((chain) => chain.map((value) => value + 5));

describe("distanceFactsOf", () => {
  it("is mean, R̂ and bulk ESS of the distances", () => {
    expect(distanceFactsOf(chains, { isIndependent: false })).toEqual({
      distanceMean: mean(pool(chains)),
      distanceRHat: rhat(chains),
      distanceEss: essBulk(chains),
    });
  });

  it("has no ESS of independent draws, and nothing of a trace that does not tell distances", () => {
    expect(distanceFactsOf(chains, { isIndependent: true }).distanceEss).toBeNaN();
    expect(distanceFactsOf(undefined, { isIndependent: false })).toEqual({
      distanceMean: Number.NaN,
      distanceRHat: Number.NaN,
      distanceEss: Number.NaN,
    });
  });
});

describe("whyUnsettled", () => {
  const settled = { distanceRHat: 1.1, distanceEss: 40 };
  const run = { isIndependent: false, numChains: 4 };

  it("is silent at R̂ 1.1 and 10 effective draws a chain, and where neither can be told", () => {
    expect(whyUnsettled(settled, run)).toBeNull();
    expect(whyUnsettled({ distanceRHat: Number.NaN, distanceEss: Number.NaN }, run)).toBeNull();
  });

  it("says what is missing beyond", () => {
    expect(whyUnsettled({ ...settled, distanceRHat: 1.38 }, run)).toMatch(
      /R̂ = 1\.38, at most 1\.1; ESS = 40, /,
    );
    expect(whyUnsettled({ ...settled, distanceEss: 39.96 }, run)).toMatch(/ESS = 40, at least 40/);
  });
});

describe("a run whose losses mix while its weights drift away", () => {
  const loss = autoregressive(0, [4, 1000]).map((chain) => chain.map((u) => 1 + u));
  const facts = {
    nBeta: 10,
    numData: 100,
    initialLoss: 0,
    isIndependent: false,
    work: { gradients: 1, warmupGradients: 0, losses: 0 },
    wallTimeSec: 1,
    llcTrue: null,
    warnings: [],
    tuned: {},
  };

  it("is not converged, for that reason alone", () => {
    const drifting = loss.map((chain, c) => chain.map((_, i) => Math.sqrt(i + 1) * (1 + c / 10)));
    const { verdict, verdictReasons } = summarizeRun({ loss, statistics: { distance: drifting } }, facts);
    expect(verdict).toBe("not_converged");
    expect(verdictReasons).toEqual([
      expect.stringMatching(/^The chains' distances from w\* have not settled/),
    ]);
  });

  it("is converged where distances mix as well", () => {
    expect(summarizeRun({ loss, statistics: { distance: loss } }, facts).verdict).toBe("converged");
  });
});
