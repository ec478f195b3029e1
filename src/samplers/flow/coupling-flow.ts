/**
 * RealNVP: a density on ℝ^k made from u ~ N(0, I) by coupling layers and a last scale and shift, z = μ + e^ρ∘y.
 *
 * A layer keeps some coordinates a and moves the others: y_b = x_b∘e^{s(x_a)} + t(x_a), with s kept in (−3, 3) by a tanh.
 * Its log-determinant is Σs, that of the last map Σρ, so log q(z) = log N(u) − Σ_layers Σs − Σρ with u by the exact inverse.
 * Which coordinates are kept alternates: first half, second half, even, odd.
 *
 * Source: Dinh, Sohl-Dickstein & Bengio (2017).
 */
import { fillNormal } from "../../random/normal.ts";
import type { RandomStream } from "../../random/philox.ts";
import {
  type Activations,
  activationsOf,
  type ConditionerShape,
  conditionerShape,
  evaluateConditioner,
  reverseConditioner,
} from "./conditioner.ts";

/** Coordinates that a layer keeps and moves, and its conditioner. */
interface LayerShape {
  readonly kept: readonly number[];
  readonly moved: readonly number[];
  readonly conditioner: ConditionerShape;
}

/** Sizes of a flow; the flat parameters are the layers' conditioners, then μ, then ρ. */
export interface FlowShape {
  readonly dim: number;
  readonly layers: readonly LayerShape[];
  readonly shiftAt: number;
  readonly logScaleAt: number;
  readonly numParameters: number;
}

const keeps = [
  (i: number, dim: number): boolean => 2 * i < dim,
  (i: number, dim: number): boolean => 2 * i >= dim,
  (i: number): boolean => i % 2 === 0,
  (i: number): boolean => i % 2 === 1,
] as const;

/** Lays out a flow of `depth` coupling layers. */
export const flowShape = (dim: number, depth: number, hidden: readonly number[]): FlowShape => {
  const coordinates = Array.from({ length: dim }, (_, i) => i);
  let end = 0;
  const layers = Array.from({ length: depth }, (_, layer) => {
    const isKept = (i: number): boolean => keeps[layer % keeps.length](i, dim);
    const [kept, moved] = [coordinates.filter(isKept), coordinates.filter((i) => !isKept(i))];
    const conditioner = conditionerShape(end, { inputs: kept.length, hidden, numShifts: moved.length });
    end = conditioner.end;
    return { kept, moved, conditioner };
  });
  return { dim, layers, shiftAt: end, logScaleAt: end + dim, numParameters: end + 2 * dim };
};

/** Bound of |s|. */
const maxLogScale = 3;

/** What a layer did to the point that was traced. */
interface LayerTrace {
  readonly activations: Activations;
  /** s, then what was moved before it was moved; shape (moved). */
  readonly logScale: Float64Array;
  readonly before: Float64Array;
}

/** A flow with its parameters. `trace` a point, then ask for its score and its path's gradient. */
export class CouplingFlow {
  readonly shape: FlowShape;
  /** The flat parameters. */
  readonly values: Float64Array;
  readonly #traces: readonly LayerTrace[];
  /** u and z of the traced point. */
  readonly #base: Float64Array;
  readonly #point: Float64Array;

