/**
 * Where chains begin: w* + startScale·z, z ~ N(0, I), one z a chain.
 *
 * Dispersed starts are what makes R̂ able to see chains that have not met. `startScale` 0 starts every chain at w*.
 */

import type { Vectors } from "../../compute/backend.ts";
import { SweepError } from "../../core/errors.ts";
import { purpose } from "../../random/purpose.ts";
import type { Posterior } from "../sampler.ts";

/** `center` repeated for every chain, shape (numChains, dim). */
export const centerPositions = ({
  ensemble,
  center,
}: Pick<Posterior, "ensemble" | "center">): Float64Array => {
  const positions = new Float64Array(ensemble.numChains * ensemble.dim);
  for (let chain = 0; chain < ensemble.numChains; chain++) positions.set(center, chain * ensemble.dim);
  return positions;
};

/** A new array on the device that holds the starts; the noise is at (`purpose.start`, step 0). */
export const startPositions = (posterior: Posterior): Vectors => {
  const { ensemble, startScale } = posterior;
  const positions = ensemble.vectors();
  ensemble.writeVectors(positions, centerPositions(posterior));
  const noise = ensemble.vectors();
  ensemble.normal({ purpose: purpose.start, step: 0 }, noise);
  ensemble.axpy(new Float64Array(ensemble.numChains).fill(startScale), noise, positions);
  return positions;
};

/** @throws NUMERICS unless every chain's loss (or potential) at its start is finite. */
export const requireFiniteStart = (values: Float64Array, startScale: number): void => {
  if (values.every(Number.isFinite)) return;
  throw new SweepError(
    "NUMERICS",
    `the loss is not finite where a chain starts (sampling.start_scale ${startScale}); expected finite losses around w*. Lower sampling.start_scale.`,
  );
};
