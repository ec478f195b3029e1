/** Random numbers of every backend are those of `src/random`, to the bit, whatever the batch. */
import { expect, it } from "vitest";
import { fillNormal } from "../../../src/random/normal.ts";
import { purpose } from "../../../src/random/purpose.ts";
import { fillIntegers } from "../../../src/random/uniform.ts";
import { describeBackends } from "../../support/backend-cases.ts";
import { expectClose } from "../../support/close.ts";
import {
  aDataset,
  aNetwork,
  aNetworkProblem,
  aStandardNormal,
  positionsFor,
  vectorsOf,
} from "../../support/problems.ts";

const cases = [
  { numChains: 1, dim: 1, seed: 0, step: 0, firstChain: 0 },
  { numChains: 3, dim: 3, seed: 1, step: 7, firstChain: 0 },
  { numChains: 3, dim: 62, seed: 2 ** 32, step: 1, firstChain: 5 },
  { numChains: 2, dim: 65, seed: 2 ** 53 - 1, step: 2 ** 32 - 1, firstChain: 0 },
  { numChains: 65, dim: 3, seed: 42, step: 2 ** 31, firstChain: 1000 },
  { numChains: 2, dim: 777, seed: 43, step: 3, firstChain: 2 },
  { numChains: 1, dim: 20_001, seed: 44, step: 4, firstChain: 0 },
];

describeBackends("random numbers", (backend) => {
  it.each(cases)("normals have the bits of fillNormal: %o", async (at) => {
    const { numChains, dim, seed, step, firstChain } = at;
    const ensemble = backend.open({ ...aStandardNormal(dim, numChains), seed, firstChain });
    const out = ensemble.vectors();
    ensemble.normal({ purpose: purpose.momentum, step }, out);
    const expected = new Float64Array(numChains * dim);
    for (let c = 0; c < numChains; c++) {
      const chain = firstChain + c;
      fillNormal({ seed, purpose: purpose.momentum, step, chain }, expected.subarray(c * dim, (c + 1) * dim));
    }
    const actual = await ensemble.readVectors(out);
    const wrong = backend.round(expected).findIndex((z, i) => !Object.is(z, actual[i]));
    expect({ wrong, got: actual[wrong] }).toEqual({ wrong: -1, got: undefined });
  });

  it("different purposes, steps and chains give different numbers", async () => {
    const ensemble = backend.open(aStandardNormal(4, 2));
    const read = async (address: { purpose: number; step: number }): Promise<Float64Array> => {
      const out = ensemble.vectors();
      ensemble.normal(address, out);
      return ensemble.readVectors(out);
    };
    const all = await Promise.all([
      read({ purpose: 35, step: 0 }),
      read({ purpose: 36, step: 0 }),
      read({ purpose: 35, step: 1 }),
    ]);
    expect(new Set(all.flatMap((values) => [...values])).size).toBe(24);
  });

  it.each([
    { batchSize: 1, numData: 13 },
    { batchSize: 5, numData: 13 },
    { batchSize: 65, numData: 777 },
    { batchSize: 30, numData: 3 }, // more than there are rows: drawn with replacement
    { batchSize: 256, numData: 1 },
  ])("a minibatch of $batchSize of $numData is the mean over the addressed rows", async (sizes) => {
    const { batchSize, numData } = sizes;
    const step = 9;
    const [seed, firstChain, loss] = [77, 4, { kind: "mse" } as const];
    const network = aNetwork({ inDim: 3, widths: [4], outDim: 2 });
    const problem = aNetworkProblem({ network, numData, numChains: 3, seed, firstChain });
    const position = positionsFor(problem);
    const ensemble = backend.open(problem);
    const out = { loss: ensemble.scalars(), gradient: ensemble.vectors() };
    ensemble.minibatchLossAndGradient(vectorsOf(ensemble, position), { batchSize, step }, out);
    const [losses, gradients] = [
      await ensemble.readScalars(out.loss),
      await ensemble.readVectors(out.gradient),
    ];

    const all = aDataset(network, loss, numData);
    const { dim } = ensemble;
    for (let c = 0; c < 3; c++) {
      const rows = new Uint32Array(batchSize);
      fillIntegers({ seed, purpose: purpose.minibatch, step, chain: firstChain + c }, numData, rows);
      const pick = (values: Float64Array, width: number): Float64Array =>
        Float64Array.from([...rows].flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]));
      const dataset = { numData: batchSize, inputs: pick(all.inputs, 3), labels: pick(all.labels, 2) };
      const one = backend.open({ ...problem, dataset, numChains: 1 });
      const full = { loss: one.scalars(), gradient: one.vectors() };
      const start = vectorsOf(one, position.subarray(c * dim, (c + 1) * dim));
      one.lossAndGradient(start, full.loss, full.gradient);
      expectClose(losses.subarray(c, c + 1), await one.readScalars(full.loss), backend.tolerance.loss);
      const gradient = gradients.subarray(c * dim, (c + 1) * dim);
      expectClose(gradient, await one.readVectors(full.gradient), backend.tolerance.gradient);
    }
  });
});
