/** Settings of `vi`, their checks, and the stages of a fit. */
import { SweepError } from "../../core/errors.ts";
import { requireInteger, requirePositive, requireSetting } from "../chains/require-setting.ts";
import type { Stage } from "../chains/stages.ts";

export interface ViSettings {
  /** The family: `mfa`, a mixture of factor analysers, or `flow`, a RealNVP. */
  readonly algo: "mfa" | "flow";
  /** Components. */
  readonly M: number;
  /** Columns of each component's loadings, ≥ 0. */
  readonly r: number;
  /** r_m of each component, each at most `r`; null: all `r`. */
  readonly rPerComponent: readonly number[] | null;
  /** Optimiser steps. */
  readonly steps: number;
  /** Draws of q averaged in one gradient. */
  readonly samplesPerStep: number;
  /** Rows of a minibatch; null, or at least the data's size: all data. */
  readonly batchSize: number | null;
  readonly lr: number;
  /** null is constant; all rise linearly first. */
  readonly lrSchedule: null | "constant" | "cosine" | "linear_decay";
  readonly lrWarmupFrac: number;
  /** Bound on the norm of the whole gradient, nats; null: none. One that is active all the time shifts the optimum. */
  readonly clipGlobalNorm: number | null;
  /** Steps a block whose mean ELBO is kept to judge convergence. */
  readonly evalEvery: number;
  /** Recorded independent draws of each fit. */
  readonly evalSamples: number;
  /** Scale of coordinates from minibatch gradients at w*. */
  readonly whiteningMode: "none" | "rmsprop" | "adam";
  readonly whiteningDecay: number;
  /** T of π = softmax(α/T). */
  readonly alphaTemperature: number;
  /** α0 of a Dirichlet prior on π; null: none. */
  readonly alphaDirichletPrior: number | null;
  /** Weight of the entropy of π in the objective. */
  readonly entropyBonus: number;
  /** Must be false. */
  readonly tensorboard: boolean;
  /** Of `flow`: coordinates that the flow moves; the whole space where there are no more. */
  readonly dLatent: number;
  /** Of `flow`: standard deviation in all other directions, in units of the coordinates' scale. */
  readonly sigmaPerp: number;
  /** Of `flow`: coupling layers. */
  readonly flowDepth: number;
  /** Of `flow`: hidden widths of each layer's network. */
  readonly flowHidden: readonly number[];
  /** Of `flow`: kind of layers. */
  readonly flowType: "realnvp";
}

/** `whiten`, `train`, and of `mfa` `curvature` and `pilot` (for the control variate), in this order. */
export type ViStage = "whiten" | "train" | "curvature" | "pilot";

/** Draws of each fit that set the coefficients of the control variate; none of them is recorded. */
export const numPilotDraws = 32;

/** Columns and diagonal probes of the Hessian's model; see `vi-control-variate.ts`. */
const maxColumns = 16;
const numDiagonalProbes = 8;

/** How many directions each stage of the Hessian's model looks along, in rounds of one a chain. */
export interface CurvatureRounds {
  readonly numColumns: number;
  /** Rounds to find the columns, and as many again to multiply by them. */
  readonly columns: number;
  readonly diagonal: number;
}

/** Rounds for an ensemble of that shape. */
export const curvatureRounds = ({ dim, numChains }: { dim: number; numChains: number }): CurvatureRounds => {
  const numColumns = Math.min(dim, maxColumns);
  return {
    numColumns,
    columns: Math.ceil(numColumns / numChains),
    diagonal: dim > numColumns ? Math.ceil(numDiagonalProbes / numChains) : 0,
  };
};

/** Warmup in order; each unit evaluates the gradient once (twice in `curvature`) or, in `pilot`, the loss. */
export const viStages = (
  settings: ViSettings,
  shape: { dim: number; numChains: number },
): readonly Stage<ViStage>[] => {
  const { steps, whiteningMode, algo } = settings;
  const rounds = curvatureRounds(shape);
  const whitening = Math.min(1000, Math.max(500, Math.floor(steps / 10)));
  const fitting = [
    { name: "whiten", count: whiteningMode === "none" ? 0 : Math.ceil(whitening / shape.numChains) },
    { name: "train", count: steps },
  ] as const;
  if (algo === "flow") return fitting;
  return [
    ...fitting,
    { name: "curvature", count: 2 * rounds.columns + rounds.diagonal },
    { name: "pilot", count: numPilotDraws },
  ];
};

