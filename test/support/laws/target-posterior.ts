/** A built target as a posterior on a backend, with as many rows as the sampler asks for. */
import type { Backend } from "../../../src/compute/backend.ts";
import type { Posterior, Sampler } from "../../../src/samplers/sampler.ts";
import type { BuiltTarget } from "../../../src/targets/build-target.ts";

export interface TargetPosteriorOptions {
  readonly backend: Backend;
  readonly nBeta: number;
  readonly gamma: number;
  readonly numChains: number;
  readonly seed: number;
  readonly sampler: Sampler<unknown>;
  readonly settings: unknown;
}

/** Chains start within 0.01 of w*; float64. The caller closes the ensemble. */
export const targetPosterior = (
  { model, dataset, parameters: center, initialLoss }: BuiltTarget,
  { backend, nBeta, gamma, numChains, seed, sampler, settings }: TargetPosteriorOptions,
): Posterior => {
  const numRows = sampler.ensembleRows?.(settings, numChains) ?? numChains;
  const ensemble = backend.open({ model, dataset, precision: "float64", numChains: numRows, seed });
  const all = (value: number): Float64Array => new Float64Array(numRows).fill(value);
  ensemble.setPotential({ center, nBeta: all(nBeta), gamma: all(gamma) });
  return { ensemble, center, nBeta, gamma, initialLoss, seed, startScale: 0.01 };
};

/** 1/√(largest curvature of U near w*), at least that of a loss of curvature 2. */
export const scaleOf = (
  target: BuiltTarget,
  { nBeta, gamma }: Pick<TargetPosteriorOptions, "nBeta" | "gamma">,
): number =>
  // At a singular w* the curvature is below that of the bulk, it may even be 0.
  1 / Math.sqrt(nBeta * Math.max(2, target.largestEigenvalue) + gamma);
