/** Random-walk Metropolis, `rwmh`: w' = w + ε·√V∘z. Needs losses only; for few parameters. */
import type { Ensemble, Row, Vectors } from "../../../compute/backend.ts";
import { purpose } from "../../../random/purpose.ts";
import type { Evaluated } from "../../chains/potential-evaluation.ts";
import { acceptanceRates, acceptedChains } from "../../metropolis/metropolis.ts";
import type { Posterior } from "../../sampler.ts";
import type { TemperedEvaluation } from "./loss-state.ts";
import type { Exploration, Move, WalkerState } from "./move.ts";

/** See the file's header. Rows that it moved have no valid gradient until the state is refreshed. */
export class WalkMove implements Move {
  readonly #posterior: Posterior;
  readonly #ensemble: Ensemble;
  readonly #state: WalkerState;
  readonly #evaluation: TemperedEvaluation;
  readonly #proposal: Vectors;
  readonly #noise: Vectors;
  readonly #scale: Row;

  constructor(posterior: Posterior, state: WalkerState, evaluation: TemperedEvaluation) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#ensemble = ensemble;
    this.#state = state;
    this.#evaluation = evaluation;
    this.#proposal = ensemble.vectors();
    this.#noise = ensemble.vectors();
    this.#scale = ensemble.row();
    this.setInverseMass(new Float64Array(ensemble.dim).fill(1));
  }

  async explore(stepSizes: Float64Array, step: number): Promise<Exploration> {
    const { loss, potential, position } = this.#state;
    const { rates, proposed } = await this.#propose(stepSizes, { purpose: purpose.momentum, step });
    const isAccepted = acceptedChains(this.#posterior, rates, step);
    this.#ensemble.select(isAccepted, this.#proposal, position);
    for (let row = 0; row < isAccepted.length; row++) {
      if (isAccepted[row] === 0 || stepSizes[row] === 0) continue;
      loss[row] = proposed.loss[row];
      potential[row] = proposed.potential[row];
    }
    const isDivergent = new Uint8Array(rates.length);
    return { acceptanceRate: rates, isDivergent, numSteps: rates.map(() => 1) };
  }

  async probe(stepSizes: Float64Array, probe: number): Promise<number> {
    const { rates } = await this.#propose(stepSizes, { purpose: purpose.tuning, step: probe });
    return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  }

  /** @param inverseMass V, shape (dim). Not kept. */
  setInverseMass(inverseMass: Float64Array): void {
    this.#ensemble.writeRow(this.#scale, inverseMass.map(Math.sqrt));
  }

  /** Leaves w' in the buffer. */
  async #propose(
    stepSizes: Float64Array,
    address: { readonly purpose: number; readonly step: number },
  ): Promise<{ rates: Float64Array; proposed: Evaluated }> {
    const ensemble = this.#ensemble;
    ensemble.normal(address, this.#noise);
    ensemble.scaleByRow(this.#scale, this.#noise);
    ensemble.copy(this.#state.position, this.#proposal);
    ensemble.axpy(stepSizes, this.#noise, this.#proposal);
    const proposed = await this.#evaluation.at(this.#proposal);
    const { potential } = this.#state;
    const error = proposed.potential.map((value, row) => (stepSizes[row] === 0 ? 0 : value - potential[row]));
    return { rates: acceptanceRates(error), proposed };
  }
}
