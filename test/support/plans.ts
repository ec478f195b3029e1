/** Builders of tasks and plans for tests of orchestration. */
import type { Plan } from "../../src/plan/plan.ts";
import type { NoopBehaviour, NoopTask, TaskResources } from "../../src/plan/task.ts";

/** A task that does nothing, or what `behaviour` says. */
export const aTask = (
  id: string,
  options: { needs?: readonly string[]; behaviour?: NoopBehaviour; resources?: Partial<TaskResources> } = {},
): NoopTask => ({
  kind: "noop",
  id,
  needs: options.needs ?? [],
  title: `task ${id}`,
  resources: { threads: 1, timeoutSec: null, memoryMiB: null, ...options.resources },
  behaviour: options.behaviour ?? {},
});

/** A plan of the given tasks, without cells. */
export const aPlan = (tasks: readonly NoopTask[], doneTaskIds: readonly string[] = []): Plan => ({
  id: "swp_0123456789ab",
  experiment: "test",
  tasks,
  doneTaskIds,
  cells: [],
  notes: [],
});
