/**
 * Keys of `model`, one schema a kind. `kind` decides which keys there are; without one it is `mlp`.
 */
import { z } from "zod";
import { flag, listOf, oneOf, orNull, realNumber, wholeNumber, worded } from "./fields.ts";

/** Hidden-layer activations; `none` is another word for `identity`. */
export const activationNames = ["relu", "tanh", "gelu", "sigmoid", "identity", "none"] as const;

const initField = (description: string) =>
  oneOf(description, ["he", "xavier", "lecun", "orthogonal", "normal"]);

const initScale = realNumber("Multiplies every initial weight of the student (not of the teacher).", {
  above: 0,
});

/** Widths of hidden layers, as `mlp` and `teacher` take them. */
export const hiddenWidths = (description: string): z.ZodArray<z.ZodNumber> =>
  listOf(wholeNumber("Width of a layer.", 1), "a list of whole numbers >= 1", description);

const mlp = z.strictObject({
  kind: oneOf("Multi-layer perceptron.", ["mlp"]).default("mlp"),
  in_dim: wholeNumber("Number of inputs.", 1),
  out_dim: wholeNumber("Number of outputs.", 1).default(1),
  depth: orNull(
    wholeNumber("Number of hidden layers; 0 is a linear model.", 0),
    "as many as there are `widths`",
  ).default(null),
  widths: orNull(
    hiddenWidths("Widths of the hidden layers, first to last."),
    "all equal, from `target_params` or `hidden`",
  ).default(null),
  target_params: orNull(
    wholeNumber("Budget of parameters: the largest constant width that does not exceed it.", 1),
    "no budget",
  ).default(null),
  hidden: orNull(wholeNumber("Width of every hidden layer.", 1), "see `widths` and `target_params`").default(
    null,
  ),
  activation: oneOf("Activation of the hidden layers.", activationNames).default("relu"),
  bias: flag("Layers have biases.").default(true),
  layernorm: flag("Layer normalisation with learnt scale and shift after each activation.").default(false),
  init: initField("Law of the initial weights.").default("he"),
  init_scale: initScale.default(1),
  skip_connections: flag("Adds a layer's input to its output where `residual_period` says so.").default(
    false,
  ),
  residual_period: wholeNumber(
    "With `skip_connections`: every how many hidden layers, between layers of equal width.",
    1,
  ).default(2),
});

const deepLinear = z.strictObject({
  kind: oneOf("Product of matrices; its exact learning coefficient is known.", ["deep_linear"]),
  widths: worded(
    z.array(wholeNumber("Width of a layer.", 1)).min(2),
    "a list of at least 2 whole numbers >= 1",
    "All widths: input, hidden layers, output.",
  ),
  rank: wholeNumber("Rank of the true map; at most the smallest width.", 0),
  init: initField("Law of the initial weights, with `training.at: trained`.").default("xavier"),
  init_scale: initScale.default(1),
});

const quadratic = z.strictObject({
  kind: oneOf("Loss 1/2 sum_i curvature_i w_i^2.", ["quadratic"]),
  dim: wholeNumber("Number of parameters.", 1),
  curvature: worded(
    z.union([z.number().min(0), z.array(z.number().min(0)).min(1)]),
    "a number >= 0 or a list of `dim` numbers >= 0",
    "Second derivative of the loss: one number for all directions, or one a direction.",
  ).default(1),
});

const exponents = worded(
  z.array(z.number().min(0).multipleOf(0.5)).min(1),
  "a list of multiples of 0.5, each >= 0",
  "One exponent a parameter; the loss has |w_i|^(2 exponent_i).",
);
const coefficient = realNumber("Factor of the loss.", { above: 0 });

const monomial = z.strictObject({
  kind: oneOf("Normal crossing: loss coefficient * prod_i |w_i|^(2 exponent_i).", ["monomial"]),
  exponents,
  coefficient: coefficient.default(1),
});

const powerSum = z.strictObject({
  kind: oneOf("Loss sum_i coefficient * |w_i|^(2 exponent_i).", ["power_sum"]),
  exponents,
  coefficient: coefficient.default(1),
});

/** Schema of each kind of model. */
export const modelSchemas = {
  mlp,
  deep_linear: deepLinear,
  quadratic,
  monomial,
  power_sum: powerSum,
} as const;

export type ModelKind = keyof typeof modelSchemas;

/** Kinds of model, in the order of messages and tables. */
export const modelKinds = Object.keys(modelSchemas) as readonly ModelKind[];

export type MlpBlock = z.output<typeof mlp>;

/** An mlp whose number of hidden layers is worked out. */
export type MlpModel = Omit<MlpBlock, "depth"> & { readonly depth: number };
export type DeepLinearModel = z.output<typeof deepLinear>;
export type QuadraticModel = z.output<typeof quadratic>;
export type MonomialModel = z.output<typeof monomial>;
export type PowerSumModel = z.output<typeof powerSum>;

/** A model as it was written; `resolveModel` works it out. */
export type ModelBlock = MlpBlock | DeepLinearModel | QuadraticModel | MonomialModel | PowerSumModel;
export type ModelConfig = MlpModel | DeepLinearModel | QuadraticModel | MonomialModel | PowerSumModel;

/** True for the kinds whose loss is a closed form of w: no data but their number, no teacher, no training. */
export const isClosedForm = (kind: string): boolean =>
  kind === "quadratic" || kind === "monomial" || kind === "power_sum";
