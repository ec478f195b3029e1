/** The table of `lambda-hat summarize` against ArviZ. */
import { expect, test } from "vitest";
import { summarizeDraws } from "../../../src/analysis/summarize-draws.ts";
import { goldenChains } from "../../support/golden-chains.ts";
import { askPython, whyNoOracle } from "../../support/python-oracle.ts";

test("a variable of one chain has a mean and no R̂", () => {
  const [line] = summarizeDraws([{ name: "theta", draws: goldenChains.T7 }]);
  expect(line).toMatchObject({ name: "theta", rHat: Number.NaN });
  expect(line!.mean).toBeCloseTo(0.023093534752761307, 14);
  expect(line!.essTail).toBeCloseTo(160.99213272180336, 8);
});

const noOracle = whyNoOracle(["arviz"]);
test.skipIf(noOracle !== null)(
  `equals az.summary to 1e-10${noOracle === null ? "" : ` (skipped: ${noOracle})`}`,
  () => {
    const names = ["T3", "T5", "T8"] as const;
    const expected = askPython(
      `
import arviz as az, numpy as np
out = {}
for name, rows in q.items():
    a = np.array(rows)
    t = az.summary(az.from_dict(posterior={"x": a[None] if a.ndim == 1 else a}), round_to="none").iloc[0]
    out[name] = [t["mean"], t["sd"], t["mcse_mean"], t["mcse_sd"], t["ess_bulk"], t["ess_tail"], t["r_hat"],
                 *np.quantile(a, [0.05, 0.5, 0.95])]
print(json.dumps(out))`,
      Object.fromEntries(names.map((name) => [name, goldenChains[name].map((chain) => [...chain])])),
    ) as Record<string, number[]>;
    for (const name of names) {
      const s = summarizeDraws([{ name, draws: goldenChains[name] }])[0]!;
      const ours = [s.mean, s.sd, s.mcseMean, s.mcseSd, s.essBulk, s.essTail, s.rHat, s.q05, s.median, s.q95];
      ours.forEach((value, i) => {
        expect(Math.abs(value - expected[name]![i]!)).toBeLessThanOrEqual(
          1e-10 * Math.abs(expected[name]![i]!),
        );
      });
    }
  },
);
