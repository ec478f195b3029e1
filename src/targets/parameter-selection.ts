/**
 * Parts of a network by name: `layers[1]`, `layers[0].weights`, joined by `+`; the last layer is the output layer.
 *
 * Parts: `weights` and, where the network has them, `biases`, `scales` and `shifts` (of a layer norm). Which indices they are
 * is the layout of `src/compute/model.ts`.
 */
import { type LayerLayout, type LossModel, networkLayers } from "../compute/model.ts";
import { SweepError } from "../core/errors.ts";

const partPattern = /^layers\[(\d+)\](?:\.(weights|biases|scales|shifts))?$/;
const partNames = ["weights", "biases", "scales", "shifts"] as const;

/**
 * Indices of the named parameters, ascending, each once.
 *
 * @throws SweepError `CONFIG_INVALID` if the model is no network, or a part is not there.
 */
export const selectParameters = (model: LossModel, expression: string): readonly number[] => {
  if (model.kind !== "network") throw refusal(expression, "a closed form has no layers. Remove it");
  const layers = networkLayers(model.network);
  const indices = expression.split("+").flatMap((text) => {
    const [, index, name] = partPattern.exec(text.trim()) ?? [];
    const layer = layers[Number(index)] as LayerLayout | undefined;
    if (layer === undefined) {
      throw refusal(expression, `expected parts such as layers[0], up to layers[${layers.length - 1}]`);
    }
    return partNames
      .filter((part) => name === undefined || name === part)
      .flatMap((part) => {
        // A whole layer has what it has; a part that was named must be there.
        if (layer[part] < 0 && name !== undefined) throw refusal(expression, `the layer has no ${part}`);
        return indicesOf(layer, part);
      });
  });
  return [...new Set(indices)].toSorted((a, b) => a - b);
};

const indicesOf = (layer: LayerLayout, part: (typeof partNames)[number]): readonly number[] => {
  const start = layer[part];
  if (start < 0) return [];
  const length = part === "weights" ? layer.fanIn * layer.fanOut : layer.fanOut;
  return Array.from({ length }, (_, i) => start + i);
};

const refusal = (expression: string, reason: string): SweepError =>
  new SweepError("CONFIG_INVALID", `posterior.parameters: got "${expression}"; ${reason}.`);
