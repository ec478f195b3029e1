/** The network whose weights are trained and sampled, from its configuration. */
import type { Activation, NetworkSpec } from "../../compute/model.ts";
import type { ActivationName, DeepLinearConfig, MlpConfig } from "../target-config.ts";
import { type NetworkFrame, resolveWidths } from "./widths.ts";

/** @throws SweepError `CONFIG_INVALID` if no width can be had. */
export const studentNetworkOf = (model: MlpConfig | DeepLinearConfig): NetworkSpec => {
  if (model.kind === "mlp") return { ...frameOf(model), widths: resolveWidths(frameOf(model), model) };
  return {
    inDim: model.widths[0],
    widths: model.widths.slice(1, -1),
    outDim: model.widths[model.widths.length - 1],
    activation: "identity",
    bias: false,
    layernorm: false,
    skipConnections: false,
    residualPeriod: 1,
  };
};

/** All of an MLP but its widths. */
export const frameOf = (model: MlpConfig): NetworkFrame => ({
  inDim: model.inDim,
  outDim: model.outDim,
  activation: activationNamed(model.activation),
  bias: model.bias,
  layernorm: model.layernorm,
  skipConnections: model.skipConnections,
  residualPeriod: model.residualPeriod,
});

/** `none` is `identity`. */
export const activationNamed = (name: ActivationName): Activation => (name === "none" ? "identity" : name);
