/**
 * Laws of the inputs x (numData, inDim); z and ε standard normal, j = 0 … inDim − 1:
 * - `gauss_iso`: x = z;
 * - `gauss_aniso`: x_j = √(covDecay^j)·z_j;
 * - `mixture`: x = c_k + ε, component k uniform on mixtureK centres c_k = mixtureSpread·g_k/(1e-6 + ‖g_k‖), g_k ~ N(0, I);
 * - `lowdim_manifold`: x = tanh(zA), z of xDimLatent coordinates, A (xDimLatent, inDim) standard normal;
 * - `heavy_tail`: x = z/√g, one g ~ Gamma(ν/2, 1)/(ν/2) a row: multivariate t with ν = studentDf;
 * - `uniform`: x_j uniform on (−√3, √3): variance 1, as `gauss_iso`.
 * Centres and embedding depend on the seed alone, so training and test set share them.
 */
import { fillGamma } from "../../random/gamma.ts";
import { fillNormal } from "../../random/normal.ts";
import { purpose } from "../../random/purpose.ts";
import { fillIntegers, fillUniform } from "../../random/uniform.ts";
import { hyperbolicTangent } from "../network/activation.ts";
import type { DataConfig } from "../target-config.ts";
import { type Split, streamOf } from "./split.ts";

/** @returns x, shape (numData, inDim). */
export const drawInputs = (data: DataConfig, inDim: number, split: Split): Float64Array => {
  if (data.xDist === "lowdim_manifold") return onManifold(data, inDim, split);
  const x = new Float64Array(split.numData * inDim);
  if (data.xDist === "uniform") {
    fillUniform(streamOf(split, purpose.inputs), x);
    const range = 2 * Math.sqrt(3);
    for (let i = 0; i < x.length; i++) x[i] = range * (x[i] - 0.5);
    return x;
  }
  fillNormal(streamOf(split, purpose.inputs), x);
  if (data.xDist === "gauss_aniso") shrinkCoordinates(x, inDim, data.covDecay);
  else if (data.xDist === "mixture") addCentres(x, data, split);
  else if (data.xDist === "heavy_tail") divideRows(x, data.studentDf, split);
  return x;
};

const shrinkCoordinates = (x: Float64Array, inDim: number, covDecay: number): void => {
  let variance = 1;
  for (let j = 0; j < inDim; j++) {
    const scale = Math.sqrt(variance);
    for (let i = j; i < x.length; i += inDim) x[i] *= scale;
    variance *= covDecay;
  }
};

const addCentres = (x: Float64Array, data: DataConfig, split: Split): void => {
  const inDim = x.length / split.numData;
  const centres = mixtureCentres(data, inDim, split.seed);
  const components = new Uint32Array(split.numData);
  fillIntegers(streamOf(split, purpose.inputComponent), data.mixtureK, components);
  for (let row = 0; row < split.numData; row++) {
    const centre = components[row] * inDim;
    for (let j = 0; j < inDim; j++) x[row * inDim + j] += centres[centre + j];
  }
};

/** c_k as rows, shape (mixtureK, inDim). */
export const mixtureCentres = (data: DataConfig, inDim: number, seed: number): Float64Array => {
  const centres = new Float64Array(data.mixtureK * inDim);
  for (let k = 0; k < data.mixtureK; k++) {
    const centre = centres.subarray(k * inDim, (k + 1) * inDim);
    fillNormal({ seed, purpose: purpose.inputCentres, step: k }, centre);
    let square = 0;
    for (const value of centre) square += value * value;
    const scale = data.mixtureSpread / (1e-6 + Math.sqrt(square));
    for (let j = 0; j < inDim; j++) centre[j] *= scale;
  }
  return centres;
};

const divideRows = (x: Float64Array, df: number, split: Split): void => {
  const gammas = new Float64Array(split.numData);
  fillGamma(streamOf(split, purpose.inputGamma), df / 2, gammas);
  const inDim = x.length / split.numData;
  for (let row = 0; row < split.numData; row++) {
    const scale = Math.sqrt(df / 2 / gammas[row]);
    for (let j = 0; j < inDim; j++) x[row * inDim + j] *= scale;
  }
};

const onManifold = (data: DataConfig, inDim: number, split: Split): Float64Array => {
  const latentDim = data.xDimLatent;
  const latent = new Float64Array(split.numData * latentDim);
  fillNormal(streamOf(split, purpose.inputs), latent);
  const embedding = new Float64Array(latentDim * inDim);
  fillNormal({ seed: split.seed, purpose: purpose.inputEmbedding }, embedding);
  const x = new Float64Array(split.numData * inDim);
  for (let row = 0; row < split.numData; row++) {
    for (let j = 0; j < inDim; j++) {
      let sum = 0;
      for (let l = 0; l < latentDim; l++) sum += latent[row * latentDim + l] * embedding[l * inDim + j];
      x[row * inDim + j] = hyperbolicTangent(sum);
    }
  }
  return x;
};
