/** `lambda-hat logs CELL`: what a task printed. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { Command } from "commander";
import { SweepError } from "../../core/errors.ts";
import { logPathsOf } from "../../queue/log-paths.ts";
import { printBytes, printLine } from "../output/print.ts";
import { findTask } from "../sweep/find-task.ts";
import { loadSweep } from "../sweep/stored-sweep.ts";

interface LogsOptions {
  readonly sweep?: string;
  readonly storeRoot: string;
  readonly err?: boolean;
  readonly follow?: boolean;
}

const followEveryMs = 500;

export const logsCommand = (): Command =>
  new Command("logs")
    .description("log of a cell or build")
    .argument("<cell>", "id, beginning of an id, or names as in `base × hmc`")
    .option("--sweep <id>", "another sweep than the newest")
    .option("--store-root <dir>", "folder of the runs", "runs")
    .option("--err", "standard error instead of the log")
    .option("-f, --follow", "go on as the task writes, until interrupted")
    .action(async (cell: string, options: LogsOptions) => {
      const { plan, store } = loadSweep(options.storeRoot, options.sweep ?? null);
      const { task, name } = findTask(plan, cell);
      const paths = logPathsOf(task, store.logs);
      const path = options.err === true ? paths.err : paths.log;
      const hasSpoken = existsSync(paths.log) || existsSync(paths.err);
      if (!hasSpoken && options.follow !== true) {
        throw new SweepError("NOT_FOUND", `${name} has written no log yet; expected ${path}.`);
      }
      printLine(`==> ${path} <==`);
      let position = printFrom(path, 0);
      while (options.follow === true) {
        await new Promise((resolve) => setTimeout(resolve, followEveryMs));
        position = printFrom(path, position);
      }
    });

/** Copies the file from `position` to stdout; returns where it ends. A file that became shorter is read anew. */
const printFrom = (path: string, position: number): number => {
  if (!existsSync(path)) return 0;
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    let from = size < position ? 0 : position;
    const slice = Buffer.alloc(1 << 16);
    for (;;) {
      const count = readSync(file, slice, 0, slice.length, from);
      if (count === 0) return from;
      printBytes(slice.subarray(0, count));
      from += count;
    }
  } finally {
    closeSync(file);
  }
};
