/** Walkers without gradients, for ladders of random walks alone. A refresh is a loss. */
import type { Vectors } from "../../../compute/backend.ts";
import { type Evaluated, PotentialEvaluation } from "../../chains/potential-evaluation.ts";
import { arrayIn } from "../../chains/snapshot-fields.ts";
import type { WorkCounter } from "../../chains/work-counter.ts";
import type { Posterior, Snapshot } from "../../sampler.ts";
import type { WalkerState } from "./move.ts";

/** L_n and U of rows at their own temperatures, without gradients. */
export class TemperedEvaluation {
  /** nβ·β of each row. */
  nBeta: Float64Array;
  readonly #counter: WorkCounter;
  /** With nβ = 0: its potential is the pull alone, which no temperature changes. */
  readonly #evaluation: PotentialEvaluation;

  constructor(posterior: Posterior, counter: WorkCounter) {
    this.nBeta = new Float64Array(posterior.ensemble.numChains).fill(posterior.nBeta);
    this.#counter = counter;
    this.#evaluation = new PotentialEvaluation({ ...posterior, nBeta: 0 });
  }

  /** At `position`: one loss. */
  async at(position: Vectors): Promise<Evaluated> {
    this.#counter.addLosses(1);
    const { loss, potential: pull } = await this.#evaluation.at(position);
    return { loss, potential: loss.map((value, row) => this.nBeta[row] * value + pull[row]) };
  }
}

/** See the file's header. */
export class LossState implements WalkerState {
  readonly position: Vectors;
  readonly #ensemble: Posterior["ensemble"];
  readonly #evaluation: TemperedEvaluation;
  #present: Evaluated;

  constructor({ ensemble }: Posterior, position: Vectors, evaluation: TemperedEvaluation) {
    const { numChains } = ensemble;
    this.position = position;
    this.#ensemble = ensemble;
    this.#evaluation = evaluation;
    this.#present = { loss: new Float64Array(numChains), potential: new Float64Array(numChains) };
  }

  get loss(): Float64Array {
    return this.#present.loss;
  }
  get potential(): Float64Array {
    return this.#present.potential;
  }

  /** Nothing to do here: the evaluation knows the temperatures. */
  setTemperatures(): void {}

  async refresh(): Promise<void> {
    this.#present = await this.#evaluation.at(this.position);
  }

  /** Nothing to do here: walks know their own scale. */
  setInverseMass(): void {}

  async snapshot(): Promise<Snapshot> {
    return {
      position: await this.#ensemble.readVectors(this.position),
      loss: this.loss.slice(),
      potential: this.potential.slice(),
    };
  }

  restore(snapshot: Snapshot): void {
    const { numChains, dim } = this.#ensemble;
    this.#ensemble.writeVectors(this.position, arrayIn(snapshot, "position", numChains * dim));
    this.#present = {
      loss: arrayIn(snapshot, "loss", numChains),
      potential: arrayIn(snapshot, "potential", numChains),
    };
  }
}
