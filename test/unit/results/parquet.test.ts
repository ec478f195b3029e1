/** The table: both ways, and what pandas, pyarrow and DuckDB see. */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { columns, type ResultRow } from "../../../src/results/columns.ts";
import { readResults, writeResults } from "../../../src/results/parquet.ts";
import { resultRowOf } from "../../../src/results/result-row.ts";
import { aCellRecord } from "../../support/cell-records.ts";
import { askPython, whyNoOracle } from "../../support/python-oracle.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const metadata = { experiment: "demo λ̂", sweep_id: "swp_1" };
const cell = aCellRecord().cell;
const rows: ResultRow[] = ["hmc", "hmc", "sgld"].map((sampler, i) => ({
  ...resultRowOf(aCellRecord({ cell: { ...cell, sampler } })),
  llc_mean: 4 + i,
}));
const failed = resultRowOf(
  aCellRecord({
    state: "failed",
    run: null,
    analysis: null,
    target: null,
    error: { code: "TIMEOUT", message: 'too "slow"\n' },
  }),
);

test("rows come back, with types, nulls and metadata", async () => {
  const path = join(temporaryFolder(), "deep", "llc_runs.parquet");
  await writeResults(path, metadata, [...rows, failed]);
  const read = await readResults(path);
  expect(read.metadata).toEqual(metadata);
  expect(read.columns.slice(0, columns.length)).toEqual(columns.map(({ name }) => name));
  const complete = (row: ResultRow): ResultRow => ({
    ...Object.fromEntries(read.columns.map((name) => [name, null])),
    ...row,
  });
  expect(read.rows).toEqual([...rows, failed].map(complete));
});

test("a table without rows has all columns", async () => {
  const path = join(temporaryFolder(), "empty.parquet");
  await writeResults(path, metadata, []);
  expect(await readResults(path)).toEqual({ metadata, columns: columns.map(({ name }) => name), rows: [] });
});

test("a family's column takes the type of its values; mixed ones become text; NaN becomes null", async () => {
  const path = join(temporaryFolder(), "t.parquet");
  await writeResults(path, metadata, [
    { experiment: "a", hp_a: 1, hp_b: true, hp_c: "x", hp_d: 1, hp_e: null, llc_mean: Number.NaN },
    { experiment: "b", hp_a: null, hp_b: null, hp_c: null, hp_d: "auto", hp_e: null, seed: 2 ** 53 - 1 },
  ]);
  const [first, second] = (await readResults(path)).rows;
  expect(first).toMatchObject({ hp_a: 1, hp_b: true, hp_c: "x", hp_d: "1", hp_e: null, llc_mean: null });
  expect(second).toMatchObject({ hp_a: null, hp_d: "auto", seed: 2 ** 53 - 1 });
});

test("a fraction in a whole-number column is a bug", async () => {
  const path = join(temporaryFolder(), "t.parquet");
  await expect(writeResults(path, metadata, [{ seed: 1.5 }])).rejects.toThrow(/^bug: column seed/);
});

test("a missing table, or a folder, is NOT_FOUND, a damaged one TRACE_INVALID", async () => {
  const path = join(temporaryFolder(), "t.parquet");
  const message = expect.stringContaining("Run `lambda-hat workflow llc --local` first.");
  await expect(readResults(path)).rejects.toMatchObject({ code: "NOT_FOUND", message });
  await expect(readResults(dirname(path))).rejects.toMatchObject({ code: "NOT_FOUND" });
  writeFileSync(path, "PAR1 but not really");
  await expect(readResults(path)).rejects.toMatchObject({ code: "TRACE_INVALID" });
  await writeResults(path, metadata, rows);
  writeFileSync(path, readFileSync(path).subarray(0, 1000));
  await expect(readResults(path)).rejects.toMatchObject({ code: "TRACE_INVALID" });
});

const noOracle = whyNoOracle(["pandas", "pyarrow", "duckdb", "matplotlib"]);
const reason = noOracle === null ? "" : ` (skipped: ${noOracle})`;

test.skipIf(noOracle !== null)(
  `the pandas and matplotlib lines of the users' guide work as printed${reason}`,
  async () => {
    const dir = temporaryFolder();
    await writeResults(join(dir, "results", "llc_runs.parquet"), metadata, [...rows, failed]);
    const seen = askPython(
      `
import os
os.chdir(q)
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
print(json.dumps({
  "hmc": len(hmc_runs), "mean": df.groupby('sampler')['llc_mean'].mean().to_dict(),
  "types": {c: str(df[c].dtype) for c in ['llc_mean', 'is_cached', 'started_at', 'hp_step_size', 'chains', 'attempt']},
  "start": str(df['started_at'][0]), "null": bool(df['llc_mean'].isnull()[3])}))`,
      dir,
    );
    expect(seen).toEqual({
      hmc: 3,
      mean: { hmc: 4.5, sgld: 6 },
      types: {
        llc_mean: "float64",
        is_cached: "bool",
        started_at: "datetime64[ms, UTC]",
        hp_step_size: "float64",
        chains: "int64",
        attempt: "float64",
      },
      start: "2000-01-01 00:00:00+00:00",
      null: true,
    });
  },
);

test.skipIf(noOracle !== null)(
  `DuckDB and pyarrow see rows, types and metadata, also of an empty table${reason}`,
  async () => {
    const dir = temporaryFolder();
    await writeResults(join(dir, "full.parquet"), metadata, [...rows, failed]);
    await writeResults(join(dir, "empty.parquet"), metadata, []);
    const seen = askPython(
      `
import duckdb, pyarrow.parquet as pq
full, empty = q + "/full.parquet", q + "/empty.parquet"
kv = duckdb.sql(f"select decode(key), decode(value) from parquet_kv_metadata('{full}')").fetchall()
print(json.dumps({
  "rows": duckdb.sql(f"select sampler, count(*) c, avg(llc_mean) m from '{full}' where status = 'ok' group by all order by 1").fetchall(),
  "failed": duckdb.sql(f"select error_class, error_message from '{full}' where status = 'failed'").fetchall(),
  "kv": {k: v for k, v in kv if not k.startswith("ARROW")},
  "footer": pq.read_metadata(full).metadata[b"experiment"].decode(),
  "schema": pq.read_table(full).schema.metadata[b"experiment"].decode(),
  "codec": pq.ParquetFile(full).metadata.row_group(0).column(0).compression,
  "empty": [pq.read_table(empty).num_rows, pq.read_table(empty).num_columns,
            duckdb.sql(f"select count(*) from '{empty}'").fetchall()[0][0]]}))`,
      dir,
    );
    expect(seen).toEqual({
      rows: [
        ["hmc", 2, 4.5],
        ["sgld", 1, 6],
      ],
      failed: [["TIMEOUT", 'too "slow"\n']],
      kv: metadata,
      footer: metadata.experiment,
      schema: metadata.experiment,
      codec: "SNAPPY",
      empty: [0, columns.length, 0],
    });
  },
);
