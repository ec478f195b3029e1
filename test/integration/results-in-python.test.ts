/** What users do with results in Python: the lines of the sweep guide as printed, DuckDB, and ArviZ on a trace. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { samplerNames } from "../../src/samplers/registry.ts";
import { hasBuild, runCommand, sweepIn } from "../support/command-line.ts";
import { askPython, whyNoOracle } from "../support/python-oracle.ts";
import { contentsOf } from "../support/sweep-folder.ts";

const experiment = `
training: quick
targets:
  - { model: tiny, data: tiny, seed: 1 }
  - { model: quadratic, data: tiny, seed: 1 }
samplers:
  - { name: hmc, overrides: { draws: 200, warmup: 100 } }
  - { name: sgld, overrides: { steps: 4000, batch_size: 16, eval_every: 10 } }
  - { name: mclmc, overrides: { draws: 200, num_steps: 1000 } }
  - { name: vi, overrides: { M: 2, r: 1, steps: 500, batch_size: 16 } }
  - { name: sgld, overrides: { steps: 1000, batch_size: 16, step_size: 1e3 } }
`;
const numRows = 10;

/** The example of the sweep guide, word for word, but for showing the figure. */
const guide = `
import pandas as pd

# Load results
df = pd.read_parquet('results/llc_runs.parquet')

# Group by sampler
print(df.groupby('sampler')[['llc_mean', 'llc_std', 'ess_bulk']].mean())

# Filter by target configuration
hmc_runs = df[df['sampler'] == 'hmc']

# Plot LLC estimates
import matplotlib.pyplot as plt
df.boxplot(column='llc_mean', by='sampler')
plt.show()
`;

const reason = whyNoOracle(["pandas", "pyarrow", "matplotlib", "duckdb", "arviz", "h5netcdf", "netCDF4"]);
const why = hasBuild ? reason : "there is no build";

describe.skipIf(why !== null)(`results in Python${why === null ? "" : ` (skipped: ${why})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
  const inFolder = `import os\nos.chdir(q["folder"])\n`;
  const ask = (script: string, more: object = {}): unknown =>
    askPython(inFolder + script, { folder, ...more });

  beforeAll(async () => {
    const { code, stderr } = await runCommand(sweepIn(folder, experiment), { cwd: folder });
    expect(code, stderr).toBe(0);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("the lines of the sweep guide work as printed", () => {
    const seen = ask(`${guide}
print(json.dumps({"rows": len(df), "hmc": len(hmc_runs), "samplers": sorted(df.sampler.unique()),
  "figures": len(plt.get_fignums()), "finite": bool(df.groupby('sampler').llc_mean.mean().notna().all()),
  "guide": sorted(set(["target_id", "sampler", "run_id", "llc_mean", "llc_std", "ess_bulk", "ess_tail", "r_hat",
    "walltime_sec", "config_yaml"]) - set(df.columns)),
  "types": {name: str(df[name].dtype) for name in ["llc_mean", "r_hat", "seed", "n", "sampler"]}}))`);
    expect(seen).toMatchObject({
      rows: numRows,
      hmc: 2,
      samplers: ["hmc", "mclmc", "sgld", "vi"],
      figures: 1,
      finite: true,
      guide: [],
      types: { llc_mean: "float64", r_hat: "float64" },
    });
  });

  it("DuckDB reads the table, with its metadata", () => {
    const seen = ask(`
import duckdb
rows = duckdb.sql("select sampler, count(*), count(llc_mean), avg(llc_mean) from 'results/llc_runs.parquet' group by sampler order by sampler").fetchall()
meta = duckdb.sql("select key from parquet_kv_metadata('results/llc_runs.parquet')").fetchall()
print(json.dumps({"rows": [list(r)[:3] for r in rows], "keys": sorted(bytes(k[0]).decode() for k in meta)}))`);
    expect(seen).toMatchObject({
      rows: [
        ["hmc", 2, 2],
        ["mclmc", 2, 2],
        ["sgld", 4, 2], // those that diverged have no estimate
        ["vi", 2, 2],
      ],
      keys: expect.arrayContaining(["experiment", "experiment_yaml", "sweep_id"]),
    });
  });

  it("ArviZ opens every trace, with the groups, variables and settings that are promised", () => {
    const paths = [...contentsOf(folder, ["trace.nc"]).keys()];
    expect(paths.length).toBe(numRows);
    const seen = ask(
      `
import arviz as az
out = []
for path in q["paths"]:
  for engine in ["h5netcdf", "netcdf4"]:
    i = az.from_netcdf(path, engine=engine)
    out.append({"groups": sorted(i.groups()), "posterior": sorted(i.posterior.data_vars), "dims": list(i.posterior.llc.dims),
      "stats": sorted(i.sample_stats.data_vars), "missing": sorted({"target_id", "run_id", "sampler", "n_data", "n_beta", "gamma", "seed"} - set(i.posterior.attrs)),
      "sampler": i.posterior.attrs.get("sampler"), "rhat": float(az.rhat(i, var_names=["llc"]).llc)})
print(json.dumps(out).replace("NaN", "null"))`,
      { paths },
    ) as {
      groups: string[];
      posterior: string[];
      stats: string[];
      dims: string[];
      missing: string[];
      sampler: string;
    }[];
    const expectedStats: Readonly<Record<string, readonly string[]>> = {
      hmc: ["acceptance_rate", "diverging", "energy", "step_size"],
      mclmc: ["diverging", "step_size"],
      sgld: ["diverging", "step_size"],
      vi: [],
    };
    expect(seen.length).toBe(2 * numRows);
    for (const { groups, posterior, dims, stats, missing, sampler } of seen) {
      expect(groups).toEqual(["posterior", "sample_stats"]);
      expect(posterior).toEqual(expect.arrayContaining(["L", "llc"]));
      expect(dims).toEqual(["chain", "draw"]);
      expect(missing).toEqual([]);
      expect(samplerNames).toContain(sampler);
      expect(stats, sampler).toEqual(expect.arrayContaining([...(expectedStats[sampler] ?? [])]));
    }
  });

  it("analysis.json is strict JSON, also where the sampler diverged, and data and weights open in numpy", () => {
    const seen = ask(
      `
import numpy as np
def refuse(token): raise ValueError(token)
analyses = [json.loads(open(p).read(), parse_constant=refuse) for p in q["analyses"]]
shapes = [[(k, list(v.shape), str(v.dtype)) for k, v in np.load(p).items()] for p in q["arrays"]]
print(json.dumps({"nulls": sum(a["llc_mean"] is None for a in analyses), "shapes": shapes}))`,
      {
        analyses: [...contentsOf(folder, ["analysis.json", "manifest.json", "meta.json"]).keys()].filter(
          (path) => path.endsWith("analysis.json"),
        ),
        arrays: [...contentsOf(folder, ["data.npz", "params.npz"]).keys()],
      },
    ) as { nulls: number; shapes: [string, number[], string][][] };
    expect(seen.nulls).toBe(2);
    expect(seen.shapes.flat()).toEqual(
      expect.arrayContaining([
        ["X", [50, 2], "float64"],
        ["w", [9], "float64"],
      ]),
    );
  });
});
