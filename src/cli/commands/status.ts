/** `lambda-hat status`: how far a sweep is, or how it ended. */
import { Command } from "commander";
import type { SweepLook } from "../../queue/redis/look-at-sweep.ts";
import { drawMatrix } from "../output/matrix-view.ts";
import { printJson, printLine } from "../output/print.ts";
import { blockLines, blockStatesOf } from "../sweep/block-states.ts";
import { openCountsOf, queueLines, workerLines } from "../sweep/queue-lines.ts";
import { loadSweep, type StoredSweep } from "../sweep/stored-sweep.ts";
import { lookAround } from "../sweep/sweep-surroundings.ts";

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
      let sweep = await show(options);
      while (options.watch === true && sweep.driver !== null) {
        await new Promise((resolve) => setTimeout(resolve, 2000));
        sweep = await show(options);
      }
    });

const show = async (options: StatusOptions): Promise<StoredSweep> => {
  const sweep = loadSweep(options.storeRoot, options.sweep ?? null);
  const { look } = await lookAround({ sweepId: sweep.plan.id, store: sweep.store }, null);
  if (options.json === true) printJson(statusOf(sweep, look), options.watch === true ? 0 : 2);
  else printText(sweep, look);
  return sweep;
};

const statusOf = ({ plan, progress, driver, events }: StoredSweep, look: SweepLook | null): unknown => ({
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
  queue: Object.fromEntries(openCountsOf(plan.tasks, progress)),
  /** Null: the queue is not in Redis, or Redis is out of reach. */
  workers: look?.kind === "seen" ? look.workers : null,
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

const printText = ({ plan, progress, driver, events }: StoredSweep, look: SweepLook | null): void => {
  const start = events[0]?.time ?? Date.now();
  const last = driver === null ? (events.at(-1)?.time ?? start) : Date.now();
  const room = { maxLines: Number.POSITIVE_INFINITY, maxColumns: process.stdout.columns || 10_000 };
  for (const line of drawMatrix(plan, progress, { now: last, start, ...room, isComplete: true }))
    printLine(line);
  const lines = [
    ...blockLines(blockStatesOf(events), { now: last, isDriven: driver !== null }),
    ...workerLines(look, Date.now()),
    ...queueLines(openCountsOf(plan.tasks, progress)),
  ];
  for (const line of lines) printLine(line);
  const by =
    driver === null
      ? "not running"
      : `driven by process ${driver.pid} on ${driver.host} since ${driver.since}`;
  printLine(`sweep ${plan.id} (experiment ${plan.experiment}): ${by}`);
};
