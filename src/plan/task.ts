/**
 * Glossary of orchestration, and the tasks a plan is made of.
 *
 * experiment: one YAML file. target: data set + trained network + loss. sampler: algorithm + settings.
 * cell: one target × one sampler. sweep: N targets × M samplers, planned and carried out together. plan: DAG of tasks.
 * task: node of the plan. class: build or sample, what cards call the kinds of task. job: the queue's copy of a task.
 * worker: process that takes tasks. slot: one GPU or one share of cores. allocation: one SLURM job that holds workers.
 * block: one allocation, or one run of a card's command. card: YAML that says where workers run.
 * run: draws of a cell's posterior, and their folder; attempt: n-th try of a task. chain, draw, warmup: as in MCMC.
 *
 * Tasks are plain JSON: they cross processes and Redis. Their `config` is the resolved, snake_case configuration that
 * their id is the hash of.
 */
import type { Json } from "../core/canonical-json.ts";

export type { TaskKind } from "../core/task-class.ts";

/** Settings of execution that are in no id: they may change between attempts without changing the result. */
export interface TaskResources {
  /** Threads of the compute backend. */
  readonly threads: number;
  /** Task is stopped when it takes longer; null: no limit. */
  readonly timeoutSec: number | null;
  /** Task is stopped when its processes hold more memory; null: no limit. */
  readonly memoryMiB: number | null;
}

interface TaskBase {
  /** Content hash: `tgt_<12 hex>`, or `<target id>/<sampler>_<8 hex>` for a cell. Unique in a plan. */
  readonly id: string;
  /** Ids of tasks that must have succeeded before. */
  readonly needs: readonly string[];
  /** For people: `base/base seed 43`, `hmc`. */
  readonly title: string;
  readonly resources: TaskResources;
}

/** Generates the data set, trains the network, writes `runs/targets/<id>/`. */
export interface BuildTargetTask extends TaskBase {
  readonly kind: "build-target";
  readonly targetId: string;
  readonly config: Json;
}

/** Samples one target's posterior and analyses the draws; writes `runs/targets/<target>/run_<sampler>_<run id>/`. */
export interface RunSamplerTask extends TaskBase {
  readonly kind: "run-sampler";
  readonly targetId: string;
  /** 8 hex digits. */
  readonly runId: string;
  readonly sampler: string;
  /** `auto`, or the name of a compute backend. */
  readonly backend: string;
  readonly config: Json;
}

/** What a `noop` task does, in this order; every part is optional. */
export interface NoopBehaviour {
  /** Writes this line to standard output, and `stderr` to standard error. */
  readonly stdout?: string;
  readonly stderr?: string;
  /** Sleeps in slices, asking whether to stop; gives back when it should. */
  readonly sleepMs?: number;
  /** Computes without ever yielding, deaf to every request to stop. */
  readonly busyMs?: number;
  /** Holds this much memory outside the JavaScript heap until it ends. */
  readonly allocateMiB?: number;
  /** Fills the JavaScript heap with this much. */
  readonly heapMiB?: number;
  /** Ends its process with this code. */
  readonly exitCode?: number;
  /** Fails with this message. */
  readonly fail?: string;
  /** Throws this where nothing can catch it, while the task goes on. */
  readonly throwAside?: string;
  /** Whether that failure may be retried; default false. */
  readonly retryable?: boolean;
  /** `exitCode`, `fail`, `throwAside`, `busyMs` and `sleepMs` apply only to attempts up to this one; default: to all. */
  readonly untilAttempt?: number;
}

/** Does nothing, or what `behaviour` says; for benchmarks and tests of queues. */
export interface NoopTask extends TaskBase {
  readonly kind: "noop";
  readonly behaviour: NoopBehaviour;
}

export type Task = BuildTargetTask | RunSamplerTask | NoopTask;
