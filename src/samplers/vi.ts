/**
 * Variational inference: each chain fits its own mixture of factor analysers around w* to the posterior by climbing the
 * ELBO (`vi-gradient.ts`), then gives independent draws of it. With `algo: flow` it is a normalising flow instead
 * (`flow/flow-run.ts`).
 *
 * λ̂ of q, not of the posterior: a family that misses the posterior gives a wrong λ̂ with a small Monte Carlo error. So
 * every draw has its importance weight, `log_weight` = log π − log q, whose Pareto k̂ and effective size tell how far to
 * trust it, and whose mean is the ELBO. Importance-weighted λ̂ is in `tuned`.
 *
 * `loss` of a draw is L_n(w) − κ·(c(w) − E_q c), c the parts of a quadratic model of the loss, with known means
 * (`vi-control-variate.ts`): the same expectation, hence the same λ̂ as L_n(w), with far less noise. L_n(w) itself is the
 * statistic `raw_loss`.
 *
 * Source: Hoffman, Blei, Wang & Paisley (2013); Roeder, Wu & Duvenaud (2017); Vehtari et al. (2024) for the weights.
 */

import { numUnitsOf, type Stage, stageAt } from "./chains/stages.ts";
import { WorkCounter } from "./chains/work-counter.ts";
import { startFlow } from "./flow/flow-run.ts";
import type {
  DrawRecord,
  Posterior,
  Sampler,
  SamplerRun,
  Snapshot,
  TunedSettings,
  WorkCount,
} from "./sampler.ts";
import { ControlVariate } from "./variational/vi-control-variate.ts";
import { ViEvaluation } from "./variational/vi-evaluation.ts";
import { ViFit } from "./variational/vi-fit.ts";
import { mixtureShape } from "./variational/vi-mixture.ts";
import {
  checkViSettings,
  ranksOf,
  type ViSettings,
  type ViStage,
  viStages,
} from "./variational/vi-settings.ts";
import { ViTraining } from "./variational/vi-training.ts";
import { trainingWarnings } from "./variational/vi-warnings.ts";

/** `lp`: log π up to a constant; `log_weight`: lp − log q; `raw_loss`: L_n; `diverging`: the loss was not finite. */
const statistics = ["lp", "log_weight", "raw_loss", "diverging"] as const;

class ViRun implements SamplerRun {
  readonly numWarmupUnits: number;
  readonly numDraws: number;
  readonly #settings: ViSettings;
  readonly #stages: readonly Stage<ViStage>[];
  readonly #counter: WorkCounter;
  readonly #training: ViTraining<ViFit>;
  readonly #variate: ControlVariate;
  readonly #evaluation: ViEvaluation;

  constructor(
    posterior: Posterior,
    settings: ViSettings,
    parts: { training: ViTraining<ViFit>; counter: WorkCounter },
  ) {
    this.#settings = settings;
    this.#stages = viStages(settings, posterior.ensemble);
    this.#training = parts.training;
    this.#counter = parts.counter;
    this.#variate = new ControlVariate(posterior, parts.counter);
    this.#evaluation = new ViEvaluation(posterior, settings, { ...parts, variate: this.#variate });
    this.numWarmupUnits = numUnitsOf(this.#stages);
    this.numDraws = settings.evalSamples;
  }

  get work(): WorkCount {
    return this.#counter.work;
  }

  get tuned(): TunedSettings {
    const { fits } = this.#training;
    const deviations = fits.map(({ mixture }) => mixture.deviation);
    const components = fits.map(({ mixture }) => mixture.effectiveComponents());
    const total = (of: (fit: (typeof fits)[number]) => number): number =>
      fits.reduce((sum, fit) => sum + of(fit), 0);
    return {
      ...this.#evaluation.summary(),
      elbo_rise: this.#training.elboRise().rise,
      effective_components: Math.min(...components),
      deviation_min: Math.min(...deviations.map((row) => row.reduce((low, value) => Math.min(low, value)))),
      deviation_max: Math.max(...deviations.map((row) => row.reduce((high, value) => Math.max(high, value)))),
      clipped_steps: total(({ numClipped }) => numClipped),
      skipped_samples: total(({ numSkipped }) => numSkipped),
    };
  }

  get warnings(): readonly string[] {
    const warnings = trainingWarnings(this.#training, this.#settings);
    const { M } = this.#settings;
    const components = Math.min(...this.#training.fits.map(({ mixture }) => mixture.effectiveComponents()));
    if (M > 1 && components < 1.1) {
      warnings.push(
        `vi: the mixture of ${M} has collapsed to ${components.toPrecision(2)} component(s) in at least one fit; set alpha_dirichlet_prior above 1 or entropy_bonus, or M: 1.`,
      );
    }
    return warnings;
  }

  async warmup(index: number): Promise<void> {
    const { name, offset, isLast } = stageAt(this.#stages, index);
    if (name === "whiten") await this.#training.whiten(offset, isLast);
    else if (name === "train") await this.#training.step(offset);
    else if (name === "curvature") await this.#variate.round(offset, this.#mixtures());
    else await this.#evaluation.pilot(offset, isLast);
  }

  async draw(index: number): Promise<DrawRecord> {
    this.#counter.phase = "draws";
    return this.#evaluation.draw(index);
  }

  #mixtures() {
    return this.#training.fits.map(({ mixture }) => mixture);
  }

  async snapshot(): Promise<Snapshot> {
    return {
      ...this.#counter.snapshot(),
      ...this.#training.snapshot(),
      ...this.#variate.snapshot(),
      ...this.#evaluation.snapshot(),
    };
  }

  async restore(snapshot: Snapshot): Promise<void> {
    this.#counter.restore(snapshot);
    this.#training.restore(snapshot);
    this.#variate.restore(snapshot);
    this.#evaluation.restore(snapshot);
  }
}

const startMixtures = async (posterior: Posterior, settings: ViSettings): Promise<SamplerRun> => {
  const counter = new WorkCounter(posterior.ensemble);
  const shape = mixtureShape(posterior.ensemble.dim, ranksOf(settings));
  const makeFit = (): ViFit => new ViFit(shape, settings);
  const training = await ViTraining.start(posterior, settings, { counter, makeFit });
  return new ViRun(posterior, settings, { training, counter });
};

/** Mixtures of factor analysers, or a flow. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const vi: Sampler<ViSettings> = {
  name: "vi",
  numericsVersion: 1,
  statistics,
  isIndependent: true,
  start: async (posterior, settings) => {
    checkViSettings(settings);
    return settings.algo === "flow" ? startFlow(posterior, settings) : startMixtures(posterior, settings);
  },
};
