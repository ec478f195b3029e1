/** `lambda-hat cancel`: stops a sweep, wherever its driver runs; running tasks checkpoint, and resume goes on from there. */
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { Command } from "commander";
import { SweepError } from "../../core/errors.ts";
import { askDriverToCancel } from "../../queue/redis/ask-driver.ts";
import { sweepFiles } from "../../runs/layout.ts";
import { printLine } from "../output/print.ts";
import { loadSweep, type StoredSweep } from "../sweep/stored-sweep.ts";

interface CancelOptions {
  readonly sweep?: string;
  readonly storeRoot: string;
}

export const cancelCommand = (): Command =>
  new Command("cancel")
    .description("stop a running sweep; its tasks checkpoint first")
    .option("--sweep <id>", "another sweep than the newest")
    .option("--store-root <dir>", "folder of the runs", "runs")
    .action(async (options: CancelOptions) => {
      const sweep = loadSweep(options.storeRoot, options.sweep ?? null);
      printLine(await cancel(sweep));
    });

/**
 * Returns what was done.
 * @throws SweepError `NOT_FOUND` if nobody drives the sweep, `ENVIRONMENT` if the driver is out of reach.
 */
const cancel = async ({ plan, store, driver }: StoredSweep): Promise<string> => {
  if (driver === null)
    throw new SweepError("NOT_FOUND", `nobody drives sweep ${plan.id}; there is nothing to cancel.`);
  if (driver.host === hostname()) {
    process.kill(driver.pid, "SIGTERM");
    return `asked process ${driver.pid} to stop sweep ${plan.id}; watch with: lambda-hat status --watch`;
  }
  const { redis } = sweepFiles(store.runs, plan.id);
  if (!existsSync(redis)) {
    const problem = `sweep ${plan.id} is driven by process ${driver.pid} on ${driver.host}, which cannot be reached from here`;
    throw new SweepError("ENVIRONMENT", `${problem}. Run this command there.`);
  }
  await askDriverToCancel(redis, plan.id, `cancelled from ${hostname()}`);
  return `asked the driver on ${driver.host} to stop sweep ${plan.id}; watch with: lambda-hat status --watch`;
};
