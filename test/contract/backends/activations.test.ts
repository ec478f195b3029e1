/**
 * The activations as functions of one number, to some units in the last place, from 1e-30 to where they saturate.
 *
 * A network of one hidden unit with output weight 1 and label 0 has the loss a(w)², so that its relative error is twice
 * that of a. Chains are the arguments. What the kernels promise: `src/compute/kernels/elementary.h`.
 */
import { expect, it } from "vitest";
import { describeBackends } from "../../support/backend-cases.ts";
import { aNetworkProblem, vectorsOf } from "../../support/problems.ts";

/** Around 0, dense where exponents are reduced, and far out; both signs. */
const magnitudes = [
  ...Array.from({ length: 40 }, (_, i) => 1e-30 * 10 ** ((3 * i) / 4)),
  ...Array.from({ length: 400 }, (_, i) => (i + 0.5) / 40),
  ...Array.from({ length: 60 }, (_, i) => 10 + i / 2),
];
const inputs = magnitudes.flatMap((x) => [x, -x]);

/** Units in the last place that a value may be off; 2 more for the square and the rounding of the expected value. */
const mostUlps = 6;

describeBackends("activations", (backend) => {
  it.each([
    ["tanh", (x: number) => Math.tanh(x)],
    ["sigmoid", (x: number) => 1 / (1 + Math.exp(-x))],
  ] as const)("%s is right to a few ulp", async (activation, exact) => {
    const isSingle = backend.precision === "float32";
    const epsilon = isSingle ? 2 ** -23 : 2 ** -52;
    const positions = backend.round(Float64Array.from(inputs));
    const problem = {
      ...aNetworkProblem({
        network: { inDim: 1, widths: [1], outDim: 1, activation, bias: false },
        loss: { kind: "mse" },
        numData: 1,
        numChains: positions.length,
      }),
      dataset: { numData: 1, inputs: Float64Array.of(1), labels: Float64Array.of(0) },
    };
    const ensemble = backend.open(problem);
    const loss = ensemble.scalars();
    ensemble.loss(vectorsOf(ensemble, Float64Array.from([...positions].flatMap((x) => [x, 1]))), loss);
    const wrong = [...(await ensemble.readScalars(loss))].flatMap((value, i) => {
      const x = positions[i] as number;
      const expected = exact(x);
      const ulps = Math.abs(Math.sqrt(value) / Math.abs(expected) - 1) / epsilon;
      return ulps <= mostUlps && value <= 1 ? [] : [{ x, value: Math.sqrt(value), expected, ulps }];
    });
    expect(wrong).toEqual([]);
  });
});
