/**
 * Labels that suit the loss, from the teacher's noisy outputs z (numData, outDim):
 * - `mse`, `t_regression`: y = z;
 * - `bce`: z are logits, one class question an output: y ~ Bernoulli(σ(z)) (`sampled`), 1 where z > 0 (`hard`), or
 *   the probability σ(z) itself (`soft`);
 * - `cross_entropy`: z are logits of one class among outDim: one-hot y ~ softmax(z) (`sampled`), one-hot at the largest
 *   z, the first on a tie (`hard`), or softmax(z) (`soft`).
 * `sampled` is the default because it makes the loss a negative log-likelihood of a model that holds the truth; `hard`
 * labels can be separable, and then no finite w minimises the loss.
 */
import type { LossSpec } from "../../compute/model.ts";
import { exponential } from "../../random/elementary.ts";
import { purpose } from "../../random/purpose.ts";
import { fillUniform } from "../../random/uniform.ts";
import { logistic } from "../network/activation.ts";
import type { LabelKind } from "../target-config.ts";
import { type Split, streamOf } from "./split.ts";

/** How to read logits as labels. */
export interface LabelLaw {
  readonly loss: LossSpec["kind"];
  readonly kind: LabelKind;
}

/** Turns `values` (numData, outDim) from outputs into labels, in place. */
export const makeLabels = (values: Float64Array, law: LabelLaw, split: Split): void => {
  if (law.loss === "bce") binaryLabels(values, law.kind, split);
  else if (law.loss === "cross_entropy") classLabels(values, law.kind, split);
};

const binaryLabels = (values: Float64Array, kind: LabelKind, split: Split): void => {
  if (kind === "hard") {
    for (let i = 0; i < values.length; i++) values[i] = values[i] > 0 ? 1 : 0;
    return;
  }
  for (let i = 0; i < values.length; i++) values[i] = logistic(values[i]);
  if (kind === "soft") return;
  const uniforms = new Float64Array(values.length);
  fillUniform(streamOf(split, purpose.labels), uniforms);
  for (let i = 0; i < values.length; i++) values[i] = uniforms[i] < values[i] ? 1 : 0;
};

const classLabels = (values: Float64Array, kind: LabelKind, split: Split): void => {
  const outDim = values.length / split.numData;
  const uniforms = new Float64Array(split.numData);
  if (kind === "sampled") fillUniform(streamOf(split, purpose.labels), uniforms);
  for (let row = 0; row < split.numData; row++) {
    const logits = values.subarray(row * outDim, (row + 1) * outDim);
    if (kind === "hard") {
      oneHot(logits, logits.indexOf(logits.reduce((best, value) => Math.max(best, value), -Infinity)));
      continue;
    }
    softmax(logits);
    if (kind === "sampled") oneHot(logits, sampledClass(logits, uniforms[row]));
  }
};

const softmax = (logits: Float64Array): void => {
  const top = logits.reduce((best, value) => Math.max(best, value), -Infinity);
  let sum = 0;
  for (let k = 0; k < logits.length; k++) {
    logits[k] = exponential(logits[k] - top);
    sum += logits[k];
  }
  for (let k = 0; k < logits.length; k++) logits[k] /= sum;
};

/** First class whose cumulative probability exceeds u; the last one if rounding leaves the sum below u. */
const sampledClass = (probabilities: Float64Array, u: number): number => {
  let cumulative = 0;
  for (let k = 0; k + 1 < probabilities.length; k++) {
    cumulative += probabilities[k];
    if (u < cumulative) return k;
  }
  return probabilities.length - 1;
};

const oneHot = (row: Float64Array, index: number): void => {
  row.fill(0);
  row[index] = 1;
};
