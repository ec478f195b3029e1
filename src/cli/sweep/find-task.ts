/** Which task a person means: by id, by the beginning of an id, or by the names of target and sampler. */
import { SweepError } from "../../core/errors.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Task } from "../../plan/task.ts";

/** A task with the name that people use for it. */
export interface NamedTask {
  readonly task: Task;
  /** `base/base seed 43 × hmc`; a build: `build base/base seed 43`. */
  readonly name: string;
}

/** All tasks of a plan, each under its first name. */
export const namedTasks = (plan: Plan): readonly NamedTask[] => {
  const names = new Map<string, string>();
  for (const cell of plan.cells) {
    if (!names.has(cell.targetId)) names.set(cell.targetId, `build ${cell.targetLabel}`);
    if (!names.has(cell.taskId)) names.set(cell.taskId, `${cell.targetLabel} × ${cell.samplerLabel}`);
  }
  return plan.tasks.map((task) => ({ task, name: names.get(task.id) ?? task.title }));
};

/** `Base × hmc`, `base x hmc` and `base hmc` → `base`, `hmc`. */
const wordsOf = (wanted: string): readonly string[] =>
  wanted
    .toLowerCase()
    .split(/[\s×,]+/)
    .filter((word) => word !== "" && word !== "x");

const isAbout = ({ task, name }: NamedTask, wanted: string): boolean => {
  if (task.id.startsWith(wanted)) return true;
  if (
    task.kind === "run-sampler" &&
    (task.runId.startsWith(wanted) || `${task.sampler}_${task.runId}`.startsWith(wanted))
  )
    return true;
  return wordsOf(wanted).every((word) => isIn(word, name.toLowerCase()));
};

/** A number stands for itself: `seed 2` is neither `seed 1 × hmc draws=200` nor `seed 1 × sgld step_size=2e-3`. */
const isIn = (word: string, name: string): boolean =>
  /^\d+$/.test(word) ? name.split(/[\s/×=]+/).includes(word) : name.includes(word);

/** Tasks that `wanted` may mean; an exact id or name wins over all others. */
export const findTasks = (plan: Plan, wanted: string): readonly NamedTask[] => {
  const all = namedTasks(plan);
  const exact = all.filter(({ task, name }) => task.id === wanted || name === wanted);
  if (exact.length > 0) return exact;
  const found = all.filter((candidate) => isAbout(candidate, wanted));
  // In `tiny × hmc` the first word is more likely the model's name than that of some data.
  const [firstWord = ""] = wordsOf(wanted);
  const byModel = found.filter(({ name }) =>
    name
      .replace(/^build /, "")
      .toLowerCase()
      .startsWith(`${firstWord}/`),
  );
  return byModel.length > 0 ? byModel : found;
};

/** The one task that `wanted` means. @throws SweepError `NOT_FOUND`, naming the candidates if there are several. */
export const findTask = (plan: Plan, wanted: string): NamedTask => {
  const found = findTasks(plan, wanted);
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first;
  // The beginning of a target's id is also that of all its cells; it means the target.
  const [build, ...otherBuilds] = found.filter(
    ({ task }) => task.kind === "build-target" && task.id.startsWith(wanted),
  );
  if (build !== undefined && otherBuilds.length === 0) return build;
  const listed = (found.length > 0 ? found : namedTasks(plan))
    .slice(0, 12)
    .map(({ task, name }) => `\n  ${task.id}  ${name}`);
  const problem =
    first === undefined
      ? `no cell or target matches "${wanted}"`
      : `"${wanted}" matches ${found.length} tasks`;
  throw new SweepError("NOT_FOUND", `${problem}; expected an id or a name of one:${listed.join("")}`);
};
