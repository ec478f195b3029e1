/**
 * The run that `sghmc` and `sgnht` share: steps in slices of bounded work, full losses at every draw, and what is known of
 * their bias from the curvature where chains are.
 *
 * On a Gaussian of curvature A the recursion of SGHMC is an AR(2) with stationary variance (1/A)·1/(1 − c/4),
 * c = 2ε²A/(2 − εα), times 1 + ε(S − β̂)/(2α) where S is the variance of nβ·g from minibatches; c plays the part of SGLD's
 * ε·A and is reported as `step_curvature`. The thermostat of SGNHT takes S out and leaves 1 − εξ/2 instead.
 * Source: Yule–Walker equations of an AR(2); derivation in the law tests.
 */
import { turnOfEventLoop } from "../../core/turn-of-event-loop.ts";
import { CurvatureWatch } from "../adaptation/curvature-watch.ts";
import {
  chosenStepCurvature,
  type MinibatchNoise,
  measureMinibatchNoise,
  notableNoiseRatio,
  notableStepCurvature,
} from "../adaptation/discretisation-bias.ts";
import { booleanIn, numberIn } from "../chains/snapshot-fields.ts";
import { WorkCounter } from "../chains/work-counter.ts";
import type { DrawRecord, Posterior, SamplerRun, Snapshot, TunedSettings, WorkCount } from "../sampler.ts";
import { MomentumChains } from "./momentum-chains.ts";
import { type MomentumSettings, momentumWarmupOf } from "./momentum-settings.ts";

/** What tells the two samplers apart. */
export interface MomentumKind {
  readonly hasThermostat: boolean;
  /** β̂ */
  readonly noiseEstimate: number;
}

/** Relative bias of variances by the thermostat that is told. */
const notableThermostatBias = 0.026;

/** Products of batch row × parameter × chain in one slice: some 10 ms on a CPU. */
const workPerSlice = 2e8;
const mostStepsPerSlice = 1000;
/** Cost of the updates of a step, in rows of a minibatch. */
const rowsPerUpdate = 16;

const percent = (share: number): string => `${(100 * share).toPrecision(2)} %`;

/** See the file's header. */
export class MomentumRun implements SamplerRun {
  readonly numWarmupUnits: number;
  readonly numDraws: number;
  readonly #posterior: Posterior;
  readonly #settings: MomentumSettings;
  readonly #kind: MomentumKind;
  readonly #counter: WorkCounter;
  readonly #chains: MomentumChains;
  readonly #batchSize: number;
  readonly #numWarmup: number;
  readonly #stepsPerSlice: number;
  readonly #watch: CurvatureWatch;
  #isWarm = false;
  /** (nβ)²·Var(g)/4 at the end of warmup; null before. */
  #noise: MinibatchNoise | null = null;
  #drawsDone = 0;
  /** Sum over draws of the mean of εξ over chains. */
  #frictionSum = 0;

