/**
 * Stochastic gradient Langevin dynamics, plain or preconditioned (RMSProp, Adam), on all chains in lock-step.
 *
 * w ← w − (ε/2)·P∘(nβ·drift + γ(w − w*)) + √(ε·P)∘z; `LangevinSettings` of the backend gives P and the drift. A draw is
 * `evalEvery` steps, then L_n over all data at the w they lead to: the loss is exact given w, and its index is that of
 * w. Warmup is dropped; at its end the preconditioner stops moving (`freezePreconditioner`), its bias correction baked
 * in. Nothing is adjusted: the bias of the step size and of the minibatches is measured and reported.
 * Source: Welling & Teh (2011); Hitchcock & Hoogland (2025), appendix D.3.
 *
 * Memory is independent of `steps`: fused calls do a bounded number of steps, chosen from the work of one step (never
 * by the clock), and give the same numbers as one long call. Step sizes that vary over time are those of
 * `step-schedule.ts`; the bias that is reported is that of the largest recorded step.
 */
import type { LangevinSettings, LangevinState } from "../compute/backend.ts";
import type { DiscretisationBias } from "./adaptation/discretisation-bias.ts";
import { biasWarnings, measureDiscretisationBias, withStepSize } from "./adaptation/discretisation-bias.ts";
import { LossEvaluation } from "./loss-evaluation.ts";
import type {
  DrawRecord,
  Posterior,
  Sampler,
  SamplerRun,
  Snapshot,
  TunedSettings,
  WorkCount,
} from "./sampler.ts";
import type { SgldSettings } from "./sgld-settings.ts";
import { checkSgldSettings, warmupOf } from "./sgld-settings.ts";
import { arrayIn, booleanIn, numberIn, sentencesEntry, sentencesIn } from "./snapshot-fields.ts";
import { startPositions } from "./start-positions.ts";
import { recordedSteps, StepFactors } from "./step-schedule.ts";
import { WorkCounter } from "./work-counter.ts";

export type { SgldSettings } from "./sgld-settings.ts";

const statistics = ["diverging", "step_size"] as const;

/** Products of batch row × parameter × chain in one fused call: some 10 ms on a CPU. */
const workPerCall = 2e8;
const mostStepsPerCall = 10_000;
/** Cost of the update and its noise, in rows of a minibatch. */
const rowsPerUpdate = 8;
/**
 * ε·A in the stiffest direction at w* when the step size is chosen here: a variance 0.5 % too large there. Away from w* on
 * singular posteriors curvature grows: on a deep linear network λ̂ was 1 % too large, at 0.04 3 %, at 0.1 9 %.
 */
const chosenStepCurvature = 0.02;

const turnOfEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class SgldRun implements SamplerRun {
  readonly numWarmupUnits: number;
  readonly numDraws: number;
  readonly #posterior: Posterior;
  readonly #settings: SgldSettings;
  readonly #counter: WorkCounter;
  readonly #state: LangevinState;
  readonly #evaluation: LossEvaluation;
  readonly #numWarmup: number;
  /** Rows of a minibatch; 0: all data. */
  readonly #batchSize: number;
  readonly #stepsPerCall: number;
  readonly #factors: StepFactors;
  /** Steps done at each draw. */
  readonly #recorded: Float64Array;
  #stepsDone = 0;
  /** True from the first draw on: moments are frozen if they are to be. */
  #isWarm = false;
  #warnings: string[] = [];
  #tuned: TunedSettings;

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
    this.numWarmupUnits = Math.ceil(this.#numWarmup / this.#stepsPerCall);
    this.#factors = new StepFactors(settings, settings.steps);
    this.#recorded = recordedSteps(this.#factors, { ...settings, warmup: this.#numWarmup });
    this.numDraws = this.#recorded.length;
    const [secondMoment, firstMoment] = [ensemble.vectors(), ensemble.vectors()];
    const size = numChains * dim;
    ensemble.writeVectors(secondMoment, new Float64Array(size).fill(settings.initialSecondMoment));
    ensemble.writeVectors(firstMoment, new Float64Array(size));
    this.#state = { position: startPositions(posterior), secondMoment, firstMoment };
    const { evaluation = "full" } = settings;
    this.#evaluation = new LossEvaluation(posterior, this.#counter, {
      evaluation,
      batchSize: this.#batchSize,
    });
    this.#tuned = settings.stepSize === null ? {} : { step_size: settings.stepSize };
  }

  get work(): WorkCount {
    return this.#counter.work;
  }

  get tuned(): TunedSettings {
    return this.#tuned;
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  async warmup(index: number): Promise<void> {
    await this.#begin();
    const done = index * this.#stepsPerCall;
    this.#steps(Math.min(this.#stepsPerCall, this.#numWarmup - done));
  }

  async draw(index: number): Promise<DrawRecord> {
    await this.#begin();
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
    return {
      loss,
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
    const tuned = Object.entries(this.#tuned).map(([name, value]) => [`tuned.${name}`, value]);
    return {
      ...this.#counter.snapshot(),
      ...(Object.fromEntries(tuned) as Snapshot),
      stepsDone: this.#stepsDone,
      isWarm: this.#isWarm,
      warnings: sentencesEntry(this.#warnings),
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
    this.#warnings = sentencesIn(snapshot, "warnings");
    const tuned = Object.keys(snapshot).filter((name) => name.startsWith("tuned."));
    this.#tuned = Object.fromEntries(
      tuned.map((name) => [name.slice("tuned.".length), numberIn(snapshot, name)]),
    );
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

  /** ε; known from the first unit on. */
  get #stepSize(): number {
    return this.#tuned["step_size"] ?? Number.NaN;
  }

  /** First unit only. Without preconditioner the dynamics is known here: chooses ε if asked to, measures its bias. */
  async #begin(): Promise<void> {
    const { precond, stepSize } = this.#settings;
    if (precond !== "none" || this.#tuned["curvature_max"] !== undefined) return;
    const { numChains, dim } = this.#posterior.ensemble;
    const bias = await this.#measureBias(new Float64Array(numChains * dim).fill(1));
    this.#report(stepSize === null ? withStepSize(bias, chosenStepCurvature / bias.curvature) : bias);
  }

  /** Freezes the preconditioner and measures the bias of the dynamics that the draws will follow. */
  async #endWarmup(): Promise<void> {
    this.#isWarm = true;
    if (this.#settings.precond === "none") return;
    this.#report(await this.#measureBias(await this.#preconditioner()));
  }

  #measureBias(preconditioner: Float64Array): Promise<DiscretisationBias> {
    const stepSize = this.#settings.stepSize ?? 1;
    const dynamics = { stepSize, preconditioner, batchSize: this.#batchSize, freeStep: this.#settings.steps };
    return measureDiscretisationBias(this.#posterior, dynamics, this.#counter);
  }

  #report(bias: DiscretisationBias): void {
    const largest = this.#recorded.reduce((high, done) => Math.max(high, this.#factors.at(done - 1)), 0);
    const recorded = withStepSize(bias, bias.stepSize * largest);
    // Steps that are not recorded only have to stay where there is a stationary law.
    this.#warnings = biasWarnings(bias.stepCurvature >= 4 ? bias : recorded);
    this.#tuned = {
      step_size: bias.stepSize,
      curvature_max: bias.curvature,
      step_curvature: recorded.stepCurvature,
      noise_ratio_mean: recorded.noiseRatioMean,
      noise_ratio_max: recorded.noiseRatioMax,
    };
  }

  /** P at the end of warmup, (numChains, dim). Bakes the bias correction into v and m if they are to be frozen. */
  async #preconditioner(): Promise<Float64Array> {
    const { ensemble } = this.#posterior;
    const { beta1, beta2, eps, biasCorrection, freezePreconditioner } = this.#settings;
    const isCorrected = biasCorrection && this.#stepsDone > 0;
    const corrected = (moment: Float64Array, decay: number): Float64Array =>
      isCorrected ? moment.map((value) => value / (1 - decay ** this.#stepsDone)) : moment;
    const { secondMoment, firstMoment } = this.#state;
    const second = corrected(await ensemble.readVectors(secondMoment), beta2);
    if (freezePreconditioner) {
      const first = corrected(await ensemble.readVectors(firstMoment), beta1);
      ensemble.writeVectors(secondMoment, second);
      ensemble.writeVectors(firstMoment, first);
    }
    return second.map((value) => 1 / (Math.sqrt(value) + eps));
  }
}

/** Stochastic gradient Langevin dynamics. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const sgld: Sampler<SgldSettings> = {
  name: "sgld",
  numericsVersion: 2,
  statistics,
  isIndependent: false,
  start: async (posterior, settings) => {
    checkSgldSettings(settings);
    return new SgldRun(posterior, settings);
  },
};
