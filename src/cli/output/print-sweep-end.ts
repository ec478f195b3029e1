/** The last words of a sweep: the table in short, what failed and why, and where everything lies. */
import Table from "cli-table3";
import type { FailureGroup } from "../../queue/failure-groups.ts";
import type { ResultRow } from "../../results/columns.ts";
import { dataColors } from "./colors.ts";
import { printLine } from "./print.ts";

/** What is said about. */
export interface SweepEndReport {
  readonly rows: readonly ResultRow[];
  /** Rows of the table; more where only a part of the experiment was asked for. */
  readonly numRows: number;
  readonly failures: readonly FailureGroup[];
  readonly wasStopped: boolean;
  /** Path of the table, as shown. */
  readonly resultsPath: string;
}

type Cell = readonly [head: string, text: (row: ResultRow) => string];

const number = (row: ResultRow, name: string, digits: number): string => {
  const value = row[name];
  return typeof value === "number" ? String(Number(value.toPrecision(digits))) : "–";
};

const cells: readonly Cell[] = [
  ["target", (row) => String(row["target"])],
  ["sampler", (row) => String(row["sampler_label"])],
  ["status", (row) => String(row["status"])],
  ["λ̂", (row) => number(row, "llc_mean", 4)],
  ["mcse", (row) => number(row, "llc_mcse", 2)],
  ["exact", (row) => number(row, "llc_true", 4)],
  ["R̂", (row) => number(row, "r_hat", 4)],
  ["ess", (row) => number(row, "ess_bulk", 3)],
  ["FGE", (row) => number(row, "total_fge", 3)],
  ["s", (row) => number(row, "walltime_sec", 3)],
  ["verdict", (row) => String(row["verdict"] ?? "–").replace("_", " ")],
];

/** At most so many reasons are printed; the table has them all. */
const maxReasons = 12;

/** Prints to stdout. */
export const printSweepEnd = ({ rows, numRows, failures, wasStopped, resultsPath }: SweepEndReport): void => {
  if (rows.length > 0) {
    printLine(resultsTable(rows));
    printReasons(rows);
  }
  for (const group of failures) printFailure(group);
  if (wasStopped) printLine("stopped; run the same command again and it goes on from here");
  if (rows.length === 0) return;
  const ok = rows.filter((row) => row["status"] === "ok").length;
  const shown = rows.length === numRows ? `${numRows}` : `${rows.length} of ${numRows}`;
  printLine(`${shown} rows, ${ok} ok: ${resultsPath}`);
};

/** The rows in short, as text. */
export const resultsTable = (rows: readonly ResultRow[]): string => {
  const shown = cells.filter(([head]) => head !== "exact" || rows.some((row) => row["llc_true"] !== null));
  const table = new Table({ head: shown.map(([head]) => head), style: { head: [], border: [] } });
  for (const row of rows) table.push(shown.map(([, text]) => text(row)));
  return table.toString();
};

const printReasons = (rows: readonly ResultRow[]): void => {
  const doubtful = rows.filter((row) => row["verdict"] === "not_converged");
  for (const row of doubtful.slice(0, maxReasons)) {
    const [reason = ""] = String(row["verdict_reasons"] ?? "").split("\n");
    printLine(`not converged: ${String(row["target"])} × ${String(row["sampler_label"])}: ${reason}`);
  }
  if (doubtful.length > maxReasons)
    printLine(`… and ${doubtful.length - maxReasons} more; see verdict_reasons in the table`);
};

const printFailure = ({ state, error, taskIds, blockedTaskIds, logTail }: FailureGroup): void => {
  const [first, ...others] = taskIds;
  const also = others.length === 0 ? "" : ` and ${others.length} more`;
  printLine(dataColors.red(`${state}: ${first}${also}: ${error.message}`));
  for (const cause of error.causes) printLine(`  because: ${cause}`);
  for (const line of logTail) if (!line.includes(error.message)) printLine(`  | ${line}`);
  if (blockedTaskIds.length > 0) printLine(`  ${blockedTaskIds.length} cells could not run because of it`);
  printLine(`  more: lambda-hat explain ${first}`);
};
