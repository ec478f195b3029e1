/**
 * Experiment → plan: N target builds and N × M runs with content-hash ids, equal ones merged, finished ones marked.
 *
 * An id covers all that can change a result and nothing else: the resolved configuration and the numerics version of
 * the code that interprets it. A run's configuration contains its target's id, so a changed target changes its runs.
 */
import { contentHash, type Json } from "../core/canonical-json.ts";
import { topologicalOrder } from "./graph.ts";
import type { Plan, PlannedCell } from "./plan.ts";
import type { BuildTargetTask, RunSamplerTask, Task, TaskResources } from "./task.ts";

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json | undefined };

/** A target of the experiment after expansion of lists and presets. */
export interface PlanTarget {
  /** For people, unique where the configurations differ: `base/base seed 43`. */
  readonly label: string;
  /** Everything its id is the hash of, but for `numerics_version`. */
  readonly config: JsonObject;
}

/** A sampler of the experiment after expansion of lists and presets. */
export interface PlanSampler {
  /** For people: `hmc`, `sgld step_size=1e-6`. */
  readonly label: string;
  /** Algorithm: `hmc`. */
  readonly name: string;
}

/** The part of an experiment that a plan is made from. */
export interface PlannedExperiment {
  readonly experiment: string;
  readonly targets: readonly PlanTarget[];
  readonly samplers: readonly PlanSampler[];
  /** Run configuration of one cell, but for `target_id` and `numerics_version`. Arguments: positions in the lists. */
  resolveCell(targetIndex: number, samplerIndex: number): JsonObject;
  /** Threads, time and memory of a build (`samplerIndex` null) or a run. */
  resourcesOf(targetIndex: number, samplerIndex: number | null): TaskResources;
}

/** Versions, backend and state of the store. */
export interface PlanContext {
  readonly numericsVersions: {
    readonly target: number;
    /** By name of the algorithm. */
    readonly samplers: Readonly<Record<string, number>>;
  };
  /** `auto`, or the name of a compute backend. In no id. */
  readonly backend: string;
  /** `LLC_CODE_VERSION`: takes the place of every numerics version. Null: not set. */
  readonly codeVersion: string | null;
  /** True if the task's result is there, valid and of this id. Asked once a task. */
  isDone(task: Task): boolean;
}

/** @throws bug if a sampler of the experiment has no numerics version. */
export const buildPlan = (experiment: PlannedExperiment, context: PlanContext): Plan => {
  const notes: string[] = [];
  const builds = experiment.targets.map((_, index) => buildTaskOf(experiment, index, context));
  const tasks = new Map<string, { readonly task: Task; readonly label: string }>();
  for (const [index, task] of builds.entries()) {
    const { label } = experiment.targets[index] as PlanTarget;
    const earlier = tasks.get(task.id);
    if (earlier === undefined) tasks.set(task.id, { task, label });
    else notes.push(`target "${label}" is the same as "${earlier.label}" (${task.id}): it is built once.`);
  }
  const cells: PlannedCell[] = [];
  for (const [targetIndex, build] of builds.entries()) {
    for (const samplerIndex of experiment.samplers.keys()) {
      const task = runTaskOf(experiment, { build, targetIndex, samplerIndex }, context);
      const cell = cellOf(experiment, { targetIndex, samplerIndex }, task);
      const earlier = tasks.get(task.id);
      const label = `${cell.targetLabel} × ${cell.samplerLabel}`;
      if (earlier === undefined) tasks.set(task.id, { task, label });
      else
        notes.push(
          `cell "${label}" is the same as "${earlier.label}" (${task.id}): it is run once and gets its own row.`,
        );
      cells.push({ ...cell, isDuplicate: earlier !== undefined });
    }
  }
  const ordered = topologicalOrder([...tasks.values()].map(({ task }) => task));
  return {
    id: sweepIdOf(experiment.experiment, ordered, cells),
    experiment: experiment.experiment,
    tasks: ordered,
    doneTaskIds: ordered.filter((task) => context.isDone(task)).map(({ id }) => id),
    cells,
    notes,
  };
};

const buildTaskOf = (experiment: PlannedExperiment, index: number, context: PlanContext): BuildTargetTask => {
  const target = experiment.targets[index] as PlanTarget;
  const config = {
    ...target.config,
    numerics_version: context.codeVersion ?? context.numericsVersions.target,
  };
  const targetId = `tgt_${contentHash(config, 12)}`;
  return {
    kind: "build-target",
    id: targetId,
    needs: [],
    title: target.label,
    resources: experiment.resourcesOf(index, null),
    targetId,
    config,
  };
};

interface CellPosition {
  readonly targetIndex: number;
  readonly samplerIndex: number;
}

const runTaskOf = (
  experiment: PlannedExperiment,
  cell: CellPosition & { readonly build: BuildTargetTask },
  context: PlanContext,
): RunSamplerTask => {
  const { build, targetIndex, samplerIndex } = cell;
  const sampler = experiment.samplers[samplerIndex] as PlanSampler;
  const version = context.numericsVersions.samplers[sampler.name];
  if (version === undefined) throw new Error(`bug: sampler ${sampler.name} has no numerics version`);
  const config = {
    ...experiment.resolveCell(targetIndex, samplerIndex),
    target_id: build.targetId,
    numerics_version: context.codeVersion ?? version,
  };
  const runId = contentHash(config, 8);
  return {
    kind: "run-sampler",
    id: `${build.targetId}/${sampler.name}_${runId}`,
    needs: [build.id],
    title: `${build.title} × ${sampler.label}`,
    resources: experiment.resourcesOf(targetIndex, samplerIndex),
    targetId: build.targetId,
    runId,
    sampler: sampler.name,
    backend: context.backend,
    config,
  };
};

const cellOf = (
  experiment: PlannedExperiment,
  { targetIndex, samplerIndex }: CellPosition,
  task: RunSamplerTask,
): Omit<PlannedCell, "isDuplicate"> => ({
  targetIndex,
  samplerIndex,
  targetLabel: (experiment.targets[targetIndex] as PlanTarget).label,
  samplerLabel: (experiment.samplers[samplerIndex] as PlanSampler).label,
  taskId: task.id,
  targetId: task.targetId,
  runId: task.runId,
  sampler: task.sampler,
});

/** Two plans of the same work are the same sweep: backend, resources and what is already done are left out. */
const sweepIdOf = (experiment: string, tasks: readonly Task[], cells: readonly PlannedCell[]): string => {
  const content = { experiment, tasks: tasks.map(({ id }) => id), cells: cells.map(({ taskId }) => taskId) };
  return `swp_${contentHash(content, 12)}`;
};
