/**
 * Laws of the noise that is added to each label; s = noiseScale, ε standard normal, one a label:
 * - `gauss`: s·ε; `none`: 0;
 * - `hetero`: s·(1 + heteroScale·‖x‖₂)·ε;
 * - `student_t`: s·ε/√g, g ~ Gamma(ν/2, 1)/(ν/2) anew for each label: Student's t with ν = studentDf;
 * - `outliers`: outlierScale·ε with probability outlierFrac, else s·ε.
 * For classification the labels at this point are logits; see `label-law.ts`.
 */
import { fillGamma } from "../../random/gamma.ts";
import { fillNormal } from "../../random/normal.ts";
import { purpose } from "../../random/purpose.ts";
import { fillUniform } from "../../random/uniform.ts";
import type { DataConfig } from "../target-config.ts";
import { type Split, streamOf } from "./split.ts";

/** Adds noise to `labels` (numData, outDim) in place; `inputs` (numData, inDim) are read by `hetero`. */
export const addNoise = (
  labels: Float64Array,
  inputs: Float64Array,
  { data, split }: { readonly data: DataConfig; readonly split: Split },
): void => {
  if (data.noiseModel === "none") return;
  const noise = new Float64Array(labels.length);
  fillNormal(streamOf(split, purpose.noise), noise);
  switch (data.noiseModel) {
    case "gauss":
      scaleBy(noise, () => data.noiseScale);
      break;
    case "hetero": {
      const norms = rowNorms(inputs, split.numData);
      const outDim = labels.length / split.numData;
      scaleBy(noise, (i) => data.noiseScale * (1 + data.heteroScale * norms[Math.floor(i / outDim)]));
      break;
    }
    case "student_t": {
      const gammas = new Float64Array(labels.length);
      fillGamma(streamOf(split, purpose.noiseGamma), data.studentDf / 2, gammas);
      scaleBy(noise, (i) => data.noiseScale * Math.sqrt(data.studentDf / 2 / gammas[i]));
      break;
    }
    case "outliers": {
      const uniforms = new Float64Array(labels.length);
      fillUniform(streamOf(split, purpose.noiseOutlier), uniforms);
      scaleBy(noise, (i) => (uniforms[i] < data.outlierFrac ? data.outlierScale : data.noiseScale));
      break;
    }
  }
  for (let i = 0; i < labels.length; i++) labels[i] += noise[i];
};

const scaleBy = (values: Float64Array, scaleAt: (index: number) => number): void => {
  for (let i = 0; i < values.length; i++) values[i] *= scaleAt(i);
};

const rowNorms = (inputs: Float64Array, numData: number): Float64Array => {
  const inDim = inputs.length / numData;
  return Float64Array.from({ length: numData }, (_, row) => {
    let square = 0;
    for (let j = 0; j < inDim; j++) square += inputs[row * inDim + j] * inputs[row * inDim + j];
    return Math.sqrt(square);
  });
};
