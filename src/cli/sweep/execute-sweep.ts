/** What `workflow llc`, `build` and `sample` do: plan, then dry run, or run and report. */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import type { Card } from "../../cards/card.ts";
import { kindOfClass, type TaskClass } from "../../core/task-class.ts";
import type { Plan } from "../../plan/plan.ts";
import { resultsFile } from "../../results/results-files.ts";
import { sweepFiles } from "../../runs/layout.ts";
import { exitCode } from "../exit-codes.ts";
import { printNote } from "../output/print.ts";
import { planLine, printPlan, printPlanJson } from "../output/print-plan.ts";
import { printSweepEnd } from "../output/print-sweep-end.ts";
import { detachDriver } from "./detach-driver.ts";
import { exampleScript } from "./example-script.ts";
import { type PlannedSweep, planExperiment, type TaskDefaults } from "./plan-experiment.ts";
import { refuseOverlong } from "./refuse-overlong.ts";
import { runSweep } from "./run-sweep.ts";
import { redisChoiceFor } from "./sweep-broker.ts";
import { loadSweepCards, pilotsOf } from "./sweep-cards.ts";
import { refuseUnserved, slotsOf, threadsOf } from "./sweep-executor.ts";
import { type SweepOptions, splitSets } from "./sweep-options.ts";

/** Chooses the part of a plan that a command is about. */
export type PlanFilter = (plan: Plan) => Plan;

/** Runs it and sets the exit code of the process. @throws SweepError of configuration and environment. */
export const executeSweep = async (
  options: SweepOptions,
  filter: PlanFilter = (plan) => plan,
): Promise<void> => {
  const sets = splitSets(options.set);
  const { cards, text } = loadSweepCards({ cards: options.cards, sets: sets.card, slots: options.slots });
  const planned = planExperiment({
    config: options.config,
    sets: sets.experiment,
    backend: options.backend,
    skip: options.skip,
    build: defaultsOf(cards, "build"),
    sample: defaultsOf(cards, "sample"),
  });
  const sweep = { ...planned, plan: filter(planned.plan) };
  const facts = { expectedSec: sweep.expectedSec, numSlots: slotsOf(cards), resultsPath: shownResults() };
  refuseUnserved(sweep.plan, cards);
  // A sweep that has begun goes on: what is too long then fails alone.
  if (!existsSync(sweepFiles(sweep.store.runs, sweep.plan.id).events)) refuseOverlong(sweep);
  if (options.dryRun) {
    (options.json ? printPlanJson : printPlan)(sweep.plan, { ...facts, scripts: blockScripts(sweep, cards) });
    return;
  }
  if (!options.json) {
    printNote(planLine(sweep.plan));
    for (const note of sweep.plan.notes) printNote(`note: ${note}`);
  }
  if (options.detach) {
    process.exitCode = await detachDriver(sweep.plan, sweep.store);
    return;
  }
  const end = await runSweep({
    sweep,
    cards,
    cardText: text,
    redis: redisChoiceFor(pilotsOf(cards), options.redis),
    skip: options.skip,
    metrics: options.metrics,
    maxFails: options.maxFails,
    json: options.json,
  });
  if (!options.json) {
    const { outcome, table } = end;
    printSweepEnd({ ...outcome, rows: table.rows, numRows: table.numRows, resultsPath: shownResults() });
  }
  process.exitCode = codeOf(end, options);
};

const shownResults = (): string => relative(process.cwd(), resultsFile(process.cwd()));

/** What the cards say about tasks of a class. */
const defaultsOf = (cards: readonly Card[], name: TaskClass): TaskDefaults => {
  const kind = kindOfClass(name);
  const pilot = pilotsOf(cards).find(({ worker: { serves } }) => serves === null || serves.includes(kind));
  return { threads: threadsOf(cards, kind), timeoutSec: pilot?.timeoutSec[name] ?? null };
};

/** The text of one block of every card of SLURM, for `--dry-run`. */
const blockScripts = ({ plan, store }: PlannedSweep, cards: readonly Card[]): readonly string[] =>
  cards.flatMap((card) => (card.type === "slurm" ? [exampleScript(card, plan.id, store)] : []));

const codeOf = ({ outcome, table }: Awaited<ReturnType<typeof runSweep>>, options: SweepOptions): number => {
  if (outcome.wasStopped) return exitCode.stopped;
  if (outcome.failures.length > 0) return exitCode.tasksFailed;
  return options.requireConverged && !table.isConverged() ? exitCode.diagnostics : exitCode.ok;
};
