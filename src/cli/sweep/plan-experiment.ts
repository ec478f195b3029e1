/** Experiment file → plan, with what is known about finished work and about how long things take. */
import { type Experiment, type RunConfig, resolveCell, type TargetConfig } from "../../config/experiment.ts";
import { loadExperiment } from "../../config/load-experiment.ts";
import { numParametersOf, selectionOf } from "../../config/resolve/num-parameters.ts";
import { isClosedForm } from "../../config/schema/model.ts";
import { workOf } from "../../config/work-units.ts";
import type { Json } from "../../core/canonical-json.ts";
import { camelKeys } from "../../core/case.ts";
import { buildPlan, type JsonObject, type PlannedExperiment } from "../../plan/build-plan.ts";
import {
  type DurationQuery,
  estimateSeconds,
  fastestSeconds,
  leastSeconds,
  type PastWork,
  type TaskDuration,
} from "../../plan/estimate-cost.ts";
import type { Plan } from "../../plan/plan.ts";
import type { RunSamplerTask } from "../../plan/task.ts";
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
  /** What runs: all of the experiment, or the part that a command is about. */
  readonly plan: Plan;
  /** All of the experiment. */
  readonly whole: Plan;
  readonly store: Store;
  /** Expected seconds by task id, from earlier runs; absent where nothing is known. */
  readonly expectedSec: ReadonlyMap<string, number>;
  /** Runs alone: at the speed of the fastest comparable run, where one tells it. */
  readonly fastestSec: ReadonlyMap<string, number>;
  /** Runs alone: no machine is faster. */
  readonly leastSec: ReadonlyMap<string, number>;
  /** `expectedSec`, with a guess from settings and sizes where nothing is known: good for an order, not for a promise. */
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
  const durations = durationsOf(plan, store);
  const orderSec = orderSeconds(plan, durations);
  return { experiment, plan, whole: plan, store, ...durations, orderSec };
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

/** What sizes, and earlier builds and runs in the store, tell of the plan's tasks, seconds by task id. */
const durationsOf = (
  plan: Plan,
  store: Store,
): Pick<PlannedSweep, "expectedSec" | "fastestSec" | "leastSec"> => {
  const { history, dims } = historyOf(store);
  const expectedSec = new Map<string, number>();
  const fastestSec = new Map<string, number>();
  const leastSec = new Map<string, number>();
  const targets = new Map<string, TargetConfig>();
  for (const task of plan.tasks) {
    if (task.kind === "build-target") targets.set(task.targetId, task.config as unknown as TargetConfig);
  }
  for (const task of plan.tasks) {
    const target = task.kind === "noop" ? undefined : targets.get(task.targetId);
    if (task.kind === "noop" || target === undefined) continue;
    const built = dims.get(task.targetId) ?? numParametersOf(target.model);
    const query = task.kind === "build-target" ? buildQuery(built) : runQuery(task, target, built);
    const [expected, fastest] = [estimateSeconds(query, history), fastestSeconds(query, history)];
    if (expected !== null) expectedSec.set(task.id, expected);
    if (fastest !== null) fastestSec.set(task.id, fastest);
    if (task.kind === "run-sampler") leastSec.set(task.id, leastOf(task, target, query.dims));
  }
  return { expectedSec, fastestSec, leastSec };
};

const buildQuery = (dims: number | null): DurationQuery => ({ kind: "build-target", sampler: null, dims });

const runQuery = (task: RunSamplerTask, target: TargetConfig, built: number | null): DurationQuery => {
  const config = task.config as unknown as RunConfig;
  const { parameters } = config.posterior;
  const selection = parameters === undefined ? null : selectionOf(target.model, parameters);
  const dims = parameters === undefined ? built : selection?.kind === "count" ? selection.count : null;
  const isNetwork = !isClosedForm(target.model.kind);
  const work = workOf(config, { numData: target.data.n_data, dim: dims, isNetwork });
  const { threads } = task.resources;
  return {
    kind: task.kind,
    sampler: task.sampler,
    dims,
    work: { ...work, backend: task.backend, threads },
  };
};

/** Closed forms do not look at data: their cost is that of one point. */
const leastOf = (task: RunSamplerTask, { model, data }: TargetConfig, dim: number | null): number => {
  const isNetwork = !isClosedForm(model.kind);
  const config = task.config as unknown as RunConfig;
  const work = workOf(config, { numData: isNetwork ? data.n_data : 1, dim, isNetwork });
  return leastSeconds(work, { dims: dim, threads: task.resources.threads });
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
      const { sampler, d, walltime_sec: seconds } = entry;
      if (typeof sampler !== "string" || typeof d !== "number" || typeof seconds !== "number") continue;
      const work = (camelKeys(entry["work"]) ?? null) as PastWork | null;
      history.push({ kind: "run-sampler", sampler, dims: d, seconds, work });
    }
  }
  return { history, dims };
};

/** Where no earlier run tells: for runs what their settings ask for, for builds points × parameters. */
const orderSeconds = (
  { tasks }: Plan,
  { expectedSec, leastSec }: Pick<PlannedSweep, "expectedSec" | "leastSec">,
): ReadonlyMap<string, number> =>
  new Map(
    tasks.map((task) => {
      const guess = task.kind === "build-target" ? sizeOf(task.config) * 1e-6 : leastSec.get(task.id);
      return [task.id, expectedSec.get(task.id) ?? guess ?? 0];
    }),
  );

const sizeOf = (config: Json): number => {
  const { model } = config as { model?: { target_params?: number | null; hidden?: number | null } };
  return numDataOf(config) * (model?.target_params ?? (model?.hidden ?? 1) ** 2);
};

const numDataOf = (config: Json): number => (config as { data?: { n_data?: number } }).data?.n_data ?? 1;