/** r_m of each component. */
export const ranksOf = ({ M, r, rPerComponent }: ViSettings): readonly number[] =>
  rPerComponent ?? Array.from({ length: M }, () => r);

/** @throws CONFIG_INVALID on settings out of range. */
export const checkViSettings = (settings: ViSettings): void => {
  requireOneOf("vi.algo", settings.algo, ["mfa", "flow"]);
  requireInteger("vi.M", settings.M, 1);
  requireInteger("vi.r", settings.r, 0);
  requireInteger("vi.steps", settings.steps, 1);
  requireInteger("vi.samples_per_step", settings.samplesPerStep, 1);
  requireInteger("vi.eval_every", settings.evalEvery, 1);
  requireInteger("vi.eval_samples", settings.evalSamples, 1);
  if (settings.batchSize !== null) requireInteger("vi.batch_size", settings.batchSize, 1);
  requirePositive("vi.lr", settings.lr);
  requirePositive("vi.alpha_temperature", settings.alphaTemperature);
  if (settings.clipGlobalNorm !== null) requirePositive("vi.clip_global_norm", settings.clipGlobalNorm);
  if (settings.alphaDirichletPrior !== null)
    requirePositive("vi.alpha_dirichlet_prior", settings.alphaDirichletPrior);
  requireOneOf("vi.lr_schedule", settings.lrSchedule, [null, "constant", "cosine", "linear_decay"]);
  requireOneOf("vi.whitening_mode", settings.whiteningMode, ["none", "rmsprop", "adam"]);
  requireShare("vi.lr_warmup_frac", settings.lrWarmupFrac);
  requireShare("vi.whitening_decay", settings.whiteningDecay);
  requireSetting(Number.isFinite(settings.entropyBonus) && settings.entropyBonus >= 0, {
    name: "vi.entropy_bonus",
    value: settings.entropyBonus,
    expected: "a number of at least 0",
  });
  checkRanks(settings);
  checkFlow(settings);
  if (!settings.tensorboard) return;
  throw new SweepError(
    "CONFIG_INVALID",
    "vi.tensorboard: got true; expected false. TensorBoard files are not written: the fit's progress is in the run's log and analysis.json.",
  );
};

const requireOneOf = (name: string, value: unknown, known: readonly unknown[]): void =>
  requireSetting(known.includes(value), { name, value, expected: `one of ${known.map(String).join(", ")}` });

const requireShare = (name: string, value: number): void =>
  requireSetting(value >= 0 && value < 1, { name, value, expected: "a number of at least 0 and below 1" });

const checkFlow = ({ dLatent, sigmaPerp, flowDepth, flowHidden, flowType }: ViSettings): void => {
  requireInteger("vi.d_latent", dLatent, 1);
  requirePositive("vi.sigma_perp", sigmaPerp);
  requireInteger("vi.flow_depth", flowDepth, 1);
  requireSetting(flowHidden.length > 0 && flowHidden.every((width) => Number.isInteger(width) && width > 0), {
    name: "vi.flow_hidden",
    value: flowHidden,
    expected: "a list of whole numbers of at least 1",
  });
  requireOneOf("vi.flow_type", flowType, ["realnvp"]);
};

const checkRanks = ({ M, r, rPerComponent }: ViSettings): void => {
  const isValid =
    rPerComponent === null ||
    (rPerComponent.length === M &&
      rPerComponent.every((rank) => Number.isInteger(rank) && rank >= 0 && rank <= r));
  requireSetting(isValid, {
    name: "vi.r_per_component",
    value: rPerComponent,
    expected: `null or a list of M = ${M} integers from 0 to r = ${r}`,
  });
};
