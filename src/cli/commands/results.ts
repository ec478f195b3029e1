/** `lambda-hat results`: the results table, filtered, as text, CSV or JSON. */
import { relative } from "node:path";
import { Command } from "commander";
import { SweepError } from "../../core/errors.ts";
import { suggestName } from "../../core/yaml/nearest-name.ts";
import { formatCsv } from "../../results/csv.ts";
import { readResults } from "../../results/parquet.ts";
import { readAllResults, resultsFile } from "../../results/results-files.ts";
import { parseWhere } from "../../results/where.ts";
import { printJson, printLine } from "../output/print.ts";
import { resultsTable } from "../output/print-sweep-end.ts";

interface ResultsOptions {
  readonly file?: string;
  readonly all?: boolean;
  readonly where?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
}

export const resultsCommand = (): Command =>
  new Command("results")
    .description("rows of results/llc_runs.parquet")
    .option("--file <file>", "another table (.parquet)")
    .option("--all", "the last sweep of every experiment")
    .option(
      "--where <condition>",
      "only rows that fulfil it, for example \"sampler == 'hmc' and r_hat < 1.01\"",
    )
    .option("--csv", "print CSV with all columns")
    .option("--json", "print JSON with all columns")
    .action(async (options: ResultsOptions) => {
      if (options.csv === true && options.json === true)
        throw new SweepError("USAGE", "--csv and --json contradict each other; give one.");
      if (options.all === true && options.file !== undefined)
        throw new SweepError("USAGE", "--all and --file contradict each other; give one.");
      const path = options.file ?? resultsFile(process.cwd());
      const results = options.all === true ? await readAllResults(process.cwd()) : await readResults(path);
      const isWanted =
        options.where === undefined
          ? () => true
          : parseWhere(options.where, { columns: results.columns, suggest: suggestName });
      const rows = results.rows.filter(isWanted);
      if (options.csv === true) printLine(formatCsv(results.columns, rows).trimEnd());
      else if (options.json === true) printJson(rows);
      else {
        printLine(resultsTable(rows));
        printLine(
          `${rows.length} of ${results.rows.length} rows: ${options.all === true ? "all experiments" : relative(process.cwd(), path)}`,
        );
      }
    });
