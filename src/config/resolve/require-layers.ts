/** Refuses a restriction to layers that a target's network does not have, before anything runs. */
import { SweepError } from "../../core/errors.ts";
import type { ResolvedTarget } from "../experiment.ts";
import type { PosteriorConfig } from "../schema/posterior.ts";

/** Affine layers of the network that is sampled; 0 for closed forms. */
const numLayersOf = ({ config: { model } }: ResolvedTarget): number => {
  if (model.kind === "deep_linear") return model.widths.length - 1;
  return model.kind === "mlp" ? (model.widths?.length ?? model.depth) + 1 : 0;
};

/** The posterior as it is. @throws SweepError `CONFIG_INVALID` */
export const requireLayers = (target: ResolvedTarget, posterior: PosteriorConfig): PosteriorConfig => {
  const { parameters } = posterior;
  if (parameters === undefined) return posterior;
  const count = numLayersOf(target);
  const indices = [...parameters.matchAll(/\[(\d+)\]/g)].map(([, index]) => Number(index));
  const largest = indices.reduce((most, index) => Math.max(most, index), 0);
  if (largest < count) return posterior;
  const network = count === 0 ? "which has no layers" : `whose network has ${count} layers`;
  const advice =
    count === 0
      ? "Remove posterior.parameters."
      : `Name layers from layers[0] to layers[${count - 1}], the output layer.`;
  throw new SweepError(
    "CONFIG_INVALID",
    `posterior.parameters: got "${parameters}" for target "${target.label}", ${network}. ${advice}`,
  );
};
