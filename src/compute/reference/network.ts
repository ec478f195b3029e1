/**
 * Mean loss of a multi-layer perceptron and its gradient by back-propagation, one data point at a time, float64.
 *
 * Forward, layer by layer (see `model.ts` for the layout of w): z = h·W + b; a = φ(z); with layer norm
 * n = (a − μ)/σ, a = s∘n + t, σ = √(var + 1e-5); with a skip a = a + h. Backward, with δ = ∂ℓ/∂a:
 * skip: ∂ℓ/∂h gets δ; layer norm: ∂s = δ∘n, ∂t = δ, then with e = s∘δ: δ = (e − mean(e) − n·mean(e∘n))/σ;
 * activation: δ = δ∘φ'(z); affine: ∂W = hᵀδ, ∂b = δ, ∂ℓ/∂h gets δ·Wᵀ.
 *
 * Source: Rumelhart, Hinton & Williams (1986); Ba, Kiros & Hinton (2016) for layer norm.
 */
import { type Activation, type Dataset, type LayerLayout, type LossModel, networkLayers } from "../model.ts";
import { activate, activationSlope } from "./activation.ts";
import type { LossFunction } from "./loss-function.ts";
import { pointwiseLossOf } from "./pointwise-loss.ts";

/** Added to the variance under the square root of layer norm. */
const normEpsilon = 1e-5;

/** A layer with the values that the backward pass needs, for the point at hand. */
interface LayerState {
  readonly layout: LayerLayout;
  /** "identity" for the output layer. */
  readonly activation: Activation;
  /** h (fanIn): the output of the layer below; not owned. */
  readonly input: Float64Array;
  /** z (fanOut). */
  readonly preactivation: Float64Array;
  /** n (fanOut), layer norm only. */
  readonly normalised: Float64Array;
  /** a (fanOut). */
  readonly output: Float64Array;
  /** σ of layer norm. */
  deviation: number;
}

/** The loss function of a network over a data set. */
export const networkLoss = (model: LossModel & { kind: "network" }, dataset: Dataset): LossFunction => {
  const { network, loss } = model;
  const { inDim, outDim } = network;
  const point = new Float64Array(inDim);
  const layers = createLayers(model, point);
  const output = layers[layers.length - 1].output;
  const slope = new Float64Array(outDim);
  const lossOfPoint = pointwiseLossOf(loss);

  return (w, rows, gradient) => {
    const numRows = rows === null ? dataset.numData : rows.length;
    gradient?.fill(0);
    let sum = 0;
    for (let i = 0; i < numRows; i++) {
      const row = rows === null ? i : rows[i];
      point.set(dataset.inputs.subarray(row * inDim, (row + 1) * inDim));
      for (const layer of layers) forward(layer, w);
      sum += lossOfPoint(output, { values: dataset.labels, offset: row * outDim }, slope);
      if (gradient) backward(layers, w, { slope, gradient });
    }
    if (gradient) for (let i = 0; i < gradient.length; i++) gradient[i] /= numRows;
    return sum / numRows;
  };
};

const createLayers = (model: LossModel & { kind: "network" }, point: Float64Array): readonly LayerState[] => {
  let input = point;
  return networkLayers(model.network).map((layout) => {
    const buffer = (): Float64Array => new Float64Array(layout.fanOut);
    const activation = layout.isHidden ? model.network.activation : "identity";
    const state = {
      layout,
      activation,
      input,
      preactivation: buffer(),
      normalised: buffer(),
      output: buffer(),
      deviation: 1,
    };
    input = state.output;
    return state;
  });
};

const forward = (layer: LayerState, w: Float64Array): void => {
  const { layout, input, preactivation, output } = layer;
  const { fanIn, fanOut, weights, biases } = layout;
  for (let j = 0; j < fanOut; j++) {
    let z = biases < 0 ? 0 : w[biases + j];
    for (let i = 0; i < fanIn; i++) z += input[i] * w[weights + i * fanOut + j];
    preactivation[j] = z;
    output[j] = activate(layer.activation, z);
  }
  if (layout.scales >= 0) normalise(layer, w);
  if (layout.hasSkip) for (let j = 0; j < fanOut; j++) output[j] += input[j];
};

const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;

const normalise = (layer: LayerState, w: Float64Array): void => {
  const { layout, normalised, output } = layer;
  const centre = mean(output);
  const variance = mean(output.map((a) => (a - centre) ** 2));
  layer.deviation = Math.sqrt(variance + normEpsilon);
  for (let j = 0; j < layout.fanOut; j++) {
    normalised[j] = (output[j] - centre) / layer.deviation;
    output[j] = w[layout.scales + j] * normalised[j] + w[layout.shifts + j];
  }
};

/** Adds the gradient of one point's loss, whose slope at the outputs is given, to `into.gradient`. */
const backward = (
  layers: readonly LayerState[],
  w: Float64Array,
  into: { slope: Float64Array; gradient: Float64Array },
): void => {
  let delta: Float64Array = into.slope;
  for (const layer of layers.toReversed()) {
    const throughSkip = layer.layout.hasSkip ? delta.slice() : null;
    if (layer.layout.scales >= 0) delta = backwardNorm(layer, w, { delta, gradient: into.gradient });
    delta = delta.map((d, j) => d * activationSlope(layer.activation, layer.preactivation[j]));
    delta = backwardAffine(layer, w, { delta, gradient: into.gradient });
    if (throughSkip) delta = delta.map((d, i) => d + throughSkip[i]);
  }
};

interface Backflow {
  /** ∂ℓ/∂(output of this part of the layer), (fanOut). */
  readonly delta: Float64Array;
  /** Receives the partial derivatives of this part's parameters. */
  readonly gradient: Float64Array;
}

const backwardNorm = (layer: LayerState, w: Float64Array, { delta, gradient }: Backflow): Float64Array => {
  const { layout, normalised, deviation } = layer;
  for (let j = 0; j < layout.fanOut; j++) {
    gradient[layout.scales + j] += delta[j] * normalised[j];
    gradient[layout.shifts + j] += delta[j];
  }
  const scaled = delta.map((d, j) => d * w[layout.scales + j]);
  const meanScaled = mean(scaled);
  const meanAligned = mean(scaled.map((e, j) => e * normalised[j]));
  return scaled.map((e, j) => (e - meanScaled - normalised[j] * meanAligned) / deviation);
};

const backwardAffine = (layer: LayerState, w: Float64Array, { delta, gradient }: Backflow): Float64Array => {
  const { fanIn, fanOut, weights, biases } = layer.layout;
  const below = new Float64Array(fanIn);
  for (let i = 0; i < fanIn; i++) {
    for (let j = 0; j < fanOut; j++) {
      gradient[weights + i * fanOut + j] += layer.input[i] * delta[j];
      below[i] += delta[j] * w[weights + i * fanOut + j];
    }
  }
  if (biases >= 0) for (let j = 0; j < fanOut; j++) gradient[biases + j] += delta[j];
  return below;
};
