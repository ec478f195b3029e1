/**
 * Stochastic gradient Langevin dynamics, plain or preconditioned (RMSProp, Adam), on all chains in lock-step.
 *
 * w ← w − (ε/2)·P∘(nβ·drift + γ(w − w*)) + √(ε·P)∘z; `LangevinSettings` of the backend gives P and the drift. A draw is
 * `evalEvery` steps, then L_n over all data at the w they lead to: the loss is exact given w, and its index is that of
 * w. Warmup is dropped; at its end the preconditioner stops moving (`freezePreconditioner`), its bias correction baked
 * in. Nothing is adjusted: the bias of the step size and of the minibatches is measured and reported, and ε, where it is not
 * given, chosen from the curvature that chains meet in warmup (`adaptation/curvature-watch.ts`).
 * Source: Welling & Teh (2011); Hitchcock & Hoogland (2025), appendix D.3.
 *
 * Memory is independent of `steps`: fused calls do a bounded number of steps, chosen from the work of one step (never
 * by the clock), and give the same numbers as one long call. Step sizes that vary over time are those of
 * `step-schedule.ts`; the bias that is reported is that of the largest recorded step.
 */
import type { LangevinSettings, LangevinState } from "../compute/backend.ts";
import { turnOfEventLoop } from "../core/turn-of-event-loop.ts";
import { CurvatureWatch, type WatchedChains } from "./adaptation/curvature-watch.ts";
import {
  biasWarnings,
  chosenStepCurvature,
  type MinibatchNoise,
  measureMinibatchNoise,
} from "./adaptation/discretisation-bias.ts";
import { CenterDistance } from "./chains/center-distance.ts";
import { arrayIn, booleanIn, numberIn } from "./chains/snapshot-fields.ts";
import { startPositions } from "./chains/start-positions.ts";
import { WorkCounter } from "./chains/work-counter.ts";
import { LossEvaluation } from "./langevin/loss-evaluation.ts";
import type { SgldSettings } from "./langevin/sgld-settings.ts";
import { checkSgldSettings, warmupOf } from "./langevin/sgld-settings.ts";
import { recordedSteps, StepFactors } from "./langevin/step-schedule.ts";
import type {
  DrawRecord,
  Posterior,
  Sampler,
  SamplerRun,
  Snapshot,
  TunedSettings,
  WorkCount,
} from "./sampler.ts";

export type { SgldSettings } from "./langevin/sgld-settings.ts";

const statistics = ["diverging", "step_size"] as const;

/** Products of batch row × parameter × chain in one fused call: some 10 ms on a CPU. */
const workPerCall = 2e8;
const mostStepsPerCall = 10_000;
/** Cost of the update and its noise, in rows of a minibatch. */
const rowsPerUpdate = 8;

class SgldRun implements SamplerRun {
  readonly numWarmupUnits: number;
  readonly numDraws: number;
  readonly #posterior: Posterior;
  readonly #settings: SgldSettings;
  readonly #counter: WorkCounter;
  readonly #state: LangevinState;
  readonly #evaluation: LossEvaluation;
  readonly #distance: CenterDistance;
  readonly #numWarmup: number;
  /** Rows of a minibatch; 0: all data. */
  readonly #batchSize: number;
  readonly #stepsPerCall: number;
  readonly #factors: StepFactors;
  /** Steps done at each draw. */
  readonly #recorded: Float64Array;
  /** Largest of the factors at recorded steps. */
  readonly #largestFactor: number;
  readonly #watch: CurvatureWatch;
  #stepsDone = 0;
  /** True from the first draw on: moments are frozen if they are to be. */
  #isWarm = false;
  /** At the end of warmup; null before. */
  #noise: MinibatchNoise | null = null;

