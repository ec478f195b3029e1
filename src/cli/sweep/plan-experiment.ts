/** Experiment file → plan, with what is known about finished work and about how long things take. */
import { type Experiment, type RunConfig, resolveCell } from "../../config/experiment.ts";
import { loadExperiment } from "../../config/load-experiment.ts";
import { workUnitsOf } from "../../config/work-units.ts";
import type { Json } from "../../core/canonical-json.ts";
import { buildPlan, type JsonObject, type PlannedExperiment } from "../../plan/build-plan.ts";
import { estimateSeconds, fastestSeconds, type TaskDuration } from "../../plan/estimate-cost.ts";
import type { Plan } from "../../plan/plan.ts";
import { readEntries } from "../../runs/catalog.ts";
import { catalogFile, listTargets, type Store, storeAt, targetFiles } from "../../runs/layout.ts";
import { isTaskDoneSince } from "../../tasks/done-since.ts";
import { numericsVersions } from "../../tasks/numerics-versions.ts";

/** What to plan and how. */
export interface PlanRequest {
  readonly config: string;
  readonly sets: readonly string[];
  readonly backend: string;
  /** False: finished work counts as not done. */
  readonly skip: boolean;
  /** Threads and time limits of tasks for which the experiment names none. */
  readonly build: TaskDefaults;
  readonly sample: TaskDefaults;
}

/** What the cards say about tasks of one class. */
export interface TaskDefaults {
  readonly threads: number;
  readonly timeoutSec: number | null;
}

/** A plan with the experiment and the store it is about. */
export interface PlannedSweep {
  readonly experiment: Experiment;
  readonly plan: Plan;
  readonly store: Store;
  /** Expected seconds by task id, from earlier runs; absent where nothing is known. */
  readonly expectedSec: ReadonlyMap<string, number>;
  /** At the speed of the fastest comparable run, where one tells it. */
  readonly fastestSec: ReadonlyMap<string, number>;
  /** `expectedSec`, with a guess from sizes where nothing is known: good for an order, not for a promise. */
  readonly orderSec: ReadonlyMap<string, number>;
}

/** @throws SweepError `CONFIG_INVALID`, `NOT_FOUND`. */
export const planExperiment = (request: PlanRequest): PlannedSweep => {
  const experiment = loadExperiment(request.config, { sets: request.sets });
  const store = storeAt(process.cwd(), experiment.storeRoot);
  const isDone = isTaskDoneSince(store.runs);
  const plan = buildPlan(plannedExperimentOf(experiment, request), {
    numericsVersions,
    backend: request.backend,
    codeVersion: process.env["LLC_CODE_VERSION"] ?? null,
    isDone: (task) => request.skip && isDone(task, null),
  });
  const { expectedSec, fastestSec } = durationsOf(plan, store);
  return { experiment, plan, store, expectedSec, fastestSec, orderSec: orderSeconds(plan, expectedSec) };
};

const plannedExperimentOf = (experiment: Experiment, { build, sample }: PlanRequest): PlannedExperiment => ({
  experiment: experiment.name,
  targets: experiment.targets.map(({ label, config }) => ({
    label,
    config: config as unknown as JsonObject,
  })),
  samplers: experiment.samplers,
  resolveCell: (targetIndex, samplerIndex) => {
    const target = experiment.targets[targetIndex];
    const sampler = experiment.samplers[samplerIndex];
    if (target === undefined || sampler === undefined) throw new Error("bug: a cell outside the experiment");
    return resolveCell(target, sampler) as unknown as JsonObject;
  },
  resourcesOf: (_, samplerIndex) => {
    const limits = samplerIndex === null ? experiment.resources.build : experiment.resources.sample;
    const defaults = samplerIndex === null ? build : sample;
    return {
      threads: limits.threads ?? defaults.threads,
      timeoutSec: limits.timeoutSec ?? defaults.timeoutSec,
      memoryMiB: limits.memoryMiB,
    };
  },
});

/** What earlier builds and runs in the store tell of the plan's tasks, seconds by task id. */
const durationsOf = (plan: Plan, store: Store): Pick<PlannedSweep, "expectedSec" | "fastestSec"> => {
  const { history, dims } = historyOf(store);
  const [expectedSec, fastestSec] = [new Map<string, number>(), new Map<string, number>()];
  if (history.length === 0) return { expectedSec, fastestSec };
  const numData = new Map(
    plan.tasks.flatMap((task) =>
      task.kind === "build-target" ? [[task.targetId, numDataOf(task.config)]] : [],
    ),
  );
  for (const task of plan.tasks) {
    if (task.kind === "noop") continue;
    const isRun = task.kind === "run-sampler";
    const query = {
      kind: task.kind,
      sampler: isRun ? task.sampler : null,
      dims: dims.get(task.targetId) ?? null,
      workUnits: isRun
        ? workUnitsOf(task.config as unknown as RunConfig, numData.get(task.targetId) ?? 1)
        : null,
    };
    const [expected, fastest] = [estimateSeconds(query, history), fastestSeconds(query, history)];
    if (expected !== null) expectedSec.set(task.id, expected);
    if (fastest !== null) fastestSec.set(task.id, fastest);
  }
  return { expectedSec, fastestSec };
};

const historyOf = (store: Store): { history: TaskDuration[]; dims: Map<string, number> } => {
  const history: TaskDuration[] = [];
  const dims = new Map<string, number>();
  for (const entry of readEntries(catalogFile(store.runs))) {
    if (typeof entry["d"] !== "number") continue;
    dims.set(entry.id, entry["d"]);
    if (typeof entry["walltime_sec"] === "number") {
      history.push({ kind: "build-target", sampler: null, dims: entry["d"], seconds: entry["walltime_sec"] });
    }
  }
  for (const targetId of listTargets(store.runs)) {
    for (const entry of readEntries(targetFiles(store.runs, targetId).runs)) {
      const { sampler, d, walltime_sec: seconds, work_units: units } = entry;
      if (typeof sampler !== "string" || typeof d !== "number" || typeof seconds !== "number") continue;
      const workUnits = typeof units === "number" ? units : null;
      history.push({ kind: "run-sampler", sampler, dims: d, seconds, workUnits });
    }
  }
  return { history, dims };
};

/** Points × parameters of a target's configuration stand for its cost where no run of it is known. */
const orderSeconds = (plan: Plan, expectedSec: ReadonlyMap<string, number>): ReadonlyMap<string, number> => {
  const sizes = new Map(
    plan.tasks.flatMap((task): [string, number][] =>
      task.kind === "build-target" ? [[task.targetId, sizeOf(task.config)]] : [],
    ),
  );
  return new Map(
    plan.tasks.map((task) => {
      const size = task.kind === "noop" ? 0 : (sizes.get(task.targetId) ?? 0);
      return [task.id, expectedSec.get(task.id) ?? size * 1e-6];
    }),
  );
};

const sizeOf = (config: Json): number => {
  const { model } = config as { model?: { target_params?: number | null; hidden?: number | null } };
  return numDataOf(config) * (model?.target_params ?? (model?.hidden ?? 1) ** 2);
};

const numDataOf = (config: Json): number => (config as { data?: { n_data?: number } }).data?.n_data ?? 1;
