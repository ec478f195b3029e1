/**
 * What a relu makes 0 may be skipped (src/compute/kernels/active.h): no bit of a result depends on whether it was.
 *
 * A network and the same one with more units, which are always on but lead nowhere, have the same loss and the same
 * gradient. In the first about half of the outputs are 0 and are skipped, in the second they are too few to be.
 */
import { expect, it } from "vitest";
import type { Ensemble } from "../../../src/compute/backend.ts";
import { type NetworkSpec, networkLayers } from "../../../src/compute/model.ts";
import { createReferenceBackend } from "../../../src/compute/reference/reference-backend.ts";
import { describeBackends } from "../../support/backend-cases.ts";
import { expectClose } from "../../support/close.ts";
import { aNetworkProblem, positionsFor, vectorsOf } from "../../support/problems.ts";

type TestProblem = ReturnType<typeof aNetworkProblem>;

const networkOf = (problem: TestProblem): NetworkSpec => {
  if (problem.model.kind !== "network") throw new Error("not a network");
  return problem.model.network;
};

/** Where the parameters of `network` are in one with more units. */
const placesIn = (wider: NetworkSpec, network: NetworkSpec): readonly number[] =>
  networkLayers(network).flatMap((layer, index) => {
    const outer = networkLayers(wider)[index];
    if (outer === undefined) throw new Error("as many layers");
    const weights = Array.from({ length: layer.fanIn * layer.fanOut }, (_, i) => {
      const [row, column] = [Math.floor(i / layer.fanOut), i % layer.fanOut];
      return outer.weights + row * outer.fanOut + column;
    });
    return [...weights, ...Array.from({ length: layer.fanOut }, (_, column) => outer.biases + column)];
  });

/** The same function: every further hidden unit has bias 5 and no other weight. */
const widened = (position: Float64Array, wider: NetworkSpec, network: NetworkSpec): Float64Array => {
  const out = new Float64Array(networkLayers(wider).reduce((dim, l) => dim + (l.fanIn + 1) * l.fanOut, 0));
  for (const layer of networkLayers(wider).slice(0, -1)) {
    out.fill(5, layer.biases, layer.biases + layer.fanOut);
  }
  for (const [i, place] of placesIn(wider, network).entries()) out[place] = position[i] as number;
  return out;
};

const evaluate = async (ensemble: Ensemble, position: Float64Array): Promise<[number, Float64Array]> => {
  const [loss, gradient] = [ensemble.scalars(), ensemble.vectors()];
  ensemble.lossAndGradient(vectorsOf(ensemble, position), loss, gradient);
  return [(await ensemble.readScalars(loss))[0] as number, await ensemble.readVectors(gradient)];
};

const reference = createReferenceBackend();

describeBackends("zeros of relu", (backend) => {
  // Widths of 4 to 12 vectors of any length, more than one word of 64 units, tiles of all and of a few samples. Little
  // enough work that both take one block of samples; no bias of the outputs, which would lie in another lane of a sum.
  it.each([
    { widths: [62, 62], outDim: 1, numData: 65 },
    { widths: [84, 96], outDim: 1, numData: 64 },
    { widths: [130, 70, 190], outDim: 3, numData: 64 },
    { widths: [68, 100], outDim: 70, numData: 5 },
  ])("change no bit if they are skipped: $widths, $outDim outputs, n = $numData", async (shape) => {
    const { widths, outDim, numData } = shape;
    const problemOf = (hidden: readonly number[]): TestProblem =>
      aNetworkProblem({
        network: { inDim: 6, widths: hidden, outDim, activation: "relu" },
        numData,
        numChains: 1,
      });
    const [problem, wider] = [problemOf(widths), problemOf(widths.map((width) => 2 * width))];
    const position = positionsFor(problem).fill(0, -outDim);
    const [loss, gradient] = await evaluate(backend.open(problem), position);
    const [widerLoss, widerGradient] = await evaluate(
      backend.open(wider),
      widened(position, networkOf(wider), networkOf(problem)),
    );
    const shared = placesIn(networkOf(wider), networkOf(problem)).map((place) => widerGradient[place]);
    expect(widerLoss).toBe(loss);
    // Adding 0 turns −0 into 0, which a product with 0 may or may not make.
    expect(shared.map((slope) => (slope as number) + 0)).toEqual([...gradient].map((slope) => slope + 0));
  });

  // Biases of a layer shift how many of its units are on: none, few, most, all.
  it.each([-30, -1, 0.5, 30])("loss and gradient equal the reference with biases of %d", async (bias) => {
    const problem = aNetworkProblem({
      network: { inDim: 6, widths: [70, 130, 66], outDim: 2, activation: "relu" },
      numData: 100,
      numChains: 1,
    });
    const position = positionsFor(problem);
    const middle = networkLayers(networkOf(problem))[1];
    if (middle === undefined) throw new Error("three layers");
    position.fill(bias, middle.biases, middle.biases + middle.fanOut);
    const [loss, gradient] = await evaluate(backend.open(problem), position);
    const [exactLoss, exactGradient] = await evaluate(
      reference.open({ ...problem, precision: "float64" }),
      position,
    );
    expectClose(Float64Array.of(loss), Float64Array.of(exactLoss), backend.tolerance.loss);
    expectClose(gradient, exactGradient, backend.tolerance.gradient);
  });
});