  constructor(posterior: Posterior, settings: SgldSettings) {
    const { ensemble } = posterior;
    const { numChains, dim, numData } = ensemble;
    this.#posterior = posterior;
    this.#settings = settings;
    this.#counter = new WorkCounter(ensemble);
    this.#batchSize = settings.batchSize === null || settings.batchSize >= numData ? 0 : settings.batchSize;
    const workPerStep = numChains * dim * ((this.#batchSize || numData) + rowsPerUpdate);
    this.#stepsPerCall = Math.min(mostStepsPerCall, Math.max(1, Math.floor(workPerCall / workPerStep)));
    this.#numWarmup = warmupOf(settings);
    this.#factors = new StepFactors(settings, settings.steps);
    this.#recorded = recordedSteps(this.#factors, { ...settings, warmup: this.#numWarmup });
    this.numDraws = this.#recorded.length;
    this.#largestFactor = this.#recorded.reduce(
      (high, done) => Math.max(high, this.#factors.at(done - 1)),
      0,
    );
    this.#watch = new CurvatureWatch(posterior, this.#counter, {
      warmup: this.#numWarmup,
      numDraws: this.numDraws,
      stepsPerUnit: this.#stepsPerCall,
      isChosen: settings.stepSize === null,
    });
    this.numWarmupUnits = this.#watch.unitEnds.length;
    const [secondMoment, firstMoment] = [ensemble.vectors(), ensemble.vectors()];
    const size = numChains * dim;
    ensemble.writeVectors(secondMoment, new Float64Array(size).fill(settings.initialSecondMoment));
    ensemble.writeVectors(firstMoment, new Float64Array(size));
    this.#state = { position: startPositions(posterior), secondMoment, firstMoment };
    const { evaluation = "full" } = settings;
    this.#distance = new CenterDistance(posterior);
    this.#evaluation = new LossEvaluation(posterior, this.#counter, {
      evaluation,
      batchSize: this.#batchSize,
    });
  }

  get work(): WorkCount {
    return this.#counter.work;
  }

  get tuned(): TunedSettings {
    const stepSize = this.#stepSize;
    if (Number.isNaN(stepSize)) return {};
    if (!this.#watch.isKnown && !this.#isWarm) return { step_size: stepSize };
    const noise = this.#noise ?? { mean: Number.NaN, max: Number.NaN };
    const recorded = stepSize * this.#largestFactor;
    return {
      step_size: stepSize,
      curvature_max: this.#watch.greatest,
      step_curvature: this.#watch.stepCurvature(recorded),
      noise_ratio_mean: recorded * noise.mean,
      noise_ratio_max: recorded * noise.max,
    };
  }

  get warnings(): readonly string[] {
    if (!this.#watch.isKnown && !this.#isWarm) return [];
    // Steps that are not recorded only have to stay where there is a stationary law.
    const isStable = this.#stepSize * this.#watch.greatest < 4;
    const stepSize = this.#stepSize * (isStable ? this.#largestFactor : 1);
    const stepCurvature = this.#watch.stepCurvature(stepSize);
    return biasWarnings({ stepSize, stepCurvature, noiseRatio: stepSize * (this.#noise?.mean ?? 0) });
  }

  async warmup(index: number): Promise<void> {
    // With a preconditioner the dynamics is not known before the end of warmup.
    if (this.#settings.precond === "none") await this.#watch.beforeUnit(this.#chains);
    this.#steps(this.#watch.unitEnds[index] - this.#stepsDone);
  }

  async draw(index: number): Promise<DrawRecord> {
    if (!this.#isWarm) await this.#endWarmup();
    this.#counter.phase = "draws";
    let rest = this.#recorded[index] - this.#stepsDone;
    while (rest > 0) {
      const count = Math.min(this.#stepsPerCall, rest);
      this.#steps(count);
      rest -= count;
      // Signals and messages must not wait for a draw of many long calls.
      if (rest > 0) await turnOfEventLoop();
    }
    const loss = await this.#evaluation.at(this.#state.position, this.#stepsDone);
    if (this.#watch.isDue(index + 1)) await this.#watch.afterDraw(await this.#chainsNow());
    return {
      loss,
      distance: await this.#distance.at(this.#state.position),
      statistics: {
        diverging: loss.map((value) => (Number.isFinite(value) ? 0 : 1)),
        step_size: loss.map(() => this.#stepSize * this.#factors.at(this.#stepsDone - 1)),
      },
    };
  }

  async snapshot(): Promise<Snapshot> {
    const { ensemble } = this.#posterior;
    const { position, secondMoment, firstMoment } = this.#state;
    const { precond } = this.#settings;
    return {
      ...this.#counter.snapshot(),
      ...this.#watch.snapshot(),
      ...(this.#noise === null ? {} : { noiseMean: this.#noise.mean, noiseMax: this.#noise.max }),
      stepsDone: this.#stepsDone,
      isWarm: this.#isWarm,
      position: await ensemble.readVectors(position),
      ...(precond === "none" ? {} : { secondMoment: await ensemble.readVectors(secondMoment) }),
      ...(precond === "adam" ? { firstMoment: await ensemble.readVectors(firstMoment) } : {}),
    };
  }

  async restore(snapshot: Snapshot): Promise<void> {
    const { ensemble } = this.#posterior;
    const size = ensemble.numChains * ensemble.dim;
    const { precond } = this.#settings;
    this.#counter.restore(snapshot);
    this.#stepsDone = numberIn(snapshot, "stepsDone");
    this.#isWarm = booleanIn(snapshot, "isWarm");
    this.#watch.restore(snapshot);
    const isMeasured = snapshot["noiseMean"] !== undefined;
    this.#noise = isMeasured
      ? { mean: numberIn(snapshot, "noiseMean"), max: numberIn(snapshot, "noiseMax") }
      : null;
    const { position, secondMoment, firstMoment } = this.#state;
    ensemble.writeVectors(position, arrayIn(snapshot, "position", size));
    if (precond !== "none") ensemble.writeVectors(secondMoment, arrayIn(snapshot, "secondMoment", size));
    if (precond === "adam") ensemble.writeVectors(firstMoment, arrayIn(snapshot, "firstMoment", size));
  }

  #steps(count: number): void {
    const { precond, beta1, beta2, eps, biasCorrection } = this.#settings;
    const isFrozen = this.#isWarm && this.#settings.freezePreconditioner;
    const settings: LangevinSettings = {
      preconditioner: precond,
      stepSizes: this.#factors.slice(this.#stepsDone, count).map((factor) => factor * this.#stepSize),
      batchSize: this.#batchSize,
      beta1,
      beta2,
      floor: eps,
      // Frozen moments have their correction baked in; see `#endWarmup`.
      biasCorrection: biasCorrection && !isFrozen,
      isFrozen,
      stepsDone: this.#stepsDone,
      numSteps: count,
    };
    this.#posterior.ensemble.langevin(this.#state, settings);
    this.#counter.addGradients(count, this.#batchSize || this.#posterior.ensemble.numData);
    this.#stepsDone += count;
  }

  /** ε: given, or chosen; NaN before that. */
  get #stepSize(): number {
    return this.#settings.stepSize ?? chosenStepCurvature / this.#watch.wanted;
  }

  get #chains(): WatchedChains {
    return { position: this.#state.position, stepsDone: this.#stepsDone };
  }

  /** Freezes the preconditioner and measures the bias of the dynamics that the draws will follow. */
  async #endWarmup(): Promise<void> {
    const { precond, freezePreconditioner } = this.#settings;
    if (precond !== "none" && freezePreconditioner) await this.#bakeMoments();
    this.#isWarm = true;
    const chains = await this.#chainsNow();
    await this.#watch.endWarmup(chains);
    const batches = { ...chains, batchSize: this.#batchSize, freeStep: this.#settings.steps };
    this.#noise = await measureMinibatchNoise(this.#posterior, batches, this.#counter);
  }

  /** Bakes the bias correction into v and m: from now on they are used as they are. */
  async #bakeMoments(): Promise<void> {
    const { ensemble } = this.#posterior;
    const { beta1, beta2 } = this.#settings;
    const { secondMoment, firstMoment } = this.#state;
    ensemble.writeVectors(secondMoment, this.#corrected(await ensemble.readVectors(secondMoment), beta2));
    ensemble.writeVectors(firstMoment, this.#corrected(await ensemble.readVectors(firstMoment), beta1));
  }

  #corrected(moment: Float64Array, decay: number): Float64Array {
    const isCorrected = this.#settings.biasCorrection && this.#stepsDone > 0;
    return isCorrected ? moment.map((value) => value / (1 - decay ** this.#stepsDone)) : moment;
  }

  /** With P as draws use it. */
  async #chainsNow(): Promise<WatchedChains> {
    const { precond, beta2, eps, freezePreconditioner } = this.#settings;
    if (precond === "none") return this.#chains;
    const moment = await this.#posterior.ensemble.readVectors(this.#state.secondMoment);
    const second = freezePreconditioner ? moment : this.#corrected(moment, beta2);
    return { ...this.#chains, preconditioner: second.map((value) => 1 / (Math.sqrt(value) + eps)) };
  }
}

/** Stochastic gradient Langevin dynamics. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const sgld: Sampler<SgldSettings> = {
  name: "sgld",
  numericsVersion: 3,
  statistics,
  isIndependent: false,
  start: async (posterior, settings) => {
    checkSgldSettings(settings);
    return new SgldRun(posterior, settings);
  },
};
