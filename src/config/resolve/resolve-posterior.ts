/** Layers of `posterior` and `sampling` → what holds at a target, and what a sampler changes. */

import { hasValue, type Located, type LocatedMap, memberOf } from "../../core/yaml/located.ts";
import { gotOf } from "../../core/yaml/mistakes.ts";
import {
  layerPosterior,
  type PosteriorConfig,
  type PosteriorLayer,
  posteriorDefaults,
  posteriorSchema,
  samplerPosteriorSchema,
} from "../schema/posterior.ts";
import {
  layerSampling,
  type SamplingConfig,
  type SamplingLayer,
  samplingDefaults,
  samplingSchema,
} from "../schema/sampling.ts";
import { validateBlock } from "../schema/validate-block.ts";
import type { Resolution } from "./resolution.ts";

/** Loss and posterior of a target. */
export interface TargetPosterior {
  readonly loss: "mse" | "t_regression" | "bce" | "cross_entropy";
  readonly posterior: PosteriorConfig;
}

/** Layers, lowest first → loss and posterior of a target. */
export const resolvePosterior = (resolution: Resolution, layers: readonly LocatedMap[]): TargetPosterior => {
  let loss: TargetPosterior["loss"] = "mse";
  let posterior: PosteriorConfig = posteriorDefaults;
  for (const layer of layers) {
    const block = { name: "posterior", schema: posteriorSchema };
    const values = validateBlock(block, layer, resolution.mistakes);
    refuseContradictions(resolution, layer);
    if (values === null) continue;
    loss = values.loss ?? loss;
    posterior = layerPosterior(posterior, spellOutBeta(values));
  }
  return { loss, posterior };
};

/** Layers, lowest first → what a sampler changes. A loss among them is refused. */
export const resolveSamplerPosterior = (
  resolution: Resolution,
  layers: readonly LocatedMap[],
): PosteriorLayer => {
  let changes: PosteriorLayer = {};
  for (const layer of layers) {
    const block = { name: "sampler posterior", schema: samplerPosteriorSchema };
    const values = validateBlock(block, layer, resolution.mistakes);
    refuseContradictions(resolution, layer);
    if (values !== null) changes = overlay(changes, spellOutBeta(values));
  }
  return changes;
};

/** A preset's layer under the sampler's own keys; whichever names gamma or prior_radius last decides. */
const overlay = (base: PosteriorLayer, over: PosteriorLayer): PosteriorLayer => {
  const decides = over.gamma !== undefined || over.prior_radius !== undefined;
  const { gamma: _gamma, prior_radius: _radius, ...rest } = base;
  const given = Object.fromEntries(Object.entries(over).filter(([, value]) => value !== undefined));
  return { ...(decides ? rest : base), ...given };
};

const spellOutBeta = (values: PosteriorLayer & { beta?: number | undefined }): PosteriorLayer => {
  const { beta_mode, beta0, gamma, prior_radius, parameters } = values;
  if (values.beta === undefined) return { beta_mode, beta0, gamma, prior_radius, parameters };
  return { beta_mode: "fixed", beta0: values.beta, gamma, prior_radius, parameters };
};

/** Two keys of one layer that set the same number. */
const refuseContradictions = ({ mistakes }: Resolution, layer: LocatedMap): void => {
  const refuse = (key: string, other: string, why: string): void => {
    if (!hasValue(layer, key) || !hasValue(layer, other)) return;
    const { place, path } = memberOf(layer, key) as Located;
    const text = `got ${gotOf(memberOf(layer, key) as Located)} together with ${other}, ${why}; expected one of the two.`;
    mistakes.push({ place, path, text });
  };
  refuse("gamma", "prior_radius", "which sets gamma");
  refuse("beta_mode", "beta", "which means `beta_mode: fixed`");
  refuse("beta0", "beta", "which sets it");
};

const samplingBlock = { name: "sampling", schema: samplingSchema };

/** Layers, lowest first → sampling settings of a target. */
export const resolveSampling = (
  resolution: Resolution,
  layers: readonly (LocatedMap | undefined)[],
): SamplingConfig =>
  layers
    .filter((layer) => layer !== undefined)
    .map((layer) => validateBlock(samplingBlock, layer, resolution.mistakes) ?? {})
    .reduce<SamplingConfig>(layerSampling, samplingDefaults);

/** What a sampler changes in the sampling settings. */
export const resolveSamplerSampling = (
  resolution: Resolution,
  layer: LocatedMap | undefined,
): SamplingLayer =>
  layer === undefined ? {} : (validateBlock(samplingBlock, layer, resolution.mistakes) ?? {});
