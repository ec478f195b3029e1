/**
 * Loss of one data point, ℓ(f, y), and ∂ℓ/∂f, for an output row f and a label row y (both of length outDim).
 *
 * `mse`, `t_regression` and `bce` are means over the outputs; `cross_entropy` is one number a point. The forms below
 * neither overflow nor cancel: log1p, softplus(f) = max(f, 0) + log1p(e^{−|f|}), log-sum-exp with the maximum taken out.
 */
import type { LossSpec } from "../model.ts";
import { sigmoid } from "./activation.ts";

/** One row of a row-major array. */
export interface Labels {
  readonly values: Float64Array;
  /** Offset of the row's first number. */
  readonly offset: number;
}

/** ℓ(f, y), nats (mse: squared units of the label). On return `slope` holds ∂ℓ/∂f. NaN in f gives NaN. */
export type PointwiseLoss = (output: Float64Array, labels: Labels, slope: Float64Array) => number;

/** The pointwise loss of a kind. */
export const pointwiseLossOf = (loss: LossSpec): PointwiseLoss => {
  if (loss.kind === "cross_entropy") return crossEntropy;
  return (output, labels, slope) => {
    let sum = 0;
    for (let k = 0; k < output.length; k++) {
      const [value, derivative] = scalarLoss(loss, output[k], labels.values[labels.offset + k]);
      sum += value;
      slope[k] = derivative / output.length;
    }
    return sum / output.length;
  };
};

/** [ℓ, dℓ/df] of one output. Not for `cross_entropy`. */
const scalarLoss = (loss: LossSpec, f: number, y: number): readonly [number, number] => {
  const residual = f - y;
  switch (loss.kind) {
    case "mse":
      return [residual * residual, 2 * residual];
    case "t_regression": {
      const { df, scale } = loss;
      const spread = df * scale * scale;
      const value = 0.5 * (df + 1) * Math.log1p((residual * residual) / spread);
      return [value, ((df + 1) * residual) / (spread + residual * residual)];
    }
    case "bce": {
      const softplus = Math.max(f, 0) + Math.log1p(Math.exp(-Math.abs(f)));
      return [softplus - y * f, sigmoid(f) - y];
    }
    case "cross_entropy":
      throw new Error("bug: cross_entropy couples the outputs");
  }
};

/** log Σ_k e^{f_k} − Σ_k y_k·f_k; slope softmax(f) − y. */
const crossEntropy: PointwiseLoss = (output, labels, slope) => {
  const top = output.reduce((a, b) => Math.max(a, b), -Infinity);
  let total = 0;
  for (const f of output) total += Math.exp(f - top);
  let value = Math.log(total);
  for (let k = 0; k < output.length; k++) {
    const y = labels.values[labels.offset + k];
    value -= y * (output[k] - top); // labels sum to 1, so `top` cancels exactly where a label is one-hot
    slope[k] = Math.exp(output[k] - top) / total - y;
  }
  return value;
};
