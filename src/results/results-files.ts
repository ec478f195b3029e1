/**
 * Where tables lie: `results/llc_runs.parquet` is the sweep that ran last; `results/experiments/<experiment>.parquet` the last
 * sweep of each experiment, so that `lambda-hat results --all` can look across experiments. The only code that spells
 * paths under `results/`.
 */
import { readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { removeTemporaries } from "../core/atomic-write.ts";
import type { ResultRow } from "./columns.ts";
import { type Results, type ResultsMetadata, readResults, writeResults } from "./parquet.ts";

/** The table of the last sweep below `root`. */
export const resultsFile = (root: string): string => join(resolve(root), "results", "llc_runs.parquet");

const experimentsDir = (root: string): string => join(resolve(root), "results", "experiments");

/** The table of an experiment; letters that no file name should have become `-`. */
export const experimentResultsFile = (root: string, experiment: string): string =>
  join(
    experimentsDir(root),
    `${experiment.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^\.+/, "-")}.parquet`,
  );

/** Writes both tables of a sweep. `metadata.experiment` names the experiment. */
export const writeSweepResults = async (
  root: string,
  metadata: ResultsMetadata & { readonly experiment: string },
  rows: readonly ResultRow[],
): Promise<void> => {
  await writeResults(resultsFile(root), metadata, rows);
  await writeResults(experimentResultsFile(root, metadata.experiment), metadata, rows);
};

/** A table takes seconds to write, so an older half-written one is a dead driver's. */
const deadAfterMs = 600_000;

/** Deletes half-written tables that drivers below `root` left when they were killed. */
export const clearResultsTemporaries = (root: string): void => {
  for (const folder of [dirname(resultsFile(root)), experimentsDir(root)])
    removeTemporaries(folder, deadAfterMs);
};

/** Rows of all experiments, by file name; columns are those of any of them. Metadata is empty. */
export const readAllResults = async (root: string): Promise<Results> => {
  const tables: Results[] = [];
  for (const name of listTables(experimentsDir(root)))
    tables.push(await readResults(join(experimentsDir(root), name)));
  const columns = [...new Set(tables.flatMap((table) => table.columns))];
  const empty = Object.fromEntries(columns.map((name) => [name, null]));
  const rows = tables.flatMap((table) => table.rows.map((row) => ({ ...empty, ...row })));
  return { metadata: {}, columns, rows };
};

const listTables = (dir: string): string[] => {
  try {
    return readdirSync(dir)
      .filter((name) => name.endsWith(".parquet"))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
};
