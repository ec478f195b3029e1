/** Number of parameters of a model, as far as its configuration tells it before anything is built. */
import type { ModelConfig } from "../schema/model.ts";

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Parameters of affine layers between `widths`, with `extra` numbers an output. */
const layered = (widths: readonly number[], extra: number): number =>
  sum(widths.slice(1).map((width, i) => ((widths[i] ?? 0) + extra) * width));

/** Null where a budget (`target_params`) leaves the widths to the build. */
export const numParametersOf = (model: ModelConfig): number | null => {
  switch (model.kind) {
    case "quadratic":
      return model.dim;
    case "monomial":
    case "power_sum":
      return model.exponents.length;
    case "deep_linear":
      return layered(model.widths, 0);
    case "mlp": {
      const { in_dim, out_dim, depth, hidden, bias, layernorm } = model;
      const hiddenWidths =
        model.widths ?? (hidden === null ? null : Array.from({ length: depth }, () => hidden));
      if (hiddenWidths === null) return null;
      return (
        layered([in_dim, ...hiddenWidths, out_dim], bias ? 1 : 0) + (layernorm ? 2 * sum(hiddenWidths) : 0)
      );
    }
  }
};
