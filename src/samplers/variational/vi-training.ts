/**
 * Improves the fits of all chains side by side: one draw of each a gradient evaluation, all chains in one operation.
 *
 * The target's log density is ℓ(w) = −nβ·(L_B(w) − L_n(w*)) − (γ/2)‖w − w*‖² with the loss over a minibatch B, drawn
 * apart from the draws of q; the distance is that of w, whatever the scale of the coordinates.
 */
import type { Scalars, Vectors } from "../../compute/backend.ts";
import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import { centerPositions } from "../chains/start-positions.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior, Snapshot } from "../sampler.ts";
import type { VariationalFit } from "./variational-fit.ts";
import { type DrawBuffers, drawFromFits } from "./vi-draws.ts";
import type { ElboSample } from "./vi-gradient.ts";
import { learningRateAt } from "./vi-optimiser.ts";
import { baseScale, Whitening } from "./vi-scale.ts";
import type { ViSettings } from "./vi-settings.ts";

/** Minibatches of whitening lie at these steps, those of training below. */
const whiteningSteps = 2 ** 31;
/** Share of the blocks that two ends of the training are compared over, and the fewest blocks in it. */
const tailShare = 0.1;
const minTailBlocks = 3;

/** What a training works with; `makeFit` is called once a chain. */
export interface TrainingParts<Fit extends VariationalFit> {
  readonly counter: WorkCounter;
  readonly makeFit: () => Fit;
}

/** Mutable state of all fits, of one family. */
export class ViTraining<Fit extends VariationalFit> {
  readonly fits: readonly Fit[];
  readonly #posterior: Posterior;
  readonly #settings: ViSettings;
  readonly #counter: WorkCounter;
  readonly #whitening: Whitening | null;
  readonly #buffers: DrawBuffers & { readonly gradient: Vectors; readonly loss: Scalars };
  /** Sum and count of the finite ELBO values of each block of `evalEvery` steps. */
  readonly #blockSums: Float64Array;
  readonly #blockCounts: Float64Array;
  #baseScale = 1;

