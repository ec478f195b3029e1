/** Sizes that a flow can be fitted at; larger ones are refused before anything runs. */
import { SweepError } from "../../core/errors.ts";
import type { ViSettings } from "../variational/vi-settings.ts";
import { flowShape } from "./coupling-flow.ts";

/** Coordinates: beyond, no number of steps that anyone waits for fits the layers. */
export const maxLatent = 256;
/** Parameters of one flow: 16 MiB with Adam's moments. */
export const maxParameters = 2 ** 19;
/** Numbers of one U: 256 MiB. */
export const maxColumnNumbers = 2 ** 25;

/** @throws CONFIG_INVALID if a flow with those settings over `dim` parameters is too large. */
export const checkFlowSize = ({ dLatent, flowDepth, flowHidden }: ViSettings, dim: number): void => {
  const latentDim = Math.min(dLatent, dim);
  if (latentDim > maxLatent) {
    refuse(
      `vi.d_latent: got ${dLatent} for ${dim} parameters; expected at most ${maxLatent}: a flow of more coordinates is not fitted honestly. Lower d_latent (the estimate is then that of a subspace), or set algo to mfa.`,
    );
  }
  if (latentDim < dim && latentDim * dim > maxColumnNumbers) {
    refuse(
      `vi.d_latent: got ${dLatent} for ${dim} parameters; expected at most ${Math.floor(maxColumnNumbers / dim)}: the subspace's directions would take more than 256 MiB a chain. Lower d_latent, or set algo to mfa.`,
    );
  }
  const { numParameters } = flowShape(latentDim, flowDepth, flowHidden);
  if (numParameters <= maxParameters) return;
  refuse(
    `vi.flow_hidden: got [${flowHidden.join(", ")}] in ${flowDepth} layers, ${numParameters} numbers a chain; expected at most ${maxParameters}. Lower flow_hidden or flow_depth.`,
  );
};

const refuse = (message: string): never => {
  throw new SweepError("CONFIG_INVALID", message);
};
