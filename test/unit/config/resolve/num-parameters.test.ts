/** What configurations tell of sizes is what the code that runs finds out. */
import { describe, expect, it } from "vitest";
import { dimOf, type LossModel } from "../../../../src/compute/model.ts";
import { numParametersOf, selectionOf } from "../../../../src/config/resolve/num-parameters.ts";
import type { ModelConfig } from "../../../../src/config/schema/model.ts";
import { camelKeys } from "../../../../src/core/case.ts";
import { lossModelOf } from "../../../../src/targets/loss-model.ts";
import { selectParameters } from "../../../../src/targets/parameter-selection.ts";
import type { TargetConfig } from "../../../../src/targets/target-config.ts";
import { load } from "../../../support/experiment-file.ts";

const modelOf = (model: string, overrides = "{}"): ModelConfig =>
  load(
    `targets: [{ model: ${model}, data: small, seed: 1, overrides: { model: ${overrides} } }]\nsamplers: [{ name: hmc }]\n`,
  ).targets[0]?.config.model as ModelConfig;

const builtOf = (model: ModelConfig): LossModel =>
  lossModelOf(camelKeys({ model, loss: { kind: "mse" } }) as unknown as TargetConfig);

const networks = [
  ["small", "{ depth: 2, widths: [5, 7] }"],
  ["small", "{ depth: 2, widths: [5, 7], bias: false, layernorm: true }"],
  ["base", "{ target_params: 10000, layernorm: true }"],
  ["tiny", "{}"],
  ["tiny", "{ target_params: 1 }"],
  ["linear", "{}"],
  ["deep_linear", "{}"],
] as const;

describe("numParametersOf", () => {
  it.each([...networks, ["quadratic", "{}"]] as const)("counts what is built: %s %s", (name, overrides) => {
    const model = modelOf(name, overrides);
    expect(numParametersOf(model)).toBe(dimOf(builtOf(model)));
  });
});

const expressions = [
  "layers[0]",
  "layers[1].biases",
  "layers[0].scales + layers[0] + layers[0].weights",
  "layers[1] + layers[0].shifts",
  "layers[9]",
];

describe("selectionOf", () => {
  it.each(networks)("selects what a run selects, or nothing where it refuses: %s %s", (name, overrides) => {
    const model = modelOf(name, overrides);
    for (const expression of expressions) {
      const selection = selectionOf(model, expression);
      const select = () => selectParameters(builtOf(model), expression).length;
      if (selection?.kind === "count") expect(select()).toBe(selection.count);
      else expect(select).toThrow("posterior.parameters");
    }
  });

  it("is absent in a closed form", () => {
    expect(selectionOf(modelOf("quadratic"), "layers[0]")).toMatchObject({ kind: "absent" });
  });
});
