/**
 * `vi` with `algo: flow`: each chain fits its own RealNVP around w*, then gives independent draws of it.
 *
 * Up to `d_latent` parameters the flow moves all of them. Beyond, it moves a random subspace of that dimension, one a chain,
 * and all other directions keep a narrow Gaussian: λ̂ is then that of a random slice through the posterior, far below that
 * of the posterior itself, and the run says so. The spread of the chains is that over subspaces, too.
 *
 * `loss` is L_n(w) itself: moments of a flow are not known, so there is no control variate.
 */
import type { Scalars } from "../../compute/backend.ts";
import { numUnitsOf, type Stage, stageAt } from "../chains/stages.ts";
import { WorkCounter } from "../chains/work-counter.ts";
import type { DrawRecord, Posterior, SamplerRun, Snapshot, TunedSettings, WorkCount } from "../sampler.ts";
import { type DrawBuffers, drawFromFits } from "../variational/vi-draws.ts";
import { dot } from "../variational/vi-mixture.ts";
import { type ViSettings, type ViStage, viStages } from "../variational/vi-settings.ts";
import { ViTraining } from "../variational/vi-training.ts";
import { trainingWarnings } from "../variational/vi-warnings.ts";
import { WeightTally } from "../variational/weight-tally.ts";
import { FlowFit } from "./flow-fit.ts";
import { checkFlowSize } from "./flow-size.ts";

class FlowRun implements SamplerRun {
  readonly numWarmupUnits: number;
  readonly numDraws: number;
  readonly #posterior: Posterior;
  readonly #settings: ViSettings;
  readonly #stages: readonly Stage<ViStage>[];
  readonly #counter: WorkCounter;
  readonly #training: ViTraining<FlowFit>;
  readonly #tally = new WeightTally();
  readonly #buffers: DrawBuffers;
  readonly #loss: Scalars;

  constructor(
    posterior: Posterior,
    settings: ViSettings,
    { training, counter }: { training: ViTraining<FlowFit>; counter: WorkCounter },
  ) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#settings = settings;
    this.#stages = viStages(settings, ensemble);
    this.#training = training;
    this.#counter = counter;
    this.#buffers = { noise: ensemble.vectors(), position: ensemble.vectors() };
    this.#loss = ensemble.scalars();
    this.numWarmupUnits = numUnitsOf(this.#stages);
    this.numDraws = settings.evalSamples;
  }

  get work(): WorkCount {
    return this.#counter.work;
  }

  get tuned(): TunedSettings {
    const { fits } = this.#training;
    return {
      ...this.#tally.summary(),
      elbo_rise: this.#training.elboRise().rise,
      latent_dim: this.#latentDim,
      clipped_steps: fits.reduce((sum, { numClipped }) => sum + numClipped, 0),
      skipped_samples: fits.reduce((sum, { numSkipped }) => sum + numSkipped, 0),
    };
  }

  get #latentDim(): number {
    return Math.min(this.#settings.dLatent, this.#posterior.ensemble.dim);
  }

  get warnings(): readonly string[] {
    const warnings = trainingWarnings(this.#training, this.#settings);
    const { dim } = this.#posterior.ensemble;
    if (this.#latentDim < dim) {
      warnings.push(
        `vi: a subspace estimate: the flow moves ${this.#latentDim} random directions of ${dim}, the others are held at sigma_perp; the llc is that of the subspace, not of the posterior.`,
      );
    }
    return warnings;
  }

  async warmup(index: number): Promise<void> {
    const { name, offset, isLast } = stageAt(this.#stages, index);
    if (name === "whiten") await this.#training.whiten(offset, isLast);
    else await this.#training.step(offset);
  }

  async draw(index: number): Promise<DrawRecord> {
    this.#counter.phase = "draws";
    const { ensemble, nBeta, gamma, initialLoss } = this.#posterior;
    const { fits } = this.#training;
    const source = { posterior: this.#posterior, buffers: this.#buffers };
    const draws = await drawFromFits(source, fits, { kind: "evaluation", step: index });
    ensemble.loss(this.#buffers.position, this.#loss);
    this.#counter.addLosses(1);
    const loss = await ensemble.readScalars(this.#loss);
    const lp = loss.map(
      (value, chain) => -nBeta * (value - initialLoss) - 0.5 * gamma * dot(draws[chain], draws[chain]),
    );
    const logWeight = lp.map((value, chain) => value - fits[chain].logDensity(draws[chain]));
    logWeight.forEach((value, chain) => this.#tally.add(value, nBeta * (loss[chain] - initialLoss)));
    const diverging = loss.map((value) => (Number.isFinite(value) ? 0 : 1));
    const distance = Float64Array.from(draws, (draw) => Math.sqrt(dot(draw, draw)));
    return { loss, distance, statistics: { lp, log_weight: logWeight, raw_loss: loss.slice(), diverging } };
  }

  async snapshot(): Promise<Snapshot> {
    return { ...this.#counter.snapshot(), ...this.#training.snapshot(), ...this.#tally.snapshot() };
  }

  async restore(snapshot: Snapshot): Promise<void> {
    this.#counter.restore(snapshot);
    this.#training.restore(snapshot);
    this.#tally.restore(snapshot);
  }
}

/** @throws CONFIG_INVALID if the flow is too large. */
export const startFlow = async (posterior: Posterior, settings: ViSettings): Promise<SamplerRun> => {
  const { ensemble } = posterior;
  checkFlowSize(settings, ensemble.dim);
  const counter = new WorkCounter(ensemble);
  const makeFit = (): FlowFit => new FlowFit(ensemble.dim, settings);
  const training = await ViTraining.start(posterior, settings, { counter, makeFit });
  return new FlowRun(posterior, settings, { training, counter });
};
