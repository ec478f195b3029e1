/** R̂, ESS, MCSE and BFMI against ArviZ's numbers (`test/fixtures/diagnostics/README.md`), to 1e-10. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bfmi } from "../../src/analysis/bfmi.ts";
import * as ess from "../../src/analysis/ess.ts";
import * as mcse from "../../src/analysis/mcse.ts";
import { type Chains, mean, pool, variance } from "../../src/analysis/moments.ts";
import { rhat, rhatOf } from "../../src/analysis/rhat.ts";
import { type GoldenName, goldenChains } from "../support/golden-chains.ts";
import { askPython, whyNoOracle } from "../support/python-oracle.ts";

type Golden = Record<string, number | null> & { bfmi: number[] };
const golden = JSON.parse(
  readFileSync(new URL("../fixtures/diagnostics/golden.json", import.meta.url), "utf8"),
) as Record<GoldenName, Golden>;

const measures: Record<string, (chains: Chains) => number> = {
  mean: (chains) => mean(pool(chains)),
  sd: (chains) => Math.sqrt(variance(pool(chains))),
  rhat_rank: rhat,
  rhat_folded: (chains) => rhatOf(chains, "folded"),
  rhat_split: (chains) => rhatOf(chains, "split"),
  rhat_identity: (chains) => rhatOf(chains, "identity"),
  ess_bulk: ess.essBulk,
  "ess_tail(0.05,0.95)": (chains) => ess.essTail(chains),
  "ess_tail(0.1,0.9)": (chains) => ess.essTail(chains, [0.1, 0.9]),
  ess_mean: ess.essMean,
  ess_sd: ess.essSd,
  ess_median: ess.essMedian,
  ess_mad: ess.essMad,
  ess_identity: ess.essIdentity,
  "ess_quantile(0.25)": (chains) => ess.essQuantile(chains, 0.25),
  "ess_local(.25,.75)": (chains) => ess.essLocal(chains, [0.25, 0.75]),
  mcse_mean: mcse.mcseMean,
  "mcse_sd (posterior definition)": mcse.mcseSd,
  mcse_median: mcse.mcseMedian,
  "mcse_quantile(0.1)": (chains) => mcse.mcseQuantile(chains, 0.1),
};

/** |actual − expected| ≤ 1e-10·|expected|, NaN equal to NaN. */
const isClose = (actual: number, expected: number): boolean =>
  Object.is(actual, expected) || Math.abs(actual - expected) <= 1e-10 * Math.abs(expected);

const expectClose = (actual: number, expected: number): void => {
  if (!isClose(actual, expected)) expect(actual).toBe(expected);
};

describe.each(Object.keys(goldenChains) as GoldenName[])("on the golden array %s", (name) => {
  test.each(Object.keys(measures))("%s is ArviZ's to 1e-10", (measure) => {
    expectClose(measures[measure]!(goldenChains[name]), golden[name][measure] ?? Number.NaN);
  });

  test("bfmi is ArviZ's to 1e-10", () => {
    const actual = bfmi(goldenChains[name]);
    expect(actual).toHaveLength(golden[name].bfmi.length);
    golden[name].bfmi.forEach((expected, chain) => expectClose(actual[chain]!, expected));
  });

  test("no diagnostic changes its input", () => {
    const before = goldenChains[name].map((chain) => [...chain]);
    for (const measure of Object.values(measures)) measure(goldenChains[name]);
    expect(goldenChains[name].map((chain) => [...chain])).toEqual(before);
  });
});

test("the golden generator gives the documented first and last values", () => {
  const { T3 } = goldenChains;
  expect([...T3[0]!.subarray(0, 2)]).toEqual([-0.4795973141444847, -0.9150897343759425]);
  expect(T3[3]!.at(-1)).toBe(0.7594724896882191);
});

