/** Distances from w*: what is said of them, and when they have settled. */
import { describe, expect, it } from "vitest";
import { distanceFactsOf, whyUnsettled } from "../../../src/analysis/distance.ts";
import { essBulk } from "../../../src/analysis/ess.ts";
import { mean, pool } from "../../../src/analysis/moments.ts";
import { rhat } from "../../../src/analysis/rhat.ts";
import { goldenChains } from "../../support/golden-chains.ts";

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
