/** `lambda-hat summarize FILE`: R̂, ESS and MCSE of every variable of a file of draws. */
import Table from "cli-table3";
import { Command } from "commander";
import { summarizeDraws, type VariableSummary } from "../../analysis/summarize-draws.ts";
import { snakeKeys } from "../../core/case.ts";
import { readDrawsFile } from "../../runs/draws-file.ts";
import { jsonNumbers } from "../../runs/json-numbers.ts";
import { printJson, printLine, printNote } from "../output/print.ts";

const columns: readonly (readonly [string, (row: VariableSummary) => string])[] = [
  ["variable", ({ name }) => name],
  ["mean", ({ mean }) => short(mean)],
  ["sd", ({ sd }) => short(sd)],
  ["q05", ({ q05 }) => short(q05)],
  ["median", ({ median }) => short(median)],
  ["q95", ({ q95 }) => short(q95)],
  ["mcse_mean", ({ mcseMean }) => short(mcseMean)],
  ["mcse_sd", ({ mcseSd }) => short(mcseSd)],
  ["ess_bulk", ({ essBulk }) => essBulk.toFixed(0)],
  ["ess_tail", ({ essTail }) => essTail.toFixed(0)],
  ["r_hat", ({ rHat }) => rHat.toFixed(3)],
];

const short = (value: number): string => String(Number(value.toPrecision(4)));

export const summarizeCommand = (): Command =>
  new Command("summarize")
    .description(
      "R̂, ESS and MCSE of every variable of a .nc, .npz, .csv or .json file of draws (chain, draw)",
    )
    .argument("<file>", "file of draws")
    .option("--json", "print JSON with full precision (NaN is null)")
    .action(async (file: string, options: { json?: boolean }) => {
      const rows = summarizeDraws(await readDrawsFile(file, (note) => printNote(`note: ${note}`)));
      if (options.json === true) {
        printJson(jsonNumbers(snakeKeys(rows)));
        return;
      }
      const table = new Table({ head: columns.map(([name]) => name), style: { head: [], border: [] } });
      for (const row of rows) table.push(columns.map(([, text]) => text(row)));
      printLine(table.toString());
    });
