/** Random-walk Metropolis on every rung: w' = w + ε·√V∘z. Needs losses only; for few parameters. */
import type { Ensemble, Row, Vectors } from "../../compute/backend.ts";
import { purpose } from "../../random/purpose.ts";
import { acceptanceRates, acceptedChains } from "../metropolis.ts";
import { PotentialEvaluation } from "../potential-evaluation.ts";
import type { Posterior, Snapshot } from "../sampler.ts";
import { arrayIn } from "../snapshot-fields.ts";
import type { WorkCounter } from "../work-counter.ts";
import type { Exploration, Explorer } from "./explorer.ts";

/** L_n and (γ/2)‖w − w*‖² of each row. */
interface Parts {
  readonly loss: Float64Array;
  readonly pull: Float64Array;
}

/** See the file's header. */
export class RandomWalkExplorer implements Explorer {
  readonly position: Vectors;
  readonly #posterior: Posterior;
  readonly #ensemble: Ensemble;
  readonly #counter: WorkCounter;
  /** With nβ = 0: its potential is the pull alone, which no temperature changes. */
  readonly #evaluation: PotentialEvaluation;
  readonly #proposal: Vectors;
  readonly #noise: Vectors;
  readonly #scale: Row;
  #nBeta: Float64Array;
  #present: Parts;

  constructor(posterior: Posterior, position: Vectors, counter: WorkCounter) {
    const { ensemble } = posterior;
    const { numChains } = ensemble;
    this.position = position;
    this.#posterior = posterior;
    this.#ensemble = ensemble;
    this.#counter = counter;
    this.#evaluation = new PotentialEvaluation({ ...posterior, nBeta: 0 });
    this.#proposal = ensemble.vectors();
    this.#noise = ensemble.vectors();
    this.#scale = ensemble.row();
    this.#nBeta = new Float64Array(numChains).fill(posterior.nBeta);
    this.#present = { loss: new Float64Array(numChains), pull: new Float64Array(numChains) };
    this.setInverseMass(new Float64Array(ensemble.dim).fill(1));
  }

  get loss(): Float64Array {
    return this.#present.loss;
  }
  get potential(): Float64Array {
    return this.#potentialOf(this.#present);
  }

  setTemperatures(nBeta: Float64Array): void {
    this.#nBeta = nBeta;
  }

  async refresh(): Promise<void> {
    this.#present = await this.#evaluate(this.position);
  }

  async explore(stepSizes: Float64Array, step: number): Promise<Exploration> {
    const { rates, proposed } = await this.#propose(stepSizes, { purpose: purpose.momentum, step });
    const isAccepted = acceptedChains(this.#posterior, rates, step);
    this.#ensemble.select(isAccepted, this.#proposal, this.position);
    for (let row = 0; row < isAccepted.length; row++) {
      if (isAccepted[row] === 0) continue;
      this.#present.loss[row] = proposed.loss[row];
      this.#present.pull[row] = proposed.pull[row];
    }
    return { acceptanceRate: rates, isDivergent: new Uint8Array(rates.length), numSteps: 1 };
  }

  async probe(stepSizes: Float64Array, probe: number): Promise<number> {
    const { rates } = await this.#propose(stepSizes, { purpose: purpose.tuning, step: probe });
    return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  }

  setInverseMass(inverseMass: Float64Array): void {
    this.#ensemble.writeRow(
      this.#scale,
      inverseMass.map((variance) => Math.sqrt(variance)),
    );
  }

  /** Leaves w' in the buffer. */
  async #propose(stepSizes: Float64Array, address: { readonly purpose: number; readonly step: number }) {
    const ensemble = this.#ensemble;
    ensemble.normal(address, this.#noise);
    ensemble.scaleByRow(this.#scale, this.#noise);
    ensemble.copy(this.position, this.#proposal);
    ensemble.axpy(stepSizes, this.#noise, this.#proposal);
    const proposed = await this.#evaluate(this.#proposal);
    const before = this.#potentialOf(this.#present);
    const error = this.#potentialOf(proposed).map((value, row) => value - before[row]);
    return { rates: acceptanceRates(error), proposed };
  }

  async #evaluate(position: Vectors): Promise<Parts> {
    this.#counter.addLosses(1);
    const { loss, potential } = await this.#evaluation.at(position);
    return { loss, pull: potential };
  }

  #potentialOf({ loss, pull }: Parts): Float64Array {
    return loss.map((value, row) => this.#nBeta[row] * value + pull[row]);
  }

  async snapshot(): Promise<Snapshot> {
    return {
      position: await this.#ensemble.readVectors(this.position),
      loss: this.#present.loss.slice(),
      pull: this.#present.pull.slice(),
    };
  }

  restore(snapshot: Snapshot): void {
    const { numChains, dim } = this.#ensemble;
    this.#ensemble.writeVectors(this.position, arrayIn(snapshot, "position", numChains * dim));
    this.#present = {
      loss: arrayIn(snapshot, "loss", numChains),
      pull: arrayIn(snapshot, "pull", numChains),
    };
  }
}
