/** `--dry-run`: the matrix of what would be built, sampled and skipped, and what it would cost. */
import Table from "cli-table3";
import { type CostEstimate, estimateCost } from "../../plan/estimate-cost.ts";
import type { Plan } from "../../plan/plan.ts";
import { printJson, printLine } from "./print.ts";
import { formatDuration } from "./sweep-progress.ts";

/** What is printed besides the plan. */
export interface PlanFacts {
  readonly expectedSec: ReadonlyMap<string, number>;
  readonly numSlots: number;
  /** Where rows would go. */
  readonly resultsPath: string;
  /** Batch scripts that would be submitted. */
  readonly scripts?: readonly string[];
}

const costOf = (plan: Plan, { expectedSec, numSlots }: PlanFacts): CostEstimate => {
  const done = new Set(plan.doneTaskIds);
  return estimateCost(
    plan.tasks.filter(({ id }) => !done.has(id)),
    expectedSec,
    numSlots,
  );
};

const costText = ({ slotSeconds, wallSeconds, numUnknown }: CostEstimate, numOpen: number): string => {
  if (numOpen === 0) return "nothing to do";
  if (numUnknown === numOpen) return "cost unknown: no earlier runs to go by";
  const known = `about ${formatDuration(wallSeconds)} on these slots (${formatDuration(slotSeconds)} of one slot)`;
  return numUnknown === 0 ? known : `${known}, without ${numUnknown} tasks of unknown cost`;
};

/** Numbers of tasks to do and to skip. */
export const planCounts = (
  plan: Plan,
): { builds: number; runs: number; skipped: number; toBuild: number; toRun: number } => {
  const done = new Set(plan.doneTaskIds);
  const builds = plan.tasks.filter(({ kind }) => kind === "build-target");
  const runs = plan.tasks.filter(({ kind }) => kind === "run-sampler");
  const open = (tasks: Plan["tasks"]): number => tasks.filter(({ id }) => !done.has(id)).length;
  return {
    builds: builds.length,
    runs: runs.length,
    skipped: done.size,
    toBuild: open(builds),
    toRun: open(runs),
  };
};

/**
 * One line: `3 targets × 4 samplers = 12 cells: 3 to build, 12 to run, 0 done already`; without cells
 * `3 targets: 2 to build, 1 done already`.
 */
export const planLine = (plan: Plan): string => {
  if (plan.cells.length === 0) {
    const { builds, toBuild } = planCounts(plan);
    const work = toBuild === 0 ? "nothing to do" : `${toBuild} to build`;
    return `${builds} ${builds === 1 ? "target" : "targets"}: ${work}, ${builds - toBuild} done already`;
  }
  const targets = new Set(plan.cells.map(({ targetIndex }) => targetIndex)).size;
  const samplers = new Set(plan.cells.map(({ samplerIndex }) => samplerIndex)).size;
  const { toBuild, toRun, skipped } = planCounts(plan);
  const work = toBuild + toRun === 0 ? "nothing to do" : `${toBuild} to build, ${toRun} to run`;
  return `${targets} targets × ${samplers} samplers = ${plan.cells.length} cells: ${work}, ${skipped} tasks done already`;
};

/** Lines of the matrix: a target with its cells, or alone where only builds are planned. */
const rowsOf = (plan: Plan): readonly (readonly string[])[] => {
  const done = new Set(plan.doneTaskIds);
  const buildState = (id: string): string => (done.has(id) ? "skip: done" : "build");
  if (plan.cells.length === 0) return plan.tasks.map(({ id, title }) => [title, id, buildState(id)]);
  const rows = new Map<number, string[]>();
  for (const cell of plan.cells) {
    const row = rows.get(cell.targetIndex) ?? [cell.targetLabel, cell.targetId, buildState(cell.targetId)];
    const runState = done.has(cell.taskId) ? "skip: done" : `run ${cell.runId}`;
    row[3 + cell.samplerIndex] = cell.isDuplicate ? "as above" : runState;
    rows.set(cell.targetIndex, row);
  }
  return [...rows.values()];
};

/** Prints for people. */
export const printPlan = (plan: Plan, facts: PlanFacts): void => {
  const samplers = [...new Map(plan.cells.map((cell) => [cell.samplerIndex, cell.samplerLabel])).values()];
  const table = new Table({ head: ["target", "id", "build", ...samplers], style: { head: [], border: [] } });
  for (const row of rowsOf(plan)) table.push([...row]);
  printLine(table.toString());
  for (const note of plan.notes) printLine(`note: ${note}`);
  const { toBuild, toRun } = planCounts(plan);
  printLine(planLine(plan));
  printLine(costText(costOf(plan, facts), toBuild + toRun));
  printLine(`sweep ${plan.id}, table ${facts.resultsPath}`);
  for (const script of facts.scripts ?? []) printLine(`\neach block:\n\n${script.trimEnd()}`);
};

/** The same as JSON. */
export const printPlanJson = (plan: Plan, facts: PlanFacts): void => {
  const { slotSeconds, wallSeconds, numUnknown } = costOf(plan, facts);
  printJson({
    sweep_id: plan.id,
    experiment: plan.experiment,
    counts: planCounts(plan),
    cells: plan.cells.map((cell) => ({
      target: cell.targetLabel,
      sampler: cell.samplerLabel,
      task_id: cell.taskId,
      status: plan.doneTaskIds.includes(cell.taskId) ? "done" : "open",
      is_duplicate: cell.isDuplicate,
    })),
    notes: plan.notes,
    cost: { slot_seconds: slotSeconds, wall_seconds: wallSeconds, unknown_tasks: numUnknown },
    scripts: facts.scripts ?? [],
  });
};
