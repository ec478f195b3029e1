/**
 * Loss and gradient of the reference network against JAX.
 *
 * Oracle: jax 0.10.2, x64: `jax.value_and_grad` of a 2-4-4-4-3 network with bias, layer norm after the activation and a
 * skip on hidden layer 2, for w_i = ((7i mod 11) − 5)/8 and the data below; `jax.nn.gelu`, `jnp.logaddexp(0, f)`,
 * `jax.scipy.special.logsumexp`. The gradient is recorded as its dot product with ((5i mod 13) − 6)/4.
 */
import { expect, it } from "vitest";
import { type Activation, dimOf, type LossModel, type LossSpec } from "../../../../src/compute/model.ts";
import { networkLoss } from "../../../../src/compute/reference/network.ts";

const goldens: readonly (readonly [Activation, LossSpec["kind"], number, number])[] = [
  ["relu", "mse", 0.833726345301515, -1.7975729274035595],
  ["relu", "t_regression", 0.7430150961866225, -1.3228435520529471],
  ["relu", "bce", 0.6994236513357944, -0.010950394866170561],
  ["relu", "cross_entropy", 1.1354601836203952, -1.2058998069739273],
  ["tanh", "mse", 0.6372993520241714, -1.78038019686907],
  ["tanh", "t_regression", 0.6024918503495695, -1.0643452285501602],
  ["tanh", "bce", 0.698842329921447, 0.07759095351548913],
  ["tanh", "cross_entropy", 1.1281784007187747, -1.2755288020756763],
  ["gelu", "mse", 0.7565119787768744, -2.6137938309185795],
  ["gelu", "t_regression", 0.6762734657538765, -2.065014859246451],
  ["gelu", "bce", 0.7012034925187376, 0.12881063752944777],
  ["gelu", "cross_entropy", 1.136574246899478, -1.297363626685476],
  ["sigmoid", "mse", 0.6249526635591254, -1.6196687614014622],
  ["sigmoid", "t_regression", 0.5994870173477459, -0.9634748483098762],
  ["sigmoid", "bce", 0.6983470073398446, 0.10227010413277227],
  ["sigmoid", "cross_entropy", 1.126493175712476, -1.1976868306405697],
  ["identity", "mse", 0.6196491378393102, -1.5234343329787814],
  ["identity", "t_regression", 0.5982252585903604, -0.9067999913229949],
  ["identity", "bce", 0.6982816723278321, 0.11420045600854312],
  ["identity", "cross_entropy", 1.1259594651543046, -1.1596625448450397],
];

const NUM_DATA = 5;
const table = (width: number, entry: (row: number, column: number) => number): Float64Array =>
  Float64Array.from({ length: NUM_DATA * width }, (_, i) => entry(Math.floor(i / width), i % width));
const labels: Readonly<Record<LossSpec["kind"], Float64Array>> = {
  mse: table(3, (i, j) => (((i * 3 + j * 4) % 5) - 2) / 2),
  t_regression: table(3, (i, j) => (((i * 3 + j * 4) % 5) - 2) / 2),
  bce: table(3, (i, j) => ((i + j) % 3) / 2),
  cross_entropy: table(3, (i, j) => (i % 2 === 1 ? [0.25, 0.75, 0] : [0, 0, 1])[j] as number),
};
const inputs = table(2, (i, j) => (((i * 5 + j * 3) % 7) - 3) / 4);

it.each(goldens)("loss and gradient equal JAX: %s, %s", (activation, kind, loss, slope) => {
  const model = {
    kind: "network",
    network: {
      inDim: 2,
      widths: [4, 4, 4],
      outDim: 3,
      activation,
      bias: true,
      layernorm: true,
      skipConnections: true,
      residualPeriod: 2,
    },
    loss: kind === "t_regression" ? { kind, df: 3, scale: 0.7 } : { kind },
  } as const satisfies LossModel;
  const dim = dimOf(model);
  expect(dim).toBe(91);
  const w = Float64Array.from({ length: dim }, (_, i) => (((i * 7) % 11) - 5) / 8);
  const gradient = new Float64Array(dim);
  const evaluate = networkLoss(model, { numData: NUM_DATA, inputs, labels: labels[kind] });
  expect(evaluate(w, null, gradient)).toBeCloseTo(loss, 14);
  expect(gradient.reduce((sum, g, i) => sum + (g * (((i * 5) % 13) - 6)) / 4, 0)).toBeCloseTo(slope, 13);
});
