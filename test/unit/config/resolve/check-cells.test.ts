/** What plans know of sizes beforehand is what the code that runs finds out. */
import { describe, expect, it } from "vitest";
import { dimOf } from "../../../../src/compute/model.ts";
import { numFlowParameters } from "../../../../src/config/resolve/check-cells.ts";
import { numParametersOf } from "../../../../src/config/resolve/num-parameters.ts";
import type { ModelConfig } from "../../../../src/config/schema/model.ts";
import { flowShape } from "../../../../src/samplers/flow/coupling-flow.ts";
import { load } from "../../../support/experiment-file.ts";

const modelOf = (overrides: string): ModelConfig =>
  load(
    `targets: [{ model: small, data: small, seed: 1, overrides: { model: ${overrides} } }]\nsamplers: [{ name: hmc }]\n`,
  ).targets[0]?.config.model as ModelConfig;

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

describe("numParametersOf", () => {
  it.each([
    { bias: true, layernorm: false },
    { bias: false, layernorm: true },
  ])("counts what a network has: %o", (parts) => {
    const model = modelOf(
      `{ in_dim: 3, depth: 2, widths: [5, 7], target_params: null, hidden: null, bias: ${parts.bias}, layernorm: ${parts.layernorm} }`,
    );
    const network = { inDim: 3, widths: [5, 7], outDim: 1, activation: "relu", ...parts } as const;
    const spec = { ...network, skipConnections: false, residualPeriod: 1 };
    expect(numParametersOf(model)).toBe(dimOf({ kind: "network", network: spec, loss: { kind: "mse" } }));
  });

  it("is not known where a budget decides", () => {
    expect(numParametersOf(modelOf("{ widths: null, hidden: null, target_params: 100 }"))).toBeNull();
  });
});
