/** `trace.nc`: both ways, the same bytes at any time, and ArviZ's agreement. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { summarizeDraws } from "../../../src/analysis/summarize-draws.ts";
import { createDrawLog, openDrawLog } from "../../../src/runs/draw-log.ts";
import { drawFieldsOf, traceSourceOf } from "../../../src/runs/run-draws.ts";
import { readTrace, type TraceSource, writeTrace } from "../../../src/runs/trace-format.ts";
import { goldenChains } from "../../support/golden-chains.ts";
import { askPython, whyNoOracle } from "../../support/python-oracle.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const { T3 } = goldenChains;
const attributes = { sampler: "hmc", n_beta: 144.76, n_data: 1000, adapted: true, gap: Number.NaN };
const source: TraceSource = {
  numChains: 4,
  numDraws: 100,
  variables: [
    { group: "posterior", name: "llc", read: () => T3 },
    { group: "posterior", name: "L", read: () => T3.map((chain) => chain.map((x) => 0.25 + x)) },
    {
      group: "sample_stats",
      name: "energy",
      read: () => T3.map((chain) => chain.map((x, t) => (t === 3 ? Number.NaN : x))),
    },
    {
      group: "sample_stats",
      name: "diverging",
      read: () => T3.map((chain) => chain.map((_, t) => (t === 7 ? 1 : 0))),
    },
  ],
  attributes,
};

test("a trace comes back", async () => {
  const path = join(temporaryFolder(), "trace.nc");
  await writeTrace(path, source);
  const trace = await readTrace(path);
  expect(trace).toMatchObject({ numChains: 4, numDraws: 100 });
  expect(Object.keys(trace.posterior)).toEqual(["L", "llc"]);
  expect(trace.posterior["llc"]).toEqual(T3);
  expect(trace.sampleStats["energy"]).toEqual(source.variables[2]!.read());
  expect(trace.sampleStats["diverging"]).toEqual(source.variables[3]!.read());
  expect(trace.attributes).toEqual({ ...attributes, adapted: 1 });
});

test("two writes a second apart give equal bytes", async () => {
  const dir = temporaryFolder();
  await writeTrace(join(dir, "a.nc"), source);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await writeTrace(join(dir, "b.nc"), source);
  expect(readFileSync(join(dir, "a.nc")).equals(readFileSync(join(dir, "b.nc")))).toBe(true);
  expect(Date.now()).toBeGreaterThan(1e12); // the clock runs again
});

test("a trace without draws is written and read", async () => {
  const path = join(temporaryFolder(), "trace.nc");
  const none = (): Float64Array[] => [new Float64Array(0), new Float64Array(0)];
  const variables = [{ group: "posterior", name: "llc", read: none }] as const;
  await writeTrace(path, { numChains: 2, numDraws: 0, variables, attributes: {} });
  expect(await readTrace(path)).toMatchObject({ numChains: 2, numDraws: 0, posterior: { llc: none() } });
});

test("the trace of a draw log has llc, L, the distance and the statistics", async () => {
  const dir = temporaryFolder();
  const log = createDrawLog(join(dir, "draws.log"), {
    id: "x",
    fields: drawFieldsOf(["acceptance_rate"]),
    numChains: 2,
  });
  const pair = (first: number, second: number): Float64Array => Float64Array.of(first, second);
  log.append({ loss: pair(0.5, 0.75), distance: pair(1, 2), acceptance_rate: pair(1, 0.5) });
  log.append({ loss: pair(0.25, 1), distance: pair(3, 4), acceptance_rate: pair(0, 0.25) });
  log.close();
  const reader = openDrawLog(join(dir, "draws.log"));
  await writeTrace(
    join(dir, "trace.nc"),
    traceSourceOf(reader, { nBeta: 100, initialLoss: 0.25, attributes: {} }),
  );
  reader.close();
  expect(await readTrace(join(dir, "trace.nc"))).toMatchObject({
    posterior: {
      llc: [Float64Array.of(25, 0), Float64Array.of(50, 75)],
      L: [Float64Array.of(0.5, 0.25), Float64Array.of(0.75, 1)],
    },
    sampleStats: { distance: [pair(1, 3), pair(2, 4)], acceptance_rate: [pair(1, 0), pair(0.5, 0.25)] },
  });
});

test("files that are no traces are refused with one message and no noise", async () => {
  const dir = temporaryFolder();
  await writeTrace(join(dir, "whole.nc"), source);
  writeFileSync(join(dir, "cut.nc"), readFileSync(join(dir, "whole.nc")).subarray(0, 5000));
  writeFileSync(join(dir, "text.nc"), "not hdf5");
  await expect(readTrace(join(dir, "none.nc"))).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(readTrace(join(dir, "text.nc"))).rejects.toMatchObject({ code: "TRACE_INVALID" });
  await expect(readTrace(join(dir, "cut.nc"))).rejects.toMatchObject({ code: "TRACE_INVALID" });
});

const noOracle = whyNoOracle(["arviz", "xarray", "h5netcdf", "netCDF4"]);
test.skipIf(noOracle !== null).each(["h5netcdf", "netcdf4"])(
  `az.from_netcdf opens it with %s, and az.summary agrees to 1e-10${noOracle === null ? "" : ` (skipped: ${noOracle})`}`,
  async (engine) => {
    const path = join(temporaryFolder(), "trace.nc");
    await writeTrace(path, source);
    const seen = askPython(
      `
import arviz as az
i = az.from_netcdf(q["path"], engine=q["engine"])
s = az.summary(i, var_names=["llc"], round_to="none").iloc[0]
print(json.dumps({
  "groups": sorted(i.groups()), "dims": dict(i.posterior.sizes), "order": list(i.posterior.llc.dims),
  "chain": i.posterior.chain.values.tolist(), "draw": i.posterior.draw.values[[0, -1]].tolist(),
  "diverging": str(i.sample_stats.diverging.dtype), "diverged": int(i.sample_stats.diverging.sum()),
  "missing": int(i.sample_stats.energy.isnull().sum()),
  "attrs": {k: str(v) for k, v in i.posterior.attrs.items()}, "root": sorted(i.attrs),
  "summary": [s["mean"], s["sd"], s["mcse_mean"], s["mcse_sd"], s["ess_bulk"], s["ess_tail"], s["r_hat"]]}))`,
      { path, engine },
    ) as Record<string, unknown> & { summary: number[] };
    expect(seen).toMatchObject({
      groups: ["posterior", "sample_stats"],
      dims: { chain: 4, draw: 100 },
      order: ["chain", "draw"],
      chain: [0, 1, 2, 3],
      draw: [0, 99],
      diverging: "bool",
      diverged: 4,
      missing: 4,
      attrs: { sampler: "hmc", n_beta: "144.76", n_data: "1000.0", adapted: "1", gap: "nan" },
      root: ["adapted", "gap", "n_beta", "n_data", "sampler"],
    });
    const s = summarizeDraws([{ name: "llc", draws: T3 }])[0]!;
    [s.mean, s.sd, s.mcseMean, s.mcseSd, s.essBulk, s.essTail, s.rHat].forEach((value, k) => {
      expect(Math.abs(value / seen.summary[k]! - 1)).toBeLessThan(1e-10);
    });
  },
);
