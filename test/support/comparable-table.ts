/** The results table of a sweep without what may differ between two sweeps of the same experiment. */
import { type Results, readResults } from "../../src/results/parquet.ts";
import { resultsFile } from "../../src/results/results-files.ts";

/** Columns that tell when, where and how fast a cell was done; every other column is promised to be equal. */
export const columnsOfCircumstance: readonly string[] = [
  "attempt",
  "host",
  "started_at",
  "finished_at",
  "walltime_sec",
  "build_walltime_sec",
  "wnv_time",
  "ess_per_sec",
];

/** Columns and rows of `results/llc_runs.parquet` below `root`, in the file's order, without the columns of circumstance. */
export const comparableTable = async (root: string): Promise<Pick<Results, "columns" | "rows">> => {
  const { columns, rows } = await readResults(resultsFile(root));
  return {
    columns,
    rows: rows.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !columnsOfCircumstance.includes(name))),
    ),
  };
};