  constructor(posterior: Posterior, settings: MomentumSettings, kind: MomentumKind) {
    const { numChains, dim, numData } = posterior.ensemble;
    const { batchSize, steps, evalEvery, friction } = settings;
    this.#posterior = posterior;
    this.#settings = settings;
    this.#kind = kind;
    this.#counter = new WorkCounter(posterior.ensemble);
    this.#chains = new MomentumChains(posterior, this.#counter, friction);
    this.#batchSize = batchSize === null || batchSize >= numData ? 0 : batchSize;
    this.#numWarmup = momentumWarmupOf(settings);
    const workPerStep = numChains * dim * ((this.#batchSize || numData) + rowsPerUpdate);
    this.#stepsPerSlice = Math.min(mostStepsPerSlice, Math.max(1, Math.floor(workPerSlice / workPerStep)));
    this.numDraws = Math.floor((steps - this.#numWarmup) / evalEvery);
    this.#watch = new CurvatureWatch(posterior, this.#counter, {
      warmup: this.#numWarmup,
      numDraws: this.numDraws,
      stepsPerUnit: this.#stepsPerSlice,
      isChosen: settings.stepSize === null,
    });
    this.numWarmupUnits = this.#watch.unitEnds.length;
  }

  get work(): WorkCount {
    return this.#counter.work;
  }

  async warmup(index: number): Promise<void> {
    await this.#watch.beforeUnit(this.#chains);
    await this.#steps(this.#watch.unitEnds[index] - this.#chains.stepsDone);
  }

  async draw(index: number): Promise<DrawRecord> {
    if (!this.#isWarm) await this.#endWarmup();
    this.#counter.phase = "draws";
    const wanted = this.#numWarmup + (index + 1) * this.#settings.evalEvery;
    for (let left = wanted - this.#chains.stepsDone; left > 0; left = wanted - this.#chains.stepsDone) {
      await this.#steps(Math.min(this.#stepsPerSlice, left));
      if (left > this.#stepsPerSlice) await turnOfEventLoop();
    }
    const loss = await this.#chains.losses();
    if (this.#watch.isDue(index + 1)) await this.#watch.afterDraw(this.#chains);
    const thermostat = this.#chains.friction.slice();
    this.#drawsDone += 1;
    this.#frictionSum += thermostat.reduce((sum, value) => sum + value, 0) / thermostat.length;
    const diverging = loss.map((value) => (Number.isFinite(value) ? 0 : 1));
    const stepSize = loss.map(() => this.#stepSize);
    return {
      loss,
      distance: await this.#chains.distance(),
      statistics: {
        diverging,
        step_size: stepSize,
        ...(this.#kind.hasThermostat ? { thermostat } : {}),
      },
    };
  }

  async #steps(count: number): Promise<void> {
    const { friction } = this.#settings;
    const dynamics = { ...this.#kind, stepSize: this.#stepSize, friction, batchSize: this.#batchSize };
    for (let k = 0; k < count; k++) await this.#chains.step(dynamics);
  }

  /** Measures the bias of the dynamics that the draws will follow. */
  async #endWarmup(): Promise<void> {
    this.#isWarm = true;
    await this.#watch.endWarmup(this.#chains);
    const { position } = this.#chains;
    const batches = { position, batchSize: this.#batchSize, freeStep: this.#settings.steps };
    this.#noise = await measureMinibatchNoise(this.#posterior, batches, this.#counter);
  }

  /** ε: given, or chosen; NaN before that. */
  get #stepSize(): number {
    const { stepSize, friction } = this.#settings;
    return stepSize ?? Math.sqrt((chosenStepCurvature * (2 - friction)) / (2 * this.#watch.wanted));
  }

  get tuned(): TunedSettings {
    if (!this.#watch.isKnown && !this.#isWarm) return {};
    const noise = this.#noise ?? { mean: Number.NaN, max: Number.NaN };
    return {
      step_size: this.#stepSize,
      curvature_max: this.#watch.greatest,
      step_curvature: this.#stepCurvature,
      noise_ratio_mean: this.#noiseRatio(noise.mean),
      noise_ratio_max: this.#noiseRatio(noise.max),
      ...(this.#kind.hasThermostat ? { thermostat_mean: this.#frictionSum / this.#drawsDone } : {}),
    };
  }

  /** c of the header. */
  get #stepCurvature(): number {
    return this.#watch.stepCurvature((2 * this.#stepSize ** 2) / (2 - this.#settings.friction));
  }

  /** Relative excess of variances by minibatches, before any thermostat. @param noise (nβ)²·Var(g)/4 */
  #noiseRatio(noise: number): number {
    return (this.#stepSize ** 2 * (4 * noise - this.#kind.noiseEstimate)) / (2 * this.#settings.friction);
  }

  get warnings(): readonly string[] {
    if (!this.#watch.isKnown && !this.#isWarm) return [];
    const c = this.#stepCurvature;
    const remedy = `a step_size of ${(this.#stepSize * Math.sqrt(chosenStepCurvature / c)).toPrecision(2)} brings it to 0.5 %`;
    const warnings: string[] = [];
    if (Number.isNaN(c)) {
      warnings.push("no chain was finite at the end of warmup: lower step_size.");
    } else if (c >= 4) {
      warnings.push(
        `step_size is too large for the largest curvature where chains are: there is no stationary law and chains run away; ${remedy}.`,
      );
    } else if (c > notableStepCurvature) {
      warnings.push(
        `variances are up to ${percent(1 / (1 - c / 4) - 1)} too large in the stiffest direction where chains are; ${remedy}.`,
      );
    }
    return this.#noise === null
      ? warnings
      : [...warnings, ...this.#noiseWarnings(this.#noiseRatio(this.#noise.mean))];
  }

  #noiseWarnings(noiseRatio: number): string[] {
    if (!this.#kind.hasThermostat) {
      if (!(Math.abs(noiseRatio) > notableNoiseRatio)) return [];
      const change = noiseRatio > 0 ? "too large" : "too small";
      return [
        `minibatch noise makes variances about ${percent(Math.abs(noiseRatio))} ${change}; set noise_estimate, raise batch_size or friction, or lower step_size.`,
      ];
    }
    const friction = this.#frictionSum / this.#drawsDone;
    return Math.abs(friction) / 2 > notableThermostatBias
      ? [
          `the thermostat runs at a friction of ${friction.toPrecision(2)} a step, which makes variances about ${percent(friction / 2)} too small; lower friction, raise batch_size or lower step_size.`,
        ]
      : [];
  }

  async snapshot(): Promise<Snapshot> {
    return {
      ...this.#counter.snapshot(),
      ...(await this.#chains.snapshot()),
      ...this.#watch.snapshot(),
      ...(this.#noise === null ? {} : { noiseMean: this.#noise.mean, noiseMax: this.#noise.max }),
      isWarm: this.#isWarm,
      drawsDone: this.#drawsDone,
      frictionSum: this.#frictionSum,
    };
  }

  async restore(snapshot: Snapshot): Promise<void> {
    this.#counter.restore(snapshot);
    this.#chains.restore(snapshot);
    this.#drawsDone = numberIn(snapshot, "drawsDone");
    this.#frictionSum = numberIn(snapshot, "frictionSum");
    this.#watch.restore(snapshot);
    this.#isWarm = booleanIn(snapshot, "isWarm");
    const isMeasured = snapshot["noiseMean"] !== undefined;
    this.#noise = isMeasured
      ? { mean: numberIn(snapshot, "noiseMean"), max: numberIn(snapshot, "noiseMax") }
      : null;
  }
}
