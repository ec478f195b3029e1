/**
 * U and L_n without a gradient: U(w) = nβ·L_n(w) + (γ/2)·‖w − w*‖², put together from operations of the ensemble.
 *
 * For random walks, which need no gradient and would pay three times for one.
 */
import type { Ensemble, Scalars, Vectors } from "../../compute/backend.ts";
import type { Posterior } from "../sampler.ts";
import { centerPositions } from "./start-positions.ts";

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
  readonly #center: Vectors;
  readonly #displacement: Vectors;
  readonly #minusOne: Float64Array;
  readonly #loss: Scalars;
  readonly #square: Scalars;

  constructor(posterior: Posterior) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#ensemble = ensemble;
    this.#center = ensemble.vectors();
    this.#displacement = ensemble.vectors();
    this.#minusOne = new Float64Array(ensemble.numChains).fill(-1);
    this.#loss = ensemble.scalars();
    this.#square = ensemble.scalars();
    ensemble.writeVectors(this.#center, centerPositions(posterior));
  }

  /** At `position`: one loss, no gradient. */
  async at(position: Vectors): Promise<Evaluated> {
    const ensemble = this.#ensemble;
    const { nBeta, gamma } = this.#posterior;
    ensemble.loss(position, this.#loss);
    ensemble.copy(position, this.#displacement);
    ensemble.axpy(this.#minusOne, this.#center, this.#displacement);
    ensemble.dot(this.#displacement, this.#displacement, this.#square);
    const loss = await ensemble.readScalars(this.#loss);
    const square = await ensemble.readScalars(this.#square);
    return { loss, potential: loss.map((value, chain) => nBeta * value + (gamma / 2) * square[chain]) };
  }
}
