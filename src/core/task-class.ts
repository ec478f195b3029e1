/** Kinds of task (see the glossary in `src/plan/task.ts`), and their classes: what cards, command lines and people call them. */

/** `noop` does nothing: for tests and benchmarks of queues. */
export type TaskKind = "build-target" | "run-sampler" | "noop";

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