  constructor(shape: FlowShape) {
    this.shape = shape;
    this.values = new Float64Array(shape.numParameters);
    this.#base = new Float64Array(shape.dim);
    this.#point = new Float64Array(shape.dim);
    this.#traces = shape.layers.map(({ conditioner, moved }) => ({
      activations: activationsOf(conditioner),
      logScale: new Float64Array(moved.length),
      before: new Float64Array(moved.length),
    }));
  }

  /** Sets the identity map: hidden weights of variance 1/fanIn, all that reaches an output 0. */
  begin(stream: RandomStream): void {
    const { values, shape } = this;
    fillNormal(stream, values);
    for (const { conditioner } of shape.layers) {
      const { widths, layersAt, end } = conditioner;
      const last = layersAt.length - 1;
      layersAt.slice(0, last).forEach((start, layer) => {
        const biases = start + widths[layer] * widths[layer + 1];
        for (let at = start; at < biases; at++) values[at] /= Math.sqrt(widths[layer]);
        values.fill(0, biases, layersAt[layer + 1]);
      });
      values.fill(0, layersAt[last], end);
    }
    values.fill(0, shape.shiftAt);
  }

  /** u → z, in place. */
  push(u: Float64Array): void {
    const { layers, shiftAt, logScaleAt } = this.shape;
    layers.forEach((layer, index) => {
      const trace = this.#traces[index];
      const shifts = this.#condition(layer, trace, u);
      layer.moved.forEach((i, j) => {
        u[i] = u[i] * Math.exp(trace.logScale[j]) + shifts[j];
      });
    });
    for (let i = 0; i < u.length; i++) {
      u[i] = this.values[shiftAt + i] + Math.exp(this.values[logScaleAt + i]) * u[i];
    }
  }

  /** log q(z), nats. NaN in, NaN out. */
  trace(z: Float64Array): number {
    const { dim, layers, shiftAt, logScaleAt } = this.shape;
    const x = this.#base;
    this.#point.set(z);
    let logDeterminant = 0;
    for (let i = 0; i < dim; i++) {
      const logScale = this.values[logScaleAt + i];
      x[i] = (z[i] - this.values[shiftAt + i]) * Math.exp(-logScale);
      logDeterminant += logScale;
    }
    for (let index = layers.length - 1; index >= 0; index--) {
      logDeterminant += this.#pull(layers[index], this.#traces[index], x);
    }
    const square = x.reduce((sum, value) => sum + value * value, 0);
    return -0.5 * (dim * Math.log(2 * Math.PI) + square) - logDeterminant;
  }

  /** Inverse of a layer, in place; returns Σs. */
  #pull(layer: LayerShape, trace: LayerTrace, x: Float64Array): number {
    const shifts = this.#condition(layer, trace, x);
    let sum = 0;
    layer.moved.forEach((i, j) => {
      x[i] = (x[i] - shifts[j]) * Math.exp(-trace.logScale[j]);
      trace.before[j] = x[i];
      sum += trace.logScale[j];
    });
    return sum;
  }

  /** s into the trace; returns t. */
  #condition({ kept, moved, conditioner }: LayerShape, trace: LayerTrace, x: Float64Array): Float64Array {
    const { activations, logScale } = trace;
    kept.forEach((i, j) => {
      activations[0][j] = x[i];
    });
    evaluateConditioner(conditioner, this.values, activations);
    const outputs = activations[activations.length - 1];
    for (let j = 0; j < logScale.length; j++) {
      logScale[j] = maxLogScale * Math.tanh(outputs[j] / maxLogScale);
    }
    return outputs.subarray(moved.length);
  }

  /** ∇ log q at the traced point, shape (dim): reverse mode of the inverse. */
  score(): Float64Array {
    const { layers, logScaleAt } = this.shape;
    const adjoint = this.#base.map((value) => -value);
    layers.forEach((layer, index) => {
      const { logScale, before } = this.#traces[index];
      const n = logScale.length;
      const outputs = new Float64Array(2 * n);
      layer.moved.forEach((i, j) => {
        const shrunk = adjoint[i] * Math.exp(-logScale[j]);
        outputs[j] = -(adjoint[i] * before[j] + 1) * slopeAt(logScale[j]);
        outputs[n + j] = -shrunk;
        adjoint[i] = shrunk;
      });
      this.#reverse(index, { adjoint, outputs, gradient: null });
    });
    return adjoint.map((value, i) => value * Math.exp(-this.values[logScaleAt + i]));
  }

  /** Adds force·∂z/∂parameters at the traced point, u held fixed: reverse mode of the map itself. */
  addPathGradient(force: Float64Array, gradient: Float64Array): void {
    const { layers, shiftAt, logScaleAt } = this.shape;
    const adjoint = force.slice();
    for (let i = 0; i < adjoint.length; i++) {
      gradient[shiftAt + i] += force[i];
      gradient[logScaleAt + i] += force[i] * (this.#point[i] - this.values[shiftAt + i]);
      adjoint[i] *= Math.exp(this.values[logScaleAt + i]);
    }
    for (let index = layers.length - 1; index >= 0; index--) {
      const { logScale, before } = this.#traces[index];
      const n = logScale.length;
      const outputs = new Float64Array(2 * n);
      layers[index].moved.forEach((i, j) => {
        const grown = adjoint[i] * Math.exp(logScale[j]);
        outputs[j] = grown * before[j] * slopeAt(logScale[j]);
        outputs[n + j] = adjoint[i];
        adjoint[i] = grown;
      });
      this.#reverse(index, { adjoint, outputs, gradient });
    }
  }

  /** Adds to `adjoint` what reaches the kept coordinates through the conditioner. */
  #reverse(
    index: number,
    at: { adjoint: Float64Array; outputs: Float64Array; gradient: Float64Array | null },
  ): void {
    const { kept, conditioner } = this.shape.layers[index];
    const { activations } = this.#traces[index];
    const inputs = reverseConditioner(conditioner, this.values, { ...at, activations });
    kept.forEach((i, j) => {
      at.adjoint[i] += inputs[j];
    });
  }
}

/** Derivative of s by the raw output that it is made of. */
const slopeAt = (logScale: number): number => 1 - (logScale / maxLogScale) ** 2;
