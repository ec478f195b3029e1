/** Draws of fitted mixtures: pilots for the control variates, then the recorded ones with their importance weights. */
import type { Scalars } from "../../compute/backend.ts";
import { arrayIn } from "../chains/snapshot-fields.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { DrawRecord, Posterior, Snapshot, TunedSettings } from "../sampler.ts";
import type { ControlVariate, Variates } from "./vi-control-variate.ts";
import { type DrawBuffers, drawFromFits } from "./vi-draws.ts";
import type { ViFit } from "./vi-fit.ts";
import { dot, type FactorMixture } from "./vi-mixture.ts";
import { numPilotDraws, type ViSettings } from "./vi-settings.ts";
import type { ViTraining } from "./vi-training.ts";

/** Numbers kept of every draw: L_n, log q, log π − log q, L_n less the control variates, and ‖w − w*‖. */
const fields = ["rawLoss", "logDensity", "logWeight", "loss", "distance"] as const;
type Field = (typeof fields)[number];

/** What evaluation works with. */
export interface EvaluationParts {
  readonly training: ViTraining<ViFit>;
  readonly variate: ControlVariate;
  readonly counter: WorkCounter;
}

/** Mutable; draw t of chain c of a field lies at [t * numChains + c], NaN until it is drawn. */
export class ViEvaluation {
  readonly #posterior: Posterior;
  readonly #parts: EvaluationParts;
  readonly #numDraws: number;
  readonly #buffers: DrawBuffers;
  readonly #loss: Scalars;
  /** Loss and variates of each pilot draw: [(index * numChains + chain) * 4], in this order. */
  readonly #pilots: Float64Array;
  readonly #draws: Readonly<Record<Field, Float64Array>>;

  /** Exact means of the variates under each fit, once the fits are final. */
  #variateMeans: readonly Variates[] | null = null;

