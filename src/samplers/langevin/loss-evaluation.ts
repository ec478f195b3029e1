/**
 * The loss that a draw records: of all data, or of a minibatch with common random numbers.
 *
 * `batch`: L_n(w*) + L_B(w) − L_B(w*), the same rows B for both, drawn anew for each draw and chain. B knows nothing of w (its
 * rows are those of the step that follows), so the value is right on average; what differs from L_n(w) is the spread
 * of ℓ_i(w) − ℓ_i(w*) over rows, and near w* that is far less than that of ℓ_i(w). Costs 2·|B| gradients instead of n losses.
 */
import type { LossAndGradient, Scalars, Vectors } from "../../compute/backend.ts";
import { centerPositions } from "../chains/start-positions.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior } from "../sampler.ts";

/** `full`, or `batch` of `batchSize` rows. */
export interface EvaluationSettings {
  readonly evaluation: "full" | "batch";
  /** Rows of a minibatch; 0: all data, which makes `batch` the same as `full`. */
  readonly batchSize: number;
}

/** Buffers of an evaluation. Owns its device arrays. */
export class LossEvaluation {
  readonly #posterior: Posterior;
  readonly #settings: EvaluationSettings;
  readonly #counter: WorkCounter;
  readonly #loss: Scalars;
  /** Of `batch` alone. */
  readonly #baseline: (LossAndGradient & { readonly center: Vectors }) | null;

  constructor(posterior: Posterior, counter: WorkCounter, settings: EvaluationSettings) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#settings = settings;
    this.#counter = counter;
    this.#loss = ensemble.scalars();
    if (settings.evaluation === "full" || settings.batchSize === 0) {
      this.#baseline = null;
      return;
    }
    const center = ensemble.vectors();
    ensemble.writeVectors(center, centerPositions(posterior));
    this.#baseline = { center, loss: ensemble.scalars(), gradient: ensemble.vectors() };
  }

  /** One value a chain. @param step names the rows of `batch`. */
  async at(position: Vectors, step: number): Promise<Float64Array> {
    const { ensemble, initialLoss } = this.#posterior;
    if (this.#baseline === null) {
      ensemble.loss(position, this.#loss);
      this.#counter.addLosses(1);
      return ensemble.readScalars(this.#loss);
    }
    const { center, loss, gradient } = this.#baseline;
    const { batchSize } = this.#settings;
    ensemble.minibatchLossAndGradient(position, { batchSize, step }, { loss: this.#loss, gradient });
    ensemble.minibatchLossAndGradient(center, { batchSize, step }, { loss, gradient });
    this.#counter.addGradients(2, batchSize);
    const there = await ensemble.readScalars(this.#loss);
    const here = await ensemble.readScalars(loss);
    return there.map((value, chain) => initialLoss + (value - here[chain]));
  }
}
