/** `lambda-hat status`: how far a sweep is, or how it ended. */
import { Command } from "commander";
import { drawMatrix } from "../output/matrix-view.ts";
import { printJson, printLine } from "../output/print.ts";
import { blockLines, blockStatesOf } from "../sweep/block-states.ts";
import { loadSweep, type StoredSweep } from "../sweep/stored-sweep.ts";

interface StatusOptions {
  readonly sweep?: string;
  readonly storeRoot: string;
  readonly json?: boolean;
  readonly watch?: boolean;
}

export const statusCommand = (): Command =>
  new Command("status")
    .description("matrix of the newest sweep, running or ended")
    .option("--sweep <id>", "another sweep (runs/sweeps/<id>)")
    .option("--store-root <dir>", "folder of the runs", "runs")
    .option("--watch", "follow until the sweep has ended")
    .option("--json", "print JSON")
    .action(async (options: StatusOptions) => {
      let sweep = show(options);
      while (options.watch === true && sweep.driver !== null) {
        await new Promise((resolve) => setTimeout(resolve, 2000));
        sweep = show(options);
      }
    });

const show = (options: StatusOptions): StoredSweep => {
  const sweep = loadSweep(options.storeRoot, options.sweep ?? null);
  if (options.json === true) printJson(statusOf(sweep), options.watch === true ? 0 : 2);
  else printText(sweep);
  return sweep;
};

const statusOf = ({ plan, progress, driver, events }: StoredSweep): unknown => ({
  sweep_id: plan.id,
  experiment: plan.experiment,
  driver,
  counts: progress.counts(),
  blocks: blockStatesOf(events).map(({ card, block, state, allocationId, message, time }) => ({
    card,
    block,
    state,
    allocation_id: allocationId,
    message,
    since: time,
  })),
  tasks: plan.tasks.map(({ id, title }) => {
    const task = progress.tasks.get(id);
    return {
      id,
      title,
      state: task?.state,
      phase: task?.phase,
      fraction: task?.fraction,
      summary: task?.summary,
    };
  }),
});

const printText = ({ plan, progress, driver, events }: StoredSweep): void => {
  const start = events[0]?.time ?? Date.now();
  const last = driver === null ? (events.at(-1)?.time ?? start) : Date.now();
  const { total } = progress.counts();
  for (const line of drawMatrix(plan, progress, { now: last, start, maxLines: total + 4 })) printLine(line);
  for (const line of blockLines(blockStatesOf(events), { now: last, isDriven: driver !== null }))
    printLine(line);
  const by =
    driver === null
      ? "not running"
      : `driven by process ${driver.pid} on ${driver.host} since ${driver.since}`;
  printLine(`sweep ${plan.id} (experiment ${plan.experiment}): ${by}`);
};
