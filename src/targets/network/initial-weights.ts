/**
 * Random weights of a network, for students before training and for teachers.
 *
 * Laws of the weights of one layer (all layers alike, normal and not truncated; s = `scale`):
 * - `he`: N(0, 2/fanIn); `lecun`: N(0, 1/fanIn); `xavier`: N(0, 2/(fanIn + fanOut)); `normal`: N(0, 1); all times s;
 * - `orthogonal`: s times a uniformly random matrix with orthonormal rows or columns, whichever are fewer.
 * Layernorm starts at scale 1 and shift 0. A student's biases are 0; a teacher's are N(0, 1/fanIn), so that it is not a
 * homogeneous function.
 *
 * Source: He et al. (2015); Glorot & Bengio (2010); LeCun et al. (1998); Saxe, McClelland & Ganguli (2014).
 */
import { type LayerLayout, type NetworkSpec, networkLayers, numParametersOf } from "../../compute/model.ts";
import { fillNormal } from "../../random/normal.ts";
import type { WeightLaw } from "../target-config.ts";
import { orthonormaliseRows } from "./orthonormal.ts";

/** What to draw. Layer l uses the stream (seed, purpose, step l): weights in their order, then biases. */
export interface WeightDraw {
  readonly law: WeightLaw;
  readonly scale: number;
  readonly biases: "zero" | "normal";
  readonly seed: number;
  /** `purpose.initialWeights` or `purpose.teacherWeights`. */
  readonly purpose: number;
}

/** @returns w, shape (numParameters), laid out as in `compute/model.ts`. */
export const initialWeights = (network: NetworkSpec, draw: WeightDraw): Float64Array => {
  const w = new Float64Array(numParametersOf(network));
  networkLayers(network).forEach((layer, index) => fillLayer(w, layer, { draw, index }));
  return w;
};

const fillLayer = (
  w: Float64Array,
  layer: LayerLayout,
  { draw, index }: { readonly draw: WeightDraw; readonly index: number },
): void => {
  const { fanIn, fanOut } = layer;
  const size = fanIn * fanOut;
  const normals = new Float64Array(size + fanOut);
  fillNormal({ seed: draw.seed, purpose: draw.purpose, step: index }, normals);
  const weights = w.subarray(layer.weights, layer.weights + size);
  weights.set(normals.subarray(0, size));
  scaleWeights(weights, layer, draw);
  if (layer.biases >= 0 && draw.biases === "normal") {
    for (let j = 0; j < fanOut; j++) w[layer.biases + j] = normals[size + j] / Math.sqrt(fanIn);
  }
  if (layer.scales >= 0) w.fill(1, layer.scales, layer.scales + fanOut);
};

const scaleWeights = (weights: Float64Array, { fanIn, fanOut }: LayerLayout, draw: WeightDraw): void => {
  if (draw.law === "orthogonal") orthogonalise(weights, fanIn, fanOut);
  const factor = draw.scale * standardDeviationOf(draw.law, fanIn, fanOut);
  for (let i = 0; i < weights.length; i++) weights[i] *= factor;
};

const standardDeviationOf = (law: WeightLaw, fanIn: number, fanOut: number): number => {
  switch (law) {
    case "he":
      return Math.sqrt(2 / fanIn);
    case "lecun":
      return Math.sqrt(1 / fanIn);
    case "xavier":
      return Math.sqrt(2 / (fanIn + fanOut));
    case "orthogonal":
    case "normal":
      return 1;
  }
};

/** Orthonormal rows of a (fanIn, fanOut) matrix if they are the fewer, else orthonormal columns; in place. */
const orthogonalise = (matrix: Float64Array, fanIn: number, fanOut: number): void => {
  if (fanIn <= fanOut) {
    orthonormaliseRows(matrix, fanOut);
    return;
  }
  const transposed = new Float64Array(matrix.length);
  for (let i = 0; i < fanIn; i++)
    for (let j = 0; j < fanOut; j++) transposed[j * fanIn + i] = matrix[i * fanOut + j];
  orthonormaliseRows(transposed, fanIn);
  for (let i = 0; i < fanIn; i++)
    for (let j = 0; j < fanOut; j++) matrix[i * fanOut + j] = transposed[j * fanIn + i];
};
