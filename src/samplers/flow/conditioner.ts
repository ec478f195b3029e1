/**
 * The small network of a coupling layer, with its own reverse mode: tanh hidden layers, then a linear layer to 2·n numbers
 * (n raw log scales, n shifts), and a linear path of its own from the inputs to the shifts, so that a linear map is exact.
 *
 * Parameters lie in one flat array: for each layer weights [out·fanIn + in], then biases; last the weights of the linear
 * path. No inputs are allowed: the outputs are then constants.
 */

/** Sizes of a conditioner and where its numbers lie. */
export interface ConditionerShape {
  /** Inputs, hidden widths, outputs. */
  readonly widths: readonly number[];
  /** Start of each layer's weights; its biases follow them. */
  readonly layersAt: readonly number[];
  /** Start of the linear path (numShifts, inputs). */
  readonly pathAt: number;
  /** First index after the last parameter. */
  readonly end: number;
}

/** Lays a conditioner out from index `start` of the flat parameters. */
export const conditionerShape = (
  start: number,
  { inputs, hidden, numShifts }: { inputs: number; hidden: readonly number[]; numShifts: number },
): ConditionerShape => {
  const widths = [inputs, ...hidden, 2 * numShifts];
  const layersAt: number[] = [];
  let end = start;
  for (let layer = 0; layer + 1 < widths.length; layer++) {
    layersAt.push(end);
    end += (widths[layer] + 1) * widths[layer + 1];
  }
  return { widths, layersAt, pathAt: end, end: end + numShifts * inputs };
};

/** Values of every layer, inputs first; overwritten by the next pass. */
export type Activations = readonly Float64Array[];

/** Room for one pass. */
export const activationsOf = ({ widths }: ConditionerShape): Activations =>
  widths.map((width) => new Float64Array(width));

/** Fills `activations` after its inputs; the outputs are its last array. */
export const evaluateConditioner = (
  shape: ConditionerShape,
  values: Float64Array,
  activations: Activations,
): void => {
  const { widths, layersAt, pathAt } = shape;
  const last = layersAt.length - 1;
  layersAt.forEach((start, layer) => {
    const [input, output] = [activations[layer], activations[layer + 1]];
    const biases = start + input.length * output.length;
    for (let j = 0; j < output.length; j++) {
      let sum = values[biases + j];
      const row = start + j * input.length;
      for (let i = 0; i < input.length; i++) sum += values[row + i] * input[i];
      output[j] = layer === last ? sum : Math.tanh(sum);
    }
  });
  const [inputs, outputs] = [activations[0], activations[last + 1]];
  const numShifts = widths[last + 1] / 2;
  for (let j = 0; j < numShifts; j++) {
    const row = pathAt + j * inputs.length;
    for (let i = 0; i < inputs.length; i++) outputs[numShifts + j] += values[row + i] * inputs[i];
  }
};

/** What reverse mode works on. */
export interface ConditionerAdjoint {
  readonly activations: Activations;
  /** Derivatives by the outputs; not changed. */
  readonly outputs: Float64Array;
  /** Takes derivatives by the parameters, added; null: not wanted. */
  readonly gradient: Float64Array | null;
}

/** Derivatives by the inputs, a new array. */
export const reverseConditioner = (
  shape: ConditionerShape,
  values: Float64Array,
  { activations, outputs, gradient }: ConditionerAdjoint,
): Float64Array => {
  let adjoint = outputs;
  for (let layer = shape.layersAt.length - 1; layer >= 0; layer--) {
    const input = activations[layer];
    const start = shape.layersAt[layer];
    if (gradient !== null) addOuter(gradient, start, { adjoint, input, hasBiases: true });
    const below = transposedTimes(values, start, { adjoint, width: input.length });
    if (layer > 0) for (let i = 0; i < below.length; i++) below[i] *= 1 - input[i] * input[i];
    adjoint = below;
  }
  const input = activations[0];
  const shifts = outputs.subarray(outputs.length / 2);
  if (gradient !== null) addOuter(gradient, shape.pathAt, { adjoint: shifts, input, hasBiases: false });
  const along = transposedTimes(values, shape.pathAt, { adjoint: shifts, width: input.length });
  return adjoint.map((value, i) => value + along[i]);
};

/** gradient[start + j·width + i] += adjoint_j·input_i, and the biases behind. */
const addOuter = (
  gradient: Float64Array,
  start: number,
  { adjoint, input, hasBiases }: { adjoint: Float64Array; input: Float64Array; hasBiases: boolean },
): void => {
  const biases = start + adjoint.length * input.length;
  for (let j = 0; j < adjoint.length; j++) {
    const row = start + j * input.length;
    for (let i = 0; i < input.length; i++) gradient[row + i] += adjoint[j] * input[i];
    if (hasBiases) gradient[biases + j] += adjoint[j];
  }
};

/** Σ_j adjoint_j·values[start + j·width + i], shape (width). */
const transposedTimes = (
  values: Float64Array,
  start: number,
  { adjoint, width }: { adjoint: Float64Array; width: number },
): Float64Array => {
  const out = new Float64Array(width);
  for (let j = 0; j < adjoint.length; j++) {
    const row = start + j * width;
    for (let i = 0; i < width; i++) out[i] += adjoint[j] * values[row + i];
  }
  return out;
};