describe("bad numbers", () => {
  const { T8 } = goldenChains;
  test.each([Number.NaN, Number.POSITIVE_INFINITY])("every diagnostic is NaN when one draw is %d", (bad) => {
    const chains = T8.map((chain) => chain.slice());
    chains[2]![17] = bad;
    const { mean: _mean, sd: _sd, ...diagnostics } = measures;
    for (const measure of Object.values(diagnostics)) expect(measure(chains)).toBeNaN();
  });

  test("draws that are all equal give ESS = S, R̂ NaN", () => {
    const chains = [new Float64Array(50).fill(3), new Float64Array(50).fill(3)];
    expect(ess.essBulk(chains)).toBe(100);
    expect(ess.essMean(chains)).toBe(100);
    expect(rhat(chains)).toBeNaN();
    expect(mcse.mcseMean(chains)).toBe(0);
  });

  test("chains that are constant but differ give R̂ = ∞", () => {
    expect(rhat([new Float64Array(50).fill(1), new Float64Array(50).fill(2)])).toBe(Number.POSITIVE_INFINITY);
  });

  test("fewer than four draws, or no chain, give NaN", () => {
    expect(ess.essBulk([Float64Array.of(1, 2, 3)])).toBeNaN();
    expect(ess.essMean([])).toBeNaN();
    expect(rhat([Float64Array.of(1, 2, 3), Float64Array.of(1, 2, 4)])).toBeNaN();
    expect(mcse.mcseMean([])).toBeNaN();
  });

  test("Cauchy draws have a finite bulk ESS and an MCSE of the mean far above the spread of the middle half", () => {
    const cauchy = T8.map((chain) => chain.map((u) => Math.tan(Math.PI * u)));
    expect(ess.essBulk(cauchy)).toBeGreaterThan(500);
    expect(mcse.mcseMean(cauchy)).toBeGreaterThan(1);
  });
});

const noOracle = whyNoOracle(["arviz", "numpy"]);
describe.skipIf(noOracle !== null)(
  `against the installed ArviZ${noOracle === null ? "" : ` (skipped: ${noOracle})`}`,
  () => {
    test("R̂, ESS and MCSE agree to 1e-10 on odd lengths, ties, trends and short chains", () => {
      const lcg = goldenChains.T3.flatMap((chain) => [...chain]);
      const cases: number[][][] = [
        [lcg.slice(0, 7), lcg.slice(7, 14)],
        [lcg.slice(0, 101), lcg.slice(101, 202), lcg.slice(202, 303)],
        [lcg.slice(0, 4), lcg.slice(4, 8)],
        [lcg.slice(0, 5), lcg.slice(5, 10)],
        [0, 1, 2, 3].map((c) => lcg.slice(100 * c, 100 * c + 99).map((x) => Math.round(4 * x))),
        [0, 1].map((c) => Array.from({ length: 333 }, (_, t) => Math.sin(t * (1 + c)) + 0.01 * t)),
        [0, 1, 2].map((c) => Array.from({ length: 64 }, (_, t) => ((t * 37 + c * 11) % 101) * 1e8)),
      ];
      const expected = askPython(
        `
import math, numpy as np, arviz as az
out = []
for rows in q:
    a = np.array(rows)
    row = [az.rhat(a), az.rhat(a, method="folded"), az.rhat(a, method="split"),
           az.ess(a), az.ess(a, method="tail"), az.ess(a, method="mean"), az.ess(a, method="sd"),
           az.ess(a, method="median"), az.ess(a, method="mad"), az.ess(a, method="identity"),
           az.ess(a, method="quantile", prob=0.3), az.ess(a, method="local", prob=(0.21, 0.63)),
           az.mcse(a), az.mcse(a, method="median"), az.mcse(a, method="quantile", prob=0.85)]
    out.append([None if math.isnan(v) else float(v) for v in row])
print(json.dumps(out))`,
        cases,
      ) as (number | null)[][];
      const mismatches: string[] = [];
      // The probabilities hit no order statistic exactly: there ArviZ's own quantile is off by a rounding error.
      cases.forEach((rows, index) => {
        const chains = rows.map((row) => Float64Array.from(row));
        const actual = [
          rhat(chains),
          rhatOf(chains, "folded"),
          rhatOf(chains, "split"),
          ess.essBulk(chains),
          ess.essTail(chains),
          ess.essMean(chains),
          ess.essSd(chains),
          ess.essMedian(chains),
          ess.essMad(chains),
          ess.essIdentity(chains),
          ess.essQuantile(chains, 0.3),
          ess.essLocal(chains, [0.21, 0.63]),
          mcse.mcseMean(chains),
          mcse.mcseMedian(chains),
          mcse.mcseQuantile(chains, 0.85),
        ];
        actual.forEach((value, i) => {
          const theirs = expected[index]![i] ?? Number.NaN;
          if (!isClose(value, theirs))
            mismatches.push(`case ${index}, diagnostic ${i}: ${value} instead of ${theirs}`);
        });
      });
      expect(mismatches).toEqual([]);
    });
  },
);
