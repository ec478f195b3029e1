/**
 * The run that `sghmc` and `sgnht` share: steps in slices of bounded work, full losses at every draw, and what is known of
 * their bias from the curvature at w*.
 *
 * On a Gaussian of curvature A the recursion of SGHMC is an AR(2) with stationary variance (1/A)·1/(1 − c/4),
 * c = 2ε²A/(2 − εα), times 1 + ε(S − β̂)/(2α) where S is the variance of nβ·g from minibatches; c plays the part of SGLD's
 * ε·A and is reported as `step_curvature`. The thermostat of SGNHT takes S out and leaves 1 − εξ/2 instead.
 * Source: Yule–Walker equations of an AR(2); derivation in the law tests.
 */
import {
  measureDiscretisationBias,
  notableNoiseRatio,
  notableStepCurvature,
} from "./adaptation/discretisation-bias.ts";
import { MomentumChains } from "./momentum-chains.ts";
import { type MomentumSettings, momentumWarmupOf } from "./momentum-settings.ts";
import type { DrawRecord, Posterior, SamplerRun, Snapshot, TunedSettings, WorkCount } from "./sampler.ts";
import { numberIn } from "./snapshot-fields.ts";
import { WorkCounter } from "./work-counter.ts";

/** What tells the two samplers apart. */
export interface MomentumKind {
  readonly hasThermostat: boolean;
  /** β̂ */
  readonly noiseEstimate: number;
}

/**
 * c when the step size is chosen here: variances 0.5 % too large in the stiffest direction at w*. Away from w* networks are
 * often much stiffer; c falls with ε², so that caution costs little.
 */
const chosenStepCurvature = 0.02;
/** Relative bias of variances by the thermostat that is told. */
const notableThermostatBias = 0.026;

/** Products of batch row × parameter × chain in one slice: some 10 ms on a CPU. */
const workPerSlice = 2e8;
const mostStepsPerSlice = 1000;
/** Cost of the updates of a step, in rows of a minibatch. */
const rowsPerUpdate = 16;

/** Measured once, before the first step; entries of the snapshot. */
interface Measured {
  readonly stepSize: number;
  /** Largest eigenvalue of nβH + γ at w*. */
  readonly curvature: number;
  /** S, variance of nβ·g: mean and largest over coordinates. */
  readonly noiseMean: number;
  readonly noiseMax: number;
}

const turnOfEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

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
  #measured: Measured | null = null;
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
    this.numWarmupUnits = Math.ceil(this.#numWarmup / this.#stepsPerSlice);
    this.numDraws = Math.floor((steps - this.#numWarmup) / evalEvery);
  }

  get work(): WorkCount {
    return this.#counter.work;
  }

  async warmup(_index: number): Promise<void> {
    const left = this.#numWarmup - this.#chains.stepsDone;
    await this.#steps(Math.min(this.#stepsPerSlice, left));
  }

  async draw(index: number): Promise<DrawRecord> {
    await this.#begin();
    this.#counter.phase = "draws";
    const wanted = this.#numWarmup + (index + 1) * this.#settings.evalEvery;
    for (let left = wanted - this.#chains.stepsDone; left > 0; left = wanted - this.#chains.stepsDone) {
      await this.#steps(Math.min(this.#stepsPerSlice, left));
      if (left > this.#stepsPerSlice) await turnOfEventLoop();
    }
    const loss = await this.#chains.losses();
    const thermostat = this.#chains.friction.slice();
    this.#drawsDone += 1;
    this.#frictionSum += thermostat.reduce((sum, value) => sum + value, 0) / thermostat.length;
    const diverging = loss.map((value) => (Number.isFinite(value) ? 0 : 1));
    const stepSize = loss.map(() => this.#measured?.stepSize ?? Number.NaN);
    return {
      loss,
      statistics: {
        diverging,
        step_size: stepSize,
        ...(this.#kind.hasThermostat ? { thermostat } : {}),
      },
    };
  }

  async #steps(count: number): Promise<void> {
    const { stepSize } = await this.#begin();
    const { friction } = this.#settings;
    const dynamics = { ...this.#kind, stepSize, friction, batchSize: this.#batchSize };
    for (let k = 0; k < count; k++) await this.#chains.step(dynamics);
  }

  async #begin(): Promise<Measured> {
    if (this.#measured !== null) return this.#measured;
    const { numChains, dim } = this.#posterior.ensemble;
    const bias = await measureDiscretisationBias(
      this.#posterior,
      {
        stepSize: 1,
        preconditioner: new Float64Array(numChains * dim).fill(1),
        batchSize: this.#batchSize,
        freeStep: this.#settings.steps,
      },
      this.#counter,
    );
    const { curvature } = bias;
    const chosen = Math.sqrt((chosenStepCurvature * (2 - this.#settings.friction)) / (2 * curvature));
    this.#measured = {
      stepSize: this.#settings.stepSize ?? chosen,
      curvature,
      noiseMean: 4 * bias.noiseRatioMean,
      noiseMax: 4 * bias.noiseRatioMax,
    };
    return this.#measured;
  }

  get tuned(): TunedSettings {
    if (this.#measured === null) return {};
    const { stepSize, curvature } = this.#measured;
    return {
      step_size: stepSize,
      curvature_max: curvature,
      step_curvature: this.#stepCurvature(this.#measured),
      noise_ratio_mean: this.#noiseRatio(this.#measured.noiseMean, stepSize),
      noise_ratio_max: this.#noiseRatio(this.#measured.noiseMax, stepSize),
      ...(this.#kind.hasThermostat ? { thermostat_mean: this.#frictionSum / this.#drawsDone } : {}),
    };
  }

  /** c of the header. */
  #stepCurvature({ stepSize, curvature }: Measured): number {
    return (2 * stepSize * stepSize * curvature) / (2 - this.#settings.friction);
  }

  /** Relative excess of variances by minibatches, before any thermostat. */
  #noiseRatio(noise: number, stepSize: number): number {
    return (stepSize * stepSize * (noise - this.#kind.noiseEstimate)) / (2 * this.#settings.friction);
  }

  get warnings(): readonly string[] {
    if (this.#measured === null) return [];
    const { stepSize, curvature, noiseMean } = this.#measured;
    const c = this.#stepCurvature(this.#measured);
    const remedy = `a step_size of ${Math.sqrt((0.02 * (2 - this.#settings.friction)) / curvature).toPrecision(2)} brings it to 1 %`;
    const warnings: string[] = [];
    if (c >= 4) {
      warnings.push(
        `step_size is too large for the largest curvature: there is no stationary law and chains run away; ${remedy}.`,
      );
    } else if (c > notableStepCurvature) {
      warnings.push(
        `variances are up to ${percent(1 / (1 - c / 4) - 1)} too large in the stiffest direction; ${remedy}.`,
      );
    }
    return [...warnings, ...this.#noiseWarnings(this.#noiseRatio(noiseMean, stepSize))];
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
    const measured = Object.entries(this.#measured ?? {}).map(([name, value]) => [`measured.${name}`, value]);
    return {
      ...this.#counter.snapshot(),
      ...(await this.#chains.snapshot()),
      ...(Object.fromEntries(measured) as Snapshot),
      drawsDone: this.#drawsDone,
      frictionSum: this.#frictionSum,
    };
  }

  async restore(snapshot: Snapshot): Promise<void> {
    this.#counter.restore(snapshot);
    this.#chains.restore(snapshot);
    this.#drawsDone = numberIn(snapshot, "drawsDone");
    this.#frictionSum = numberIn(snapshot, "frictionSum");
    this.#measured =
      snapshot["measured.stepSize"] === undefined
        ? null
        : {
            stepSize: numberIn(snapshot, "measured.stepSize"),
            curvature: numberIn(snapshot, "measured.curvature"),
            noiseMean: numberIn(snapshot, "measured.noiseMean"),
            noiseMax: numberIn(snapshot, "measured.noiseMax"),
          };
  }
}
