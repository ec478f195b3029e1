/**
 * Keys of `posterior`: −nβ·L_n(w) − (γ/2)‖w − w*‖². Blocks are layered (preset, top level, target, sampler), so every
 * key is optional in a block; the lowest layer holds the defaults.
 */
import { z } from "zod";
import { oneOf, orNull, realNumber, word } from "./fields.ts";

/** Losses a network can be trained and sampled with. */
export const lossNames = ["mse", "t_regression", "bce", "cross_entropy"] as const;

/** One part, `layers[1]` or `layers[1].biases`; several are joined by +. */
const part = String.raw`layers\[\d{1,4}\](\.(weights|biases|scales|shifts))?`;
const parametersPattern = new RegExp(String.raw`^${part}( ?\+ ?${part})*$`);

const samplerPosterior = {
  beta: realNumber("Inverse temperature; short for `beta_mode: fixed` with this `beta0`.", {
    above: 0,
  }).optional(),
  beta_mode: oneOf("1_over_log_n: beta = beta0 / ln(max(3, n)). fixed: beta = beta0.", [
    "1_over_log_n",
    "fixed",
  ]).optional(),
  beta0: realNumber("Factor, or value, of the inverse temperature.", { above: 0 }).optional(),
  gamma: realNumber("Strength of the pull to w*; 0 for none.", { min: 0 }).optional(),
  prior_radius: orNull(
    realNumber("Radius around w*: sets gamma = dim / prior_radius^2.", { above: 0 }),
    "`gamma` decides",
  ).optional(),
  parameters: orNull(
    word(
      "Weights that are sampled, the others staying at w* (restricted LLC): layers[1], layers[0].biases; joined by +.",
      "layers[0], layers[0].weights, or several joined by +",
      parametersPattern,
    ),
    "all weights",
  ).optional(),
};

/** Schema of a sampler's posterior layer: all but the loss, which the weights w* were trained with. */
export const samplerPosteriorSchema = z.strictObject(samplerPosterior);

/** Schema of a posterior layer at top level or at a target. */
export const posteriorSchema = z.strictObject({
  loss: oneOf("Loss of training and sampling.", lossNames).optional(),
  ...samplerPosterior,
});

/** Values where no layer says otherwise. */
export const posteriorDefaults = {
  beta_mode: "1_over_log_n",
  beta0: 1,
  gamma: 1,
  prior_radius: null,
} as const;

/** A layer after `beta` is spelt out; absent keys leave the layer below as it is. */
export type PosteriorLayer = {
  readonly beta_mode?: "1_over_log_n" | "fixed" | undefined;
  readonly beta0?: number | undefined;
  readonly gamma?: number | undefined;
  readonly prior_radius?: number | null | undefined;
  readonly parameters?: string | null | undefined;
};

/** Posterior of a run. */
export type PosteriorConfig = {
  readonly beta_mode: "1_over_log_n" | "fixed";
  readonly beta0: number;
  /** Null where `prior_radius` decides. */
  readonly gamma: number | null;
  readonly prior_radius: number | null;
  /** Weights that are sampled; absent: all. Only where it is set is it part of a run's id. */
  readonly parameters?: string;
};

/** No key where all weights are sampled. */
const sampledParameters = (
  base: PosteriorConfig,
  over: PosteriorLayer,
): Pick<PosteriorConfig, "parameters"> => {
  const named = over.parameters === undefined ? base.parameters : over.parameters;
  return named === undefined || named === null ? {} : { parameters: named };
};

/** `over` laid on `base`. The layer that names one of gamma and prior_radius decides between them. */
export const layerPosterior = (base: PosteriorConfig, over: PosteriorLayer): PosteriorConfig => {
  const { beta_mode = base.beta_mode, beta0 = base.beta0 } = over;
  const parameters = sampledParameters(base, over);
  if (over.prior_radius !== undefined && over.prior_radius !== null) {
    return { beta_mode, beta0, gamma: null, prior_radius: over.prior_radius, ...parameters };
  }
  const keepsRadius = over.gamma === undefined && over.prior_radius === undefined;
  const gamma = over.gamma ?? base.gamma ?? (keepsRadius ? null : posteriorDefaults.gamma);
  return { beta_mode, beta0, gamma, prior_radius: keepsRadius ? base.prior_radius : null, ...parameters };
};