  private constructor(posterior: Posterior, settings: ViSettings, { counter, makeFit }: TrainingParts<Fit>) {
    const { ensemble } = posterior;
    const { dim, numChains } = ensemble;
    const { whiteningMode: mode, whiteningDecay: decay } = settings;
    this.#posterior = posterior;
    this.#settings = settings;
    this.#counter = counter;
    this.#whitening = mode === "none" ? null : new Whitening(dim, { mode, decay });
    this.#buffers = {
      noise: ensemble.vectors(),
      position: ensemble.vectors(),
      gradient: ensemble.vectors(),
      loss: ensemble.scalars(),
    };
    const numBlocks = Math.ceil(settings.steps / settings.evalEvery);
    this.#blockSums = new Float64Array(numBlocks);
    this.#blockCounts = new Float64Array(numBlocks);
    this.fits = Array.from({ length: numChains }, makeFit);
  }

  /** Fits at their starting parameters; measures the scale of the posterior (two gradients). */
  static async start<Fit extends VariationalFit>(
    posterior: Posterior,
    settings: ViSettings,
    parts: TrainingParts<Fit>,
  ): Promise<ViTraining<Fit>> {
    const training = new ViTraining(posterior, settings, parts);
    training.#baseScale = await baseScale(posterior, parts.counter);
    const scale = new Float64Array(posterior.ensemble.dim).fill(training.#baseScale);
    training.fits.forEach((fit, index) => {
      fit.begin({ seed: posterior.seed, chain: (posterior.firstChain ?? 0) + index });
      fit.setScale(scale);
    });
    return training;
  }

  /** One minibatch gradient at w* for the scale of the coordinates; the last one adopts the scale. */
  async whiten(offset: number, isLast: boolean): Promise<void> {
    const { ensemble } = this.#posterior;
    const { position, gradient, loss } = this.#buffers;
    if (this.#whitening === null) throw new Error("bug: whitening unit without whitening");
    ensemble.writeVectors(position, centerPositions(this.#posterior));
    // At w* the gradient of all data is 0: rows are drawn (with replacement) even where training uses all of them.
    const batchSize = Math.min(this.#settings.batchSize ?? ensemble.numData, ensemble.numData);
    ensemble.minibatchLossAndGradient(
      position,
      { batchSize, step: whiteningSteps + offset },
      { loss, gradient },
    );
    this.#counter.addGradients(1, batchSize);
    await this.#whitening.update(this.#posterior, gradient);
    if (!isLast) return;
    const scale = this.#whitening.scaleAround(this.#baseScale);
    for (const fit of this.fits) fit.setScale(scale);
  }

  /** One optimiser step of every fit. */
  async step(index: number): Promise<void> {
    const { samplesPerStep, evalEvery } = this.#settings;
    const samples: ElboSample[][] = this.fits.map(() => []);
    for (let k = 0; k < samplesPerStep; k++) {
      const drawn = await this.#evaluate(index * samplesPerStep + k);
      drawn.forEach((sample, chain) => samples[chain].push(sample));
    }
    const rate = learningRateAt(this.#settings, index);
    const block = Math.floor(index / evalEvery);
    this.fits.forEach((fit, chain) => {
      const value = fit.climb(samples[chain], rate);
      if (!Number.isFinite(value)) return;
      this.#blockSums[block] += value;
      this.#blockCounts[block]++;
    });
  }

  /** One draw of each fit with ℓ and ∇ℓ there. */
  async #evaluate(step: number): Promise<ElboSample[]> {
    const { ensemble, nBeta, gamma, initialLoss } = this.#posterior;
    const source = { posterior: this.#posterior, buffers: this.#buffers };
    const draws = await drawFromFits(source, this.fits, { kind: "training", step });
    this.#differentiate(step);
    const losses = await ensemble.readScalars(this.#buffers.loss);
    const gradients = await ensemble.readVectors(this.#buffers.gradient);
    return draws.map((displacement, chain) => {
      const start = chain * ensemble.dim;
      const targetGradient = new Float64Array(ensemble.dim);
      let square = 0;
      for (let i = 0; i < ensemble.dim; i++) {
        targetGradient[i] = -nBeta * gradients[start + i] - gamma * displacement[i];
        square += displacement[i] * displacement[i];
      }
      const logTarget = -nBeta * (losses[chain] - initialLoss) - 0.5 * gamma * square;
      return { displacement, logTarget, targetGradient };
    });
  }

  #differentiate(step: number): void {
    const { ensemble } = this.#posterior;
    const { position, gradient, loss } = this.#buffers;
    const { batchSize } = this.#settings;
    if (batchSize === null || batchSize >= ensemble.numData) {
      ensemble.lossAndGradient(position, loss, gradient);
      this.#counter.addGradients(1);
      return;
    }
    ensemble.minibatchLossAndGradient(position, { batchSize, step }, { loss, gradient });
    this.#counter.addGradients(1, batchSize);
  }

  /**
   * Rise of the mean ELBO from the last but one to the last tenth of the steps, nats, and its standard error; NaN if the
   * run is too short to say.
   */
  elboRise(): { readonly rise: number; readonly error: number } {
    const means = this.#blockSums.map((sum, block) => sum / this.#blockCounts[block]);
    const length = Math.floor(tailShare * means.length);
    if (length < minTailBlocks) return { rise: Number.NaN, error: Number.NaN };
    const last = momentsOf(means.subarray(means.length - length));
    const before = momentsOf(means.subarray(means.length - 2 * length, means.length - length));
    return { rise: last.mean - before.mean, error: Math.sqrt((last.variance + before.variance) / length) };
  }

  snapshot(): Snapshot {
    return Object.assign(
      {
        trainingBaseScale: this.#baseScale,
        trainingBlockSums: this.#blockSums.slice(),
        trainingBlockCounts: this.#blockCounts.slice(),
        ...this.#whitening?.snapshot(),
      },
      ...this.fits.map((fit, chain) => fit.snapshot(`fit${chain}`)),
    ) as Snapshot;
  }

  /** @throws TRACE_INVALID if an entry is missing or of another size. */
  restore(snapshot: Snapshot): void {
    this.#baseScale = numberIn(snapshot, "trainingBaseScale");
    this.#blockSums.set(arrayIn(snapshot, "trainingBlockSums", this.#blockSums.length));
    this.#blockCounts.set(arrayIn(snapshot, "trainingBlockCounts", this.#blockCounts.length));
    this.#whitening?.restore(snapshot);
    this.fits.forEach((fit, chain) => fit.restore(snapshot, `fit${chain}`));
  }
}

/** Mean and sample variance; NaN if an entry is NaN. */
const momentsOf = (values: Float64Array): { mean: number; variance: number } => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
};
