/**
 * ‖w − w*‖ of each chain, in units of the weights: how far chains go, and by its R̂ whether they have all been as far.
 *
 * A loss often mixes long before the weights do; along a singular set it hardly changes at all.
 */
import type { Ensemble, Scalars, Vectors } from "../../compute/backend.ts";
import type { Posterior } from "../sampler.ts";

/** Buffers of the computation. Owns its device array. */
export class CenterDistance {
  readonly #ensemble: Ensemble;
  readonly #square: Scalars;

  constructor({ ensemble }: Pick<Posterior, "ensemble">) {
    this.#ensemble = ensemble;
    this.#square = ensemble.scalars();
  }

  /** One entry a chain; not finite where w is not. */
  async at(position: Vectors): Promise<Float64Array> {
    this.#ensemble.squaredDistance(position, this.#square);
    return (await this.#ensemble.readScalars(this.#square)).map(Math.sqrt);
  }
}
