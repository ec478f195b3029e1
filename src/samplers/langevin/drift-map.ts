/**
 * The drift G of Langevin-gradient proposals: a deterministic map of a position, some gradient steps downhill in U.
 *
 * G(w) = g_k∘…∘g_1(w), g_j(w) = w − η·∇U_j(w). With all data U_j = U; with minibatches U_j is U with the mean loss over
 * rows that the transition's number and j pick, so that both directions of a transition see the same map: that makes the
 * correction for its asymmetry exact, while different transitions see different rows.
 */
import type { Ensemble, Scalars, Vectors } from "../../compute/backend.ts";
import { centerPositions } from "../chains/start-positions.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior } from "../sampler.ts";

export interface DriftSettings {
  /** k ≥ 1. */
  readonly driftSteps: number;
  /** Rows of a minibatch; null: all data. */
  readonly batchSize: number | null;
}

/** One application of G. */
export interface DriftRequest {
  readonly from: Vectors;
  /** Where G(from) goes. */
  readonly into: Vectors;
  /** ∇U at `from`; used (and needed) with all data only. */
  readonly gradient: Vectors;
  /** η */
  readonly rate: number;
  /** Number of the transition: picks the minibatches. */
  readonly transition: number;
}

/** G on an ensemble. Owns its device arrays. */
export class DriftMap {
  readonly #posterior: Posterior;
  readonly #ensemble: Ensemble;
  readonly #settings: DriftSettings;
  readonly #counter: WorkCounter;
  readonly #center: Vectors;
  readonly #gradient: Vectors;
  readonly #displacement: Vectors;
  readonly #loss: Scalars;
  readonly #potential: Scalars;

  constructor(posterior: Posterior, settings: DriftSettings, counter: WorkCounter) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#ensemble = ensemble;
    this.#settings = settings;
    this.#counter = counter;
    this.#center = ensemble.vectors();
    this.#gradient = ensemble.vectors();
    this.#displacement = ensemble.vectors();
    this.#loss = ensemble.scalars();
    this.#potential = ensemble.scalars();
    ensemble.writeVectors(this.#center, centerPositions(posterior));
  }

  /** Writes G(from): k − 1 gradients with all data, k·`batchSize` rows with minibatches. */
  apply({ from, into, gradient, rate, transition }: DriftRequest): void {
    const { driftSteps, batchSize } = this.#settings;
    this.#ensemble.copy(from, into);
    for (let j = 0; j < driftSteps; j++) {
      if (batchSize !== null) this.#minibatchStep(into, rate, transition * driftSteps + j);
      else this.#fullStep(into, rate, j === 0 ? gradient : null);
    }
  }

  #fullStep(position: Vectors, rate: number, known: Vectors | null): void {
    const ensemble = this.#ensemble;
    if (known === null) {
      const out = { loss: this.#loss, gradient: this.#gradient, potential: this.#potential };
      ensemble.potentialAndGradient(position, out);
      this.#counter.addGradients(1);
    }
    ensemble.axpy(this.#all(-rate), known ?? this.#gradient, position);
  }

  #minibatchStep(position: Vectors, rate: number, step: number): void {
    const ensemble = this.#ensemble;
    const { nBeta, gamma } = this.#posterior;
    const batchSize = this.#settings.batchSize ?? 0;
    ensemble.copy(position, this.#displacement);
    ensemble.axpy(this.#all(-1), this.#center, this.#displacement);
    const out = { loss: this.#loss, gradient: this.#gradient };
    ensemble.minibatchLossAndGradient(position, { batchSize, step }, out);
    this.#counter.addGradients(1, batchSize);
    ensemble.axpy(this.#all(-rate * nBeta), this.#gradient, position);
    ensemble.axpy(this.#all(-rate * gamma), this.#displacement, position);
  }

  #all(value: number): Float64Array {
    return new Float64Array(this.#ensemble.numChains).fill(value);
  }
}
