/** Independent draws of the fits, one a chain, from addressed random numbers. */
import type { Vectors } from "../../compute/backend.ts";
import { fillNormal } from "../../random/normal.ts";
import type { RandomStream } from "../../random/philox.ts";
import { purpose } from "../../random/purpose.ts";
import { uniformAt } from "../../random/uniform.ts";
import type { Posterior } from "../sampler.ts";
import type { VariationalFit } from "./variational-fit.ts";
import type { FactorMixture } from "./vi-mixture.ts";

/** `training` and `evaluation` draws never share a random number. */
export interface DrawAddress {
  readonly kind: "training" | "evaluation";
  /** Integer in [0, 2³¹). */
  readonly step: number;
}

/** Where the numbers of evaluation draws begin among the steps of their purpose. */
const evaluationSteps = 2 ** 31;

/** A device array for noise and one for positions, used again and again. */
export interface DrawBuffers {
  readonly noise: Vectors;
  readonly position: Vectors;
}

/** One draw v = w − w* of each chain's fit, shape (dim) each; `buffers.position` then holds w* + v. */
export const drawFromFits = async (
  { posterior, buffers }: { posterior: Posterior; buffers: DrawBuffers },
  fits: readonly Pick<VariationalFit, "displace">[],
  { kind, step }: DrawAddress,
): Promise<Float64Array[]> => {
  const { ensemble, center, seed } = posterior;
  const isTraining = kind === "training";
  const noisePurpose = isTraining ? purpose.variationalNoise : purpose.variationalEvaluation;
  ensemble.normal({ purpose: noisePurpose, step }, buffers.noise);
  const noises = await ensemble.readVectors(buffers.noise);
  const positions = new Float64Array(noises.length);
  const draws = fits.map((fit, chain) => {
    const stream = {
      seed,
      purpose: purpose.variationalComponent,
      chain: (posterior.firstChain ?? 0) + chain,
      step: isTraining ? step : evaluationSteps + step,
    };
    const start = chain * ensemble.dim;
    const displacement = new Float64Array(ensemble.dim);
    fit.displace(stream, noises.subarray(start, start + ensemble.dim), displacement);
    for (let i = 0; i < ensemble.dim; i++) positions[start + i] = center[i] + displacement[i];
    return displacement;
  });
  ensemble.writeVectors(buffers.position, positions);
  return draws;
};

/** One draw v of a mixture into `out`: the component and its latents from the stream. */
export const displaceByMixture = (
  mixture: FactorMixture,
  { stream, noise }: { stream: RandomStream; noise: Float64Array },
  out: Float64Array,
): void => {
  const component = componentAt(mixture.weights, uniformAt(stream));
  const latent = new Float64Array(mixture.shape.ranks[component]);
  fillNormal(stream, latent, 2); // block 0 gave the component
  mixture.displace(component, { latent, noise }, out);
};

/** Inverse of the cumulated weights at a uniform number. */
const componentAt = (weights: Float64Array, uniform: number): number => {
  let rest = uniform;
  for (let m = 0; m + 1 < weights.length; m++) {
    rest -= weights[m];
    if (rest < 0) return m;
  }
  return weights.length - 1;
};
