/** The part of a plan that a person asked for: some tasks, and what they need. */
import { contentHash } from "../../core/canonical-json.ts";
import { SweepError } from "../../core/errors.ts";
import type { Plan } from "../../plan/plan.ts";
import type { TaskKind } from "../../plan/task.ts";
import { findTasks, type NamedTask } from "./find-task.ts";

/** Keeps tasks of `kind` that match one of `wanted` (none given: all) and the tasks that they need. @throws `NOT_FOUND`. */
export const restrictPlan = (plan: Plan, wanted: readonly string[], kind: TaskKind): Plan => {
  const chosen = (wanted.length === 0 ? [""] : wanted).flatMap((text) => chosenBy(plan, text, kind));
  const keep = new Set(chosen.flatMap(({ task }) => [task.id, ...task.needs]));
  const tasks = plan.tasks.filter(({ id }) => keep.has(id));
  if (tasks.length === plan.tasks.length) return plan;
  return {
    ...plan,
    id: `swp_${contentHash([plan.id, ...tasks.map(({ id }) => id)], 12)}`,
    tasks,
    doneTaskIds: plan.doneTaskIds.filter((id) => keep.has(id)),
    cells: plan.cells.filter(({ taskId }) => keep.has(taskId)),
  };
};

const chosenBy = (plan: Plan, wanted: string, kind: TaskKind): readonly NamedTask[] => {
  const found = findTasks(plan, wanted).filter(({ task }) => task.kind === kind);
  if (found.length > 0) return found;
  const what = kind === "build-target" ? "target" : "cell";
  throw new SweepError(
    "NOT_FOUND",
    `no ${what} of this experiment matches "${wanted}"; see lambda-hat workflow llc --dry-run.`,
  );
};