  constructor(posterior: Posterior, settings: ViSettings, parts: EvaluationParts) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#parts = parts;
    this.#numDraws = settings.evalSamples;
    this.#buffers = { noise: ensemble.vectors(), position: ensemble.vectors() };
    this.#loss = ensemble.scalars();
    this.#pilots = new Float64Array(4 * numPilotDraws * ensemble.numChains).fill(Number.NaN);
    this.#draws = emptyFields(settings.evalSamples * ensemble.numChains);
  }

  /** One unrecorded draw of each fit; the last one sets the coefficients of the control variates. */
  async pilot(index: number, isLast: boolean): Promise<void> {
    const { draws, losses } = await this.#drawLosses(this.#numDraws + index);
    draws.forEach((displacement, chain) => {
      const row = [losses[chain], ...this.#parts.variate.variatesAt(displacement)];
      this.#pilots.set(row, 4 * (index * losses.length + chain));
    });
    if (isLast) this.#fitVariate();
  }

  /** Least squares within chains: each chain's means are taken out, for their fits differ. */
  #fitVariate(): void {
    const { numChains } = this.#posterior.ensemble;
    const [losses, ...variates] = [0, 1, 2, 3].map((part) =>
      centreChains(
        this.#pilots.filter((_, at) => at % 4 === part),
        numChains,
      ),
    );
    const [linear, leading, diagonal] = variates;
    this.#parts.variate.fit(
      Array.from(losses, (loss, at) => ({
        loss,
        variates: [linear[at], leading[at], diagonal[at]] as const,
      })),
    );
  }

  /** One recorded draw of each fit. */
  async draw(index: number): Promise<DrawRecord> {
    await this.#evaluate(index);
    const { numChains } = this.#posterior.ensemble;
    const row = (field: Field): Float64Array =>
      this.#draws[field].slice(index * numChains, (index + 1) * numChains);
    const rawLoss = row("rawLoss");
    const logWeight = row("logWeight");
    const logDensity = row("logDensity");
    return {
      loss: row("loss"),
      distance: row("distance"),
      statistics: {
        lp: logWeight.map((value, chain) => value + logDensity[chain]),
        log_weight: logWeight,
        raw_loss: rawLoss,
        diverging: rawLoss.map((value) => (Number.isFinite(value) ? 0 : 1)),
      },
    };
  }

  async #drawLosses(step: number): Promise<{ draws: Float64Array[]; losses: Float64Array }> {
    const { ensemble } = this.#posterior;
    const source = { posterior: this.#posterior, buffers: this.#buffers };
    const draws = await drawFromFits(source, this.#parts.training.fits, { kind: "evaluation", step });
    ensemble.loss(this.#buffers.position, this.#loss);
    this.#parts.counter.addLosses(1);
    return { draws, losses: await ensemble.readScalars(this.#loss) };
  }

  #mixtures(): readonly FactorMixture[] {
    return this.#parts.training.fits.map(({ mixture }) => mixture);
  }

  async #evaluate(index: number): Promise<void> {
    const { nBeta, gamma, initialLoss } = this.#posterior;
    const { variate } = this.#parts;
    const { draws, losses } = await this.#drawLosses(index);
    const mixtures = this.#mixtures();
    // The fits are final: the variates' means are found once.
    this.#variateMeans ??= mixtures.map((mixture) => variate.meansUnder(mixture));
    const means = this.#variateMeans;
    draws.forEach((displacement, chain) => {
      const slot = index * losses.length + chain;
      const { logDensity } = mixtures[chain].evaluate(displacement);
      const square = dot(displacement, displacement);
      const logTarget = -nBeta * (losses[chain] - initialLoss) - 0.5 * gamma * square;
      const excess = variate
        .variatesAt(displacement)
        .reduce((sum, value, part) => sum + variate.coefficients[part] * (value - means[chain][part]), 0);
      this.#draws.distance[slot] = Math.sqrt(square);
      this.#draws.rawLoss[slot] = losses[chain];
      this.#draws.logDensity[slot] = logDensity;
      this.#draws.logWeight[slot] = logTarget - logDensity;
      this.#draws.loss[slot] = losses[chain] - excess;
    });
  }

  /** ELBO, gain of the control variate, and what the importance weights say; NaN before the first draw. */
  summary(): TunedSettings {
    const { numChains } = this.#posterior.ensemble;
    const { nBeta, initialLoss } = this.#posterior;
    const isDone = (value: number): boolean => Number.isFinite(value);
    const logWeights = this.#draws.logWeight.filter(isDone);
    const spread = (field: Field): number =>
      centreChains(this.#draws[field], numChains).reduce(
        (sum, value) => (isDone(value) ? sum + value * value : sum),
        0,
      );
    const largest = logWeights.reduce((high, value) => Math.max(high, value), Number.NEGATIVE_INFINITY);
    let [sum, squares, weighted] = [0, 0, 0];
    this.#draws.logWeight.forEach((value, at) => {
      if (!isDone(value)) return;
      const weight = Math.exp(value - largest);
      sum += weight;
      squares += weight * weight;
      weighted += weight * nBeta * (this.#draws.rawLoss[at] - initialLoss);
    });
    return {
      elbo: logWeights.reduce((total, value) => total + value, 0) / logWeights.length,
      importance_ess: (sum * sum) / squares,
      importance_llc: weighted / sum,
      variance_reduction: spread("rawLoss") / spread("loss"),
    };
  }

  snapshot(): Snapshot {
    const entries = fields.map((field) => [`draws_${field}`, this.#draws[field].slice()] as const);
    return { ...Object.fromEntries(entries), pilots: this.#pilots.slice() };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another size. */
  restore(snapshot: Snapshot): void {
    for (const field of fields) {
      this.#draws[field].set(arrayIn(snapshot, `draws_${field}`, this.#draws[field].length));
    }
    this.#pilots.set(arrayIn(snapshot, "pilots", this.#pilots.length));
    this.#variateMeans = null;
  }
}

const emptyFields = (length: number): Readonly<Record<Field, Float64Array>> =>
  Object.fromEntries(fields.map((field) => [field, new Float64Array(length).fill(Number.NaN)])) as Record<
    Field,
    Float64Array
  >;

/** Values less the mean of their chain's finite ones; not finite stays not finite. */
const centreChains = (values: Float64Array, numChains: number): Float64Array => {
  const sums = new Float64Array(numChains);
  const counts = new Float64Array(numChains);
  values.forEach((value, at) => {
    if (!Number.isFinite(value)) return;
    sums[at % numChains] += value;
    counts[at % numChains]++;
  });
  return values.map((value, at) => value - sums[at % numChains] / counts[at % numChains]);
};
