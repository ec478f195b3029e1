/**
 * Variational inference: each chain fits its own mixture of factor analysers around w* to the posterior by climbing the
 * ELBO (`vi-gradient.ts`), then gives independent draws of it.
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
import type {
  DrawRecord,
  Posterior,
  Sampler,
  SamplerRun,
  Snapshot,
  TunedSettings,
  WorkCount,
} from "./sampler.ts";
import { numUnitsOf, type Stage, stageAt } from "./stages.ts";
import { ControlVariate } from "./vi-control-variate.ts";
import { ViEvaluation } from "./vi-evaluation.ts";
import { checkViSettings, type ViSettings, type ViStage, viStages } from "./vi-settings.ts";
import { ViTraining } from "./vi-training.ts";
import { WorkCounter } from "./work-counter.ts";

/** Nats and standard errors by which the ELBO must still rise to call a fit unfinished. */
const NOTEWORTHY_RISE = 1;
const RISE_ERRORS = 4;

/** `lp`: log π up to a constant; `log_weight`: lp − log q; `raw_loss`: L_n; `diverging`: the loss was not finite. */
const statistics = ["lp", "log_weight", "raw_loss", "diverging"] as const;

class ViRun implements SamplerRun {
  readonly numWarmupUnits: number;
  readonly numDraws: number;
  readonly #settings: ViSettings;
  readonly #stages: readonly Stage<ViStage>[];
  readonly #counter: WorkCounter;
  readonly #training: ViTraining;
  readonly #variate: ControlVariate;
  readonly #evaluation: ViEvaluation;

  constructor(
    posterior: Posterior,
    settings: ViSettings,
    parts: { training: ViTraining; counter: WorkCounter },
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
    const warnings: string[] = [];
    const { M, steps, samplesPerStep } = this.#settings;
    const { rise, error } = this.#training.elboRise();
    if (rise > NOTEWORTHY_RISE && rise > RISE_ERRORS * error) {
      warnings.push(
        `vi: the fit is not finished: over the last tenth of the steps the ELBO still rose by ${rise.toPrecision(2)} nats; raise steps or lr.`,
      );
    }
    const components = Math.min(...this.#training.fits.map(({ mixture }) => mixture.effectiveComponents()));
    if (M > 1 && components < 1.1) {
      warnings.push(
        `vi: the mixture of ${M} has collapsed to ${components.toPrecision(2)} component(s) in at least one fit; set alpha_dirichlet_prior above 1 or entropy_bonus, or M: 1.`,
      );
    }
    const skipped = Math.max(...this.#training.fits.map(({ numSkipped }) => numSkipped));
    if (skipped > 0.01 * steps * samplesPerStep) {
      warnings.push(
        `vi: ${skipped} of ${steps * samplesPerStep} training draws of a fit had no finite loss or gradient and were left out; lower lr.`,
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

/** Mixtures of factor analysers. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const vi: Sampler<ViSettings> = {
  name: "vi",
  numericsVersion: 1,
  statistics,
  isIndependent: true,
  start: async (posterior, settings) => {
    checkViSettings(settings);
    const counter = new WorkCounter(posterior.ensemble);
    const training = await ViTraining.start(posterior, settings, counter);
    return new ViRun(posterior, settings, { training, counter });
  },
};
