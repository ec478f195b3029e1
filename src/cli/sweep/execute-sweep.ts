/** What `workflow llc`, `build` and `sample` do: plan, then dry run, or run and report. */
import { relative } from "node:path";
import type { LocalCard } from "../../cards/card.ts";
import { loadCard } from "../../cards/load-card.ts";
import { SweepError } from "../../core/errors.ts";
import type { Plan } from "../../plan/plan.ts";
import { resultsFile } from "../../results/results-files.ts";
import { exitCode } from "../exit-codes.ts";
import { printNote } from "../output/print.ts";
import { planLine, printPlan, printPlanJson } from "../output/print-plan.ts";
import { printSweepEnd } from "../output/print-sweep-end.ts";
import { detachDriver } from "./detach-driver.ts";
import { planExperiment } from "./plan-experiment.ts";
import { runSweep } from "./run-sweep.ts";
import { redisChoiceOf } from "./sweep-broker.ts";
import { type SweepOptions, splitSets } from "./sweep-options.ts";

/** Chooses the part of a plan that a command is about. */
export type PlanFilter = (plan: Plan) => Plan;

/** Runs it and sets the exit code of the process. @throws SweepError of configuration and environment. */
export const executeSweep = async (
  options: SweepOptions,
  filter: PlanFilter = (plan) => plan,
): Promise<void> => {
  const sets = splitSets(options.set);
  const slotSets = options.slots === null ? [] : [`slots=${options.slots}`];
  const { card, resolvedText: cardText } = loadCard(options.card ?? "local", {
    sets: [...sets.card, ...slotSets],
  });
  if (card.type !== "local")
    throw new SweepError(
      "USAGE",
      `card "${card.label}" is of type ${card.type}; expected one of type local.`,
    );
  const planned = planExperiment({
    config: options.config,
    sets: sets.experiment,
    backend: options.backend,
    skip: options.skip,
    threads: threadsOf(card),
  });
  const sweep = { ...planned, plan: filter(planned.plan) };
  const facts = { expectedSec: sweep.expectedSec, numSlots: slotsOf(card), resultsPath: shownResults() };
  if (options.dryRun) {
    (options.json ? printPlanJson : printPlan)(sweep.plan, facts);
    return;
  }
  if (!options.json) {
    printNote(planLine(sweep.plan));
    for (const note of sweep.plan.notes) printNote(`note: ${note}`);
  }
  if (options.detach) {
    await detachDriver(sweep.plan, sweep.store);
    return;
  }
  const end = await runSweep({
    sweep,
    card,
    cardText,
    redis: options.redis === null ? null : redisChoiceOf(options.redis),
    skip: options.skip,
    maxFails: options.maxFails,
    json: options.json,
  });
  if (!options.json) {
    const { outcome, table } = end;
    printSweepEnd({ ...outcome, rows: table.rows, resultsPath: shownResults() });
  }
  process.exitCode = codeOf(end, options);
};

const shownResults = (): string => relative(process.cwd(), resultsFile(process.cwd()));

const threadsOf = (card: LocalCard): number =>
  Math.min(...card.executors.map(({ threadsPerTask }) => threadsPerTask));

const slotsOf = (card: LocalCard): number => card.executors.reduce((sum, { slots }) => sum + slots, 0);

const codeOf = ({ outcome, table }: Awaited<ReturnType<typeof runSweep>>, options: SweepOptions): number => {
  if (outcome.wasStopped) return exitCode.stopped;
  if (outcome.failures.length > 0) return exitCode.tasksFailed;
  return options.requireConverged && !table.isConverged() ? exitCode.diagnostics : exitCode.ok;
};
