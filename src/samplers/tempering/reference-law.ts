/** Exact, independent draws from the reference N(w*, I/γ): what the likelihood says at β = 0. */
import type { Ensemble, Vectors } from "../../compute/backend.ts";
import { purpose } from "../../random/purpose.ts";
import { centerPositions } from "../chains/start-positions.ts";
import type { Posterior } from "../sampler.ts";

/** Buffers of the draws. Owns its device arrays. */
export class ReferenceLaw {
  readonly #ensemble: Ensemble;
  readonly #center: Vectors;
  readonly #noise: Vectors;
  readonly #draw: Vectors;
  readonly #scale: Float64Array;

  /** @param posterior γ > 0. */
  constructor(posterior: Posterior) {
    const { ensemble, gamma } = posterior;
    this.#ensemble = ensemble;
    this.#center = ensemble.vectors();
    this.#noise = ensemble.vectors();
    this.#draw = ensemble.vectors();
    this.#scale = new Float64Array(ensemble.numChains).fill(1 / Math.sqrt(gamma));
    ensemble.writeVectors(this.#center, centerPositions(posterior));
  }

  /** Replaces the rows whose `mask` is not 0 by fresh draws. @param step addresses them. */
  renew(position: Vectors, mask: Uint8Array, step: number): void {
    const ensemble = this.#ensemble;
    ensemble.normal({ purpose: purpose.referenceDraw, step }, this.#noise);
    ensemble.copy(this.#center, this.#draw);
    ensemble.axpy(this.#scale, this.#noise, this.#draw);
    ensemble.select(mask, this.#draw, position);
  }
}
