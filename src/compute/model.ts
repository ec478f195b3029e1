/**
 * What a backend can evaluate: a mean loss L_n(w) of a flat parameter vector w, over a data set or in closed form.
 *
 * Parameter layout of a network (every backend, every file): layers in order; in a layer the weights
 * `w[input * fanOut + output]`, then (if `bias`) `fanOut` biases, then (if `layernorm`, hidden layers only)
 * `fanOut` scales and `fanOut` shifts.
 *
 * A hidden layer computes z = h·W + b; a = activation(z); if `layernorm`: a = scale·(a − mean)/√(var + 1e-5) + shift,
 * mean and (biased) variance over the features of one sample; if `skipConnections` and the hidden layer's index i > 0
 * has i mod `residualPeriod` = 0 and equal input and output widths: a = a + h. The output layer is linear.
 */

export type Activation = "relu" | "tanh" | "gelu" | "sigmoid" | "identity";

/** Multi-layer perceptron. `gelu` is the tanh form, as `jax.nn.gelu` has it by default. relu'(0) = 0. */
export interface NetworkSpec {
  readonly inDim: number;
  /** Widths of the hidden layers; empty for a linear model. */
  readonly widths: readonly number[];
  readonly outDim: number;
  readonly activation: Activation;
  readonly bias: boolean;
  readonly layernorm: boolean;
  readonly skipConnections: boolean;
  readonly residualPeriod: number;
}

/**
 * Mean over the n points (and, where it says so, the outputs) of
 * - `mse`: (f − y)², mean over outputs too;
 * - `t_regression`: ½(df + 1)·log(1 + (f − y)²/(df·scale²)), mean over outputs too;
 * - `bce`: log(1 + e^f) − y·f with logits f and labels y in [0, 1], mean over outputs too;
 * - `cross_entropy`: log Σ_k e^{f_k} − Σ_k y_k·f_k with label rows y that sum to 1 (one-hot or soft).
 */
export type LossSpec =
  | { readonly kind: "mse" | "bce" | "cross_entropy" }
  | { readonly kind: "t_regression"; readonly df: number; readonly scale: number };

/**
 * A loss of w ∈ ℝ^dim.
 * - `network`: the mean loss of a network over the data set;
 * - `quadratic`: ½·Σ_i curvature_i·w_i²;
 * - `monomial`: coefficient·∏_i |w_i|^{2·exponent_i} (normal crossing; exponents ≥ 0, integer or half-integer);
 * - `power_sum`: Σ_i coefficient·|w_i|^{2·exponent_i}.
 * The closed forms use no data; a minibatch of them is the full loss.
 */
export type LossModel =
  | { readonly kind: "network"; readonly network: NetworkSpec; readonly loss: LossSpec }
  | { readonly kind: "quadratic"; readonly curvature: readonly number[] }
  | { readonly kind: "monomial"; readonly coefficient: number; readonly exponents: readonly number[] }
  | { readonly kind: "power_sum"; readonly coefficient: number; readonly exponents: readonly number[] };

/** Training data, row-major float64 whatever the precision of the run. */
export interface Dataset {
  readonly numData: number;
  /** Shape (numData, inDim). Empty for closed forms. */
  readonly inputs: Float64Array;
  /** Shape (numData, outDim). Empty for closed forms. */
  readonly labels: Float64Array;
}

/** One affine layer of a network and where its parameters lie in w. */
export interface LayerLayout {
  readonly fanIn: number;
  readonly fanOut: number;
  readonly isHidden: boolean;
  readonly hasSkip: boolean;
  /** Offsets into w; −1 where the part is absent. */
  readonly weights: number;
  readonly biases: number;
  readonly scales: number;
  readonly shifts: number;
}

/** Layers of a network in order, with the offsets of their parameters. */
export const networkLayers = (network: NetworkSpec): readonly LayerLayout[] => {
  const widths = [network.inDim, ...network.widths, network.outDim];
  const layers: LayerLayout[] = [];
  let offset = 0;
  for (let index = 0; index + 1 < widths.length; index++) {
    const fanIn = widths[index];
    const fanOut = widths[index + 1];
    const isHidden = index < network.widths.length;
    const weights = offset;
    offset += fanIn * fanOut;
    const biases = network.bias ? offset : -1;
    offset += network.bias ? fanOut : 0;
    const hasNorm = isHidden && network.layernorm;
    const scales = hasNorm ? offset : -1;
    const shifts = hasNorm ? offset + fanOut : -1;
    offset += hasNorm ? 2 * fanOut : 0;
    const hasSkip =
      network.skipConnections &&
      isHidden &&
      index > 0 &&
      index % network.residualPeriod === 0 &&
      fanIn === fanOut;
    layers.push({ fanIn, fanOut, isHidden, hasSkip, weights, biases, scales, shifts });
  }
  return layers;
};

/** Number of parameters of a network. */
export const numParametersOf = (network: NetworkSpec): number => {
  const last = networkLayers(network).at(-1);
  if (last === undefined) return 0;
  return (last.biases < 0 ? last.weights + last.fanIn * last.fanOut : last.biases + last.fanOut) as number;
};

/** Dimension of w. */
export const dimOf = (model: LossModel): number => {
  if (model.kind === "network") return numParametersOf(model.network);
  return model.kind === "quadratic" ? model.curvature.length : model.exponents.length;
};
