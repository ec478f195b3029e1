/** Classes of task: what cards, command lines and people call the kinds. */
import type { TaskKind } from "./task.ts";

/** Every class, in the order in which tasks of an experiment run. */
export const taskClasses = ["build", "sample"] as const;

export type TaskClass = (typeof taskClasses)[number];

/** The class of a kind of task; `noop`, which no experiment has, counts as a run. */
export const taskClassOf = (kind: TaskKind): TaskClass => (kind === "build-target" ? "build" : "sample");

const kindOf = { build: "build-target", sample: "run-sampler" } as const satisfies Record<
  TaskClass,
  TaskKind
>;

/** The kind of task that a class means. */
export const kindOfClass = (name: TaskClass): (typeof kindOf)[TaskClass] => kindOf[name];
