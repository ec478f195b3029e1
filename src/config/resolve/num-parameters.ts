/** Number of parameters of a model, or of named parts of it, as its configuration tells it before anything is built. */
import type { MlpModel, ModelConfig } from "../schema/model.ts";

/** An affine layer: its fans and the kinds of numbers that an output unit has besides weights. */
interface Layer {
  readonly fanIn: number;
  readonly fanOut: number;
  readonly hasBiases: boolean;
  /** Scales and shifts of a layer norm. */
  readonly hasNorm: boolean;
}

const partNames = ["weights", "biases", "scales", "shifts"] as const;
type PartName = (typeof partNames)[number];

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** All numbers of a part; 0 where the layer does not have it. */
const sizeOf = ({ fanIn, fanOut, hasBiases, hasNorm }: Layer, part: PartName): number => {
  if (part === "weights") return fanIn * fanOut;
  return (part === "biases" ? hasBiases : hasNorm) ? fanOut : 0;
};

const layered = (widths: readonly number[], { bias = false, layernorm = false } = {}): Layer[] =>
  widths.slice(1).map((fanOut, i) => ({
    fanIn: widths[i] ?? 0,
    fanOut,
    hasBiases: bias,
    hasNorm: layernorm && i + 2 < widths.length,
  }));

const countOf = (layers: readonly Layer[]): number =>
  sum(layers.flatMap((layer) => partNames.map((part) => sizeOf(layer, part))));

/** Layers of an MLP with hidden layers of those widths. */
const mlpLayers = (model: MlpModel, hidden: readonly number[]): Layer[] =>
  layered([model.in_dim, ...hidden, model.out_dim], model);

/** Largest width within the budget, as `src/targets/network/widths.ts` finds it; null where nothing says a width. */
const hiddenWidthsOf = (model: MlpModel): readonly number[] | null => {
  const { widths, depth, target_params: budget, hidden } = model;
  if (widths !== null) return widths;
  const constant = (width: number): number[] => Array<number>(depth).fill(width);
  if (depth === 0) return [];
  if (budget === null) return hidden === null ? null : constant(hidden);
  const fits = (width: number): boolean => countOf(mlpLayers(model, constant(width))) <= budget;
  let [low, high] = [1, 2];
  while (fits(high)) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return constant(low);
};

/** Empty for closed forms; null where the widths are not known. */
const layersOf = (model: ModelConfig): readonly Layer[] | null => {
  if (model.kind === "deep_linear") return layered(model.widths);
  if (model.kind !== "mlp") return [];
  const hidden = hiddenWidthsOf(model);
  return hidden === null ? null : mlpLayers(model, hidden);
};

/** Null where nothing says how wide the layers are. */
export const numParametersOf = (model: ModelConfig): number | null => {
  switch (model.kind) {
    case "quadratic":
      return model.dim;
    case "monomial":
    case "power_sum":
      return model.exponents.length;
    default: {
      const layers = layersOf(model);
      return layers === null ? null : countOf(layers);
    }
  }
};

/** Parameters that `posterior.parameters` selects, or why it selects none, for a sentence after `got "…" for …, `. */
export type Selection =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "absent"; readonly reason: string };

const absent = (reason: string): Selection => ({ kind: "absent", reason });

/** Null where the widths are not known. What `src/targets/parameter-selection.ts` selects, each parameter once. */
export const selectionOf = (model: ModelConfig, expression: string): Selection | null => {
  const layers = layersOf(model);
  if (layers === null) return null;
  if (layers.length === 0)
    return absent("which has no layers; expected null: a closed form is sampled as a whole.");
  const chosen = new Map<string, number>();
  for (const [, digits, name] of expression.matchAll(/\[(\d+)\](?:\.(\w+))?/g)) {
    const index = Number(digits);
    const layer = layers[index];
    if (layer === undefined) {
      return absent(
        `whose network has ${layers.length} layers; expected layers from layers[0] to layers[${layers.length - 1}], the output layer.`,
      );
    }
    const parts = partNames.filter((part) => sizeOf(layer, part) > 0);
    if (name !== undefined && !parts.some((part) => part === name))
      return absent(`whose layers[${index}] has no ${name}; expected ${parts.join(" or ")}.`);
    for (const part of parts) {
      if (name === undefined || name === part) chosen.set(`${index}.${part}`, sizeOf(layer, part));
    }
  }
  return { kind: "count", count: sum([...chosen.values()]) };
};
