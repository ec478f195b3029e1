/**
 * The resolved configuration of a target, as numerics reads it: the camelCase form of the JSON that a target id hashes.
 *
 * Keys marked optional have the stated default here, so that a configuration written before the key existed still
 * means the same target.
 */
import type { Activation, LossSpec } from "../compute/model.ts";

/** Law of the initial weights; see `network/initial-weights.ts`. */
export type WeightLaw = "he" | "xavier" | "lecun" | "orthogonal" | "normal";

/** `none` is another word for `identity`. */
export type ActivationName = Activation | "none";

/** Multi-layer perceptron. Widths: `widths`, else inferred from `targetParams`, else `hidden` in every layer. */
export interface MlpConfig {
  readonly kind: "mlp";
  readonly inDim: number;
  readonly outDim: number;
  /** Number of hidden layers; 0: a linear model. */
  readonly depth: number;
  readonly widths: readonly number[] | null;
  readonly activation: ActivationName;
  readonly bias: boolean;
  readonly layernorm: boolean;
  readonly init: WeightLaw;
  /** Multiplies the initial weights of the student. Default 1. */
  readonly initScale?: number;
  readonly targetParams: number | null;
  readonly hidden: number | null;
  readonly skipConnections: boolean;
  readonly residualPeriod: number;
}

/** Product of matrices without biases; its own teacher is a product of rank `rank`. */
export interface DeepLinearConfig {
  readonly kind: "deep_linear";
  /** Input, hidden layers, output: at least two. */
  readonly widths: readonly number[];
  /** At most the smallest width. */
  readonly rank: number;
  /** Used where `training.at` is `trained`. Default `xavier`. */
  readonly init?: WeightLaw;
  readonly initScale?: number;
}

/** ½·Σ curvature_i·w_i². */
export interface QuadraticConfig {
  readonly kind: "quadratic";
  readonly dim: number;
  /** One number ≥ 0 for all directions, or one a direction. */
  readonly curvature: number | readonly number[];
}

/** Closed forms in powers of |w_i|; see `LossModel`. */
export interface PowerConfig {
  readonly kind: "monomial" | "power_sum";
  readonly exponents: readonly number[];
  readonly coefficient: number;
}

export type ModelConfig = MlpConfig | DeepLinearConfig | QuadraticConfig | PowerConfig;

export type InputLaw = "gauss_iso" | "gauss_aniso" | "mixture" | "lowdim_manifold" | "heavy_tail" | "uniform";
export type NoiseLaw = "gauss" | "hetero" | "student_t" | "outliers" | "none";
/** How class labels come from logits; see `data/label-law.ts`. */
export type LabelKind = "sampled" | "hard" | "soft";

/** Size and laws of the data; `data/input-law.ts` and `data/noise-law.ts` give the equations. */
export interface DataConfig {
  readonly nData: number;
  /** 0: no test set. */
  readonly nTest: number;
  readonly xDist: InputLaw;
  readonly covDecay: number;
  readonly mixtureK: number;
  readonly mixtureSpread: number;
  readonly xDimLatent: number;
  readonly noiseModel: NoiseLaw;
  readonly noiseScale: number;
  readonly heteroScale: number;
  readonly studentDf: number;
  readonly outlierFrac: number;
  readonly outlierScale: number;
  /** Used by losses `bce` and `cross_entropy`. Default `sampled`. */
  readonly labelKind?: LabelKind;
}

/** Overrides of the student's architecture; a key that is absent or null is the student's. Empty: the same network. */
export interface TeacherConfig {
  readonly depth?: number | null;
  readonly widths?: readonly number[] | null;
  readonly activation?: ActivationName | null;
  /** Probability that a clean label is replaced by 0. Default 0. */
  readonly dropoutRate?: number | null;
  readonly targetParams?: number | null;
  readonly hidden?: number | null;
}

/** How w* is found. */
export interface TrainingConfig {
  readonly optimizer: "adam" | "adamw" | "sgd";
  readonly learningRate: number;
  readonly steps: number;
  /** Standard deviation of recent losses below which training stops; null: never. */
  readonly earlyStopTol: number | null;
  /** Rows of a minibatch, drawn with replacement; null: all data. */
  readonly batchSize: number | null;
  /** Euclidean norm of ∇L_n below which training stops; null or 0: never. */
  readonly gradientTol: number | null;
  /** Decoupled for `adamw`, added to the gradient for `adam` and `sgd`. */
  readonly weightDecay: number;
  /** Heavy-ball momentum of `sgd`. */
  readonly momentum: number;
  /** Full-batch quasi-Newton iterations after the optimizer. Default 1000. */
  readonly polishSteps?: number;
  /**
   * Polishing ends when 50 iterations lowered nβ·L_n by less, in nats at nβ = n/log n; 0: only at `gradientTol` or where
   * rounding begins. In flat valleys the minimum can lie infinitely far out, and w* should stay near the trained
   * weights. Default 0.01.
   */
  readonly polishTol?: number;
  /** `teacher`: w* is the teacher's parameters and nothing is trained. */
  readonly at: "trained" | "teacher";
}

export interface TargetConfig {
  readonly model: ModelConfig;
  readonly data: DataConfig;
  readonly teacher: TeacherConfig;
  readonly training: TrainingConfig;
  readonly loss: LossSpec;
  /** Names every random number of the target: an integer in [0, 2⁵³). */
  readonly seed: number;
}

/** True for the losses that are functions of w alone, without data. */
export const isClosedForm = (model: ModelConfig): model is QuadraticConfig | PowerConfig =>
  model.kind !== "mlp" && model.kind !== "deep_linear";
