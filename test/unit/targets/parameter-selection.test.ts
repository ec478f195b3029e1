/** Names of parts of a network → indices of its parameters. */
import { describe, expect, it } from "vitest";
import type { LossModel } from "../../../src/compute/model.ts";
import { numParametersOf } from "../../../src/compute/model.ts";
import { selectParameters } from "../../../src/targets/parameter-selection.ts";
import { aNetwork } from "../../support/problems.ts";

// Layer 0: weights 0–5, biases 6–8, scales 9–11, shifts 12–14; layer 1: weights 15–17, bias 18.
const network = aNetwork({ inDim: 2, widths: [3], outDim: 1, layernorm: true });
const model: LossModel = { kind: "network", network, loss: { kind: "mse" } };
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe("selectParameters", () => {
  it.each([
    ["layers[0]", range(0, 14)],
    ["layers[1]", range(15, 18)],
    ["layers[0].weights", range(0, 5)],
    ["layers[0].shifts + layers[0].biases", [...range(6, 8), ...range(12, 14)]],
    ["layers[1].biases+layers[1]+layers[1]", range(15, 18)],
    ["layers[1] + layers[0].scales", [...range(9, 11), ...range(15, 18)]],
    ["layers[0]+layers[1]", range(0, numParametersOf(network) - 1)],
  ])("%s", (expression, indices) => {
    expect(selectParameters(model, expression)).toEqual(indices);
  });

  it.each([
    ["layers[2]", "up to layers[1]"],
    ["layers", "expected parts such as layers[0]"],
    ["layers[1].scales", "the layer has no scales"],
    ["", "expected parts"],
  ])("refuses %s", (expression, message) => {
    expect(() => selectParameters(model, expression)).toThrow(message);
  });

  it("refuses closed forms, which have no layers", () => {
    expect(() => selectParameters({ kind: "quadratic", curvature: [1] }, "layers[0]")).toThrow("no layers");
  });
});
