/**
 * U and L_n without a gradient: U(w) = nβ·L_n(w) + (γ/2)·‖w − w*‖², put together from operations of the ensemble.
 *
 * For random walks, which need no gradient and would pay three times for one.
 */
import type { Ensemble, Scalars, Vectors } from "../../compute/backend.ts";
import type { Posterior } from "../sampler.ts";

/** One entry a chain. */
export interface Evaluated {
  readonly loss: Float64Array;
  /** NaN or +∞ where the loss is not finite. */
  readonly potential: Float64Array;
}

/** Buffers of an evaluation. Owns its device arrays. */
export class PotentialEvaluation {
  readonly #posterior: Posterior;
  readonly #ensemble: Ensemble;
  readonly #loss: Scalars;
  readonly #square: Scalars;

  constructor(posterior: Posterior) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#ensemble = ensemble;
    this.#loss = ensemble.scalars();
    this.#square = ensemble.scalars();
  }

  /** At `position`: one loss, no gradient. */
  async at(position: Vectors): Promise<Evaluated> {
    const ensemble = this.#ensemble;
    const { nBeta, gamma } = this.#posterior;
    ensemble.loss(position, this.#loss);
    ensemble.squaredDistance(position, this.#square);
    const loss = await ensemble.readScalars(this.#loss);
    const square = await ensemble.readScalars(this.#square);
    return { loss, potential: loss.map((value, chain) => nBeta * value + (gamma / 2) * square[chain]) };
  }
}
