/** `lambda-hat diagnose CELL…`: judges finished runs again from their traces. */
import { Command } from "commander";
import { SweepError } from "../../core/errors.ts";
import { diagnoseRun } from "../../tasks/diagnose-run.ts";
import { printJson, printLine } from "../output/print.ts";
import { findTasks } from "../sweep/find-task.ts";
import { loadSweep } from "../sweep/stored-sweep.ts";

interface DiagnoseOptions {
  readonly sweep?: string;
  readonly storeRoot: string;
  readonly json?: boolean;
}

export const diagnoseCommand = (): Command =>
  new Command("diagnose")
    .description("judge finished runs again from their trace.nc; rewrites analysis.json")
    .argument("[cells...]", "ids or names, as in `base × hmc` (default: every finished cell of the sweep)")
    .option("--sweep <id>", "another sweep than the newest")
    .option("--store-root <dir>", "folder of the runs", "runs")
    .option("--json", "print JSON")
    .action(async (cells: readonly string[], options: DiagnoseOptions) => {
      const sweep = loadSweep(options.storeRoot, options.sweep ?? null);
      const wanted =
        cells.length === 0 ? finishedRuns(sweep) : cells.flatMap((cell) => findTasks(sweep.plan, cell));
      const runs = wanted.flatMap(({ task, name }) => (task.kind === "run-sampler" ? [{ task, name }] : []));
      if (runs.length === 0)
        throw new SweepError("NOT_FOUND", "there is no finished cell to diagnose; see lambda-hat status.");
      for (const { task, name } of runs) {
        const summary = await diagnoseRun(sweep.store.runs, task);
        const { verdict, verdictReasons, llcMean, llcMcse, rHat, essBulk } = summary;
        if (options.json === true) {
          printJson(
            {
              id: task.id,
              name,
              verdict,
              verdict_reasons: verdictReasons,
              llc_mean: llcMean,
              llc_mcse: llcMcse,
            },
            0,
          );
          continue;
        }
        printLine(
          `${name}: λ̂ = ${llcMean.toPrecision(5)} ± ${llcMcse.toPrecision(2)}, R̂ ${rHat.toFixed(3)}, bulk ESS ${essBulk.toFixed(0)}: ${verdict}`,
        );
        for (const reason of [...verdictReasons, ...summary.warnings]) printLine(`  ${reason}`);
      }
    });

const finishedRuns = (sweep: ReturnType<typeof loadSweep>): ReturnType<typeof findTasks> =>
  findTasks(sweep.plan, "").filter(({ task }) => {
    const state = sweep.progress.tasks.get(task.id)?.state;
    return state === "done" || state === "skipped";
  });
