/**
 * Outputs of a network at given parameters: plain loops in a fixed order, so the same bits everywhere.
 *
 * For teachers and for predictions of a trained network; training and sampling evaluate networks on a backend.
 * Layout of parameters and definition of a layer: `compute/model.ts`.
 */
import { type LayerLayout, type NetworkSpec, networkLayers } from "../../compute/model.ts";
import { activationOf } from "./activation.ts";

const layernormEpsilon = 1e-5;

/** @returns f(x), shape (numData, outDim), for `inputs` of shape (numData, inDim). */
export const forward = (
  network: NetworkSpec,
  parameters: Float64Array,
  inputs: Float64Array,
): Float64Array => {
  const layers = networkLayers(network);
  const activation = activationOf(network.activation);
  const numData = inputs.length / network.inDim;
  const outputs = new Float64Array(numData * network.outDim);
  const buffers = layers.map((layer) => new Float64Array(layer.fanOut));
  for (let row = 0; row < numData; row++) {
    let input = inputs.subarray(row * network.inDim, (row + 1) * network.inDim);
    layers.forEach((layer, index) => {
      const output = buffers[index];
      affine(layer, parameters, { input, output });
      if (layer.isHidden) finishHidden(layer, parameters, { input, output, activation });
      input = output;
    });
    outputs.set(input, row * network.outDim);
  }
  return outputs;
};

interface LayerData {
  readonly input: Float64Array;
  /** Written. */
  readonly output: Float64Array;
}

/** z = h·W + b. */
const affine = (layer: LayerLayout, w: Float64Array, { input, output }: LayerData): void => {
  const { fanIn, fanOut, weights, biases } = layer;
  if (biases < 0) output.fill(0);
  else output.set(w.subarray(biases, biases + fanOut));
  for (let i = 0; i < fanIn; i++) {
    const x = input[i];
    const rowOffset = weights + i * fanOut;
    for (let j = 0; j < fanOut; j++) output[j] += x * w[rowOffset + j];
  }
};

/** Activation, then normalisation over the features, then the skip connection. */
const finishHidden = (
  layer: LayerLayout,
  w: Float64Array,
  { input, output, activation }: LayerData & { activation: (x: number) => number },
): void => {
  for (let j = 0; j < layer.fanOut; j++) output[j] = activation(output[j]);
  if (layer.scales >= 0) normalise(layer, w, output);
  if (layer.hasSkip) for (let j = 0; j < layer.fanOut; j++) output[j] += input[j];
};

const normalise = (layer: LayerLayout, w: Float64Array, values: Float64Array): void => {
  const { fanOut, scales, shifts } = layer;
  let mean = 0;
  for (const value of values) mean += value;
  mean /= fanOut;
  let variance = 0;
  for (const value of values) variance += (value - mean) * (value - mean);
  variance /= fanOut;
  const inverse = 1 / Math.sqrt(variance + layernormEpsilon);
  for (let j = 0; j < fanOut; j++) values[j] = w[scales + j] * ((values[j] - mean) * inverse) + w[shifts + j];
};
