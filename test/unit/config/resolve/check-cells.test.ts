/** What is refused beforehand is what samplers refuse when they start. */
import { describe, expect, it } from "vitest";
import { largestDense, largestFlow, numFlowParameters } from "../../../../src/config/resolve/check-cells.ts";
import { mostDenseParameters } from "../../../../src/samplers/adaptation/dense-covariance.ts";
import { flowShape } from "../../../../src/samplers/flow/coupling-flow.ts";
import { maxColumnNumbers, maxLatent, maxParameters } from "../../../../src/samplers/flow/flow-size.ts";

describe("numFlowParameters", () => {
  it.each([1, 2, 3, 8, 51])("counts what a flow in %d dimensions has", (dim) => {
    for (const [depth, hidden] of [
      [1, [3]],
      [4, [64, 64]],
      [7, [5, 2, 9]],
    ] as const) {
      expect(numFlowParameters(dim, depth, hidden)).toBe(flowShape(dim, depth, hidden).numParameters);
    }
  });
});

describe("limits", () => {
  it("are those of the samplers", () => {
    expect(largestDense).toBe(mostDenseParameters);
    expect(largestFlow).toEqual({
      latent: maxLatent,
      columnNumbers: maxColumnNumbers,
      parameters: maxParameters,
    });
  });
});
