/**
 * An experiment after presets, layers, lists and `--set` are worked out: what plans are made from.
 *
 * Configurations keep the snake_case of the file, because ids are hashes of their JSON. They hold all that can change a
 * result, each key with its value, and nothing else.
 */

import type { DataConfig } from "./schema/data.ts";
import type { ModelConfig } from "./schema/model.ts";
import { layerPosterior, type PosteriorConfig, type PosteriorLayer } from "./schema/posterior.ts";
import { layerSampling, type SamplingConfig, type SamplingLayer } from "./schema/sampling.ts";
import type { TeacherConfig } from "./schema/teacher.ts";
import type { TrainingConfig } from "./schema/training.ts";

export type Precision = "float64" | "float32";

/** Loss of training and sampling; df and scale come from `data.student_df` and `data.noise_scale`. */
export type LossConfig =
  | { readonly kind: "mse" | "bce" | "cross_entropy" }
  | { readonly kind: "t_regression"; readonly df: number; readonly scale: number };

/** Everything a target id is the hash of, but for `numerics_version`. */
export type TargetConfig = {
  readonly model: ModelConfig;
  readonly data: DataConfig;
  readonly teacher: TeacherConfig;
  readonly training: TrainingConfig;
  readonly loss: LossConfig;
  readonly seed: number;
};

/** Settings of a sampler: numbers, texts, flags, nulls and lists of them. */
export type SamplerSettings = {
  readonly [key: string]: number | string | boolean | null | readonly number[];
};

/** Everything a run id is the hash of, but for `target_id` and `numerics_version`. */
export type RunConfig = {
  readonly sampler: SamplerSettings & { readonly name: string };
  readonly posterior: PosteriorConfig;
  readonly sampling: SamplingConfig;
  readonly seed: number;
  readonly precision: Precision;
};

/** Presets that the file names for a target. */
export interface TargetPresets {
  readonly model: string;
  readonly data: string;
  readonly teacher: string;
}

export interface ResolvedTarget {
  readonly presets: TargetPresets;
  /** For people; equal only where the configurations are equal: `base/base seed 43 depth=8`. */
  readonly label: string;
  readonly config: TargetConfig;
  /** What runs on this target use where their sampler says nothing else. */
  readonly posterior: PosteriorConfig;
  readonly sampling: SamplingConfig;
}

export interface ResolvedSampler {
  /** Algorithm: `hmc`. */
  readonly name: string;
  /** For people; equal only where samplers are equal: `sgld step_size=1e-6`. */
  readonly label: string;
  readonly settings: SamplerSettings;
  readonly seed: number;
  readonly precision: Precision;
  /** What this sampler changes in the target's posterior and sampling. */
  readonly posterior: PosteriorLayer;
  readonly sampling: SamplingLayer;
  /** Where the file asks for it: `experiments.yaml:12:5`. */
  readonly place: string;
}

/** Limits of one kind of task; in no id. */
export interface ResourceLimits {
  /** Threads of one task; null: as many as its slot has. */
  readonly threads: number | null;
  /** Null: no limit. */
  readonly memoryMiB: number | null;
  /** Null: no limit. */
  readonly timeoutSec: number | null;
}

/** A checked experiment. Equal entries are kept; plans merge them. */
export interface Experiment {
  readonly name: string;
  /** Folder of the runs as written: relative to the working folder. */
  readonly storeRoot: string;
  readonly precision: Precision;
  /** In the order of the file, lists expanded as `config/README.md` says. */
  readonly targets: readonly ResolvedTarget[];
  readonly samplers: readonly ResolvedSampler[];
  readonly resources: { readonly build: ResourceLimits; readonly sample: ResourceLimits };
  /** How often a failed task is tried again. */
  readonly retries: number;
  /** The experiment file as it was read, and its name. */
  readonly sourceText: string;
  readonly file: string;
}

/** Run configuration of one cell: the target's posterior and sampling under what the sampler changes. */
export const resolveCell = (target: ResolvedTarget, sampler: ResolvedSampler): RunConfig => ({
  sampler: { name: sampler.name, ...sampler.settings },
  posterior: layerPosterior(target.posterior, sampler.posterior),
  sampling: layerSampling(target.sampling, sampler.sampling),
  seed: sampler.seed,
  precision: sampler.precision,
});
