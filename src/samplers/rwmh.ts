/**
 * Random-walk Metropolis: w' = w + s·F·z, z ~ N(0, I), accepted with min(1, e^{U(w) − U(w')}).
 *
 * Needs no gradient, only losses. F is 1, diagonal standard deviations, or a Cholesky factor; s and F are learnt in
 * warmup from all chains and frozen before the first draw. On more than some tens of weights its steps are tiny: it is
 * a baseline and a check of the others, not a method.
 *
 * Source: Metropolis et al. (1953); Haario, Saksman & Tamminen (2001); Roberts, Gelman & Gilks (1997).
 */
import type { Ensemble, Row, Vectors } from "../compute/backend.ts";
import { purpose } from "../random/purpose.ts";
import { mostDenseParameters } from "./adaptation/dense-covariance.ts";
import { idealWalkAcceptance, idealWalkScale } from "./adaptation/robbins-monro.ts";
import { searchStepSize } from "./adaptation/step-size-search.ts";
import { CenterDistance } from "./chains/center-distance.ts";
import { type Evaluated, PotentialEvaluation } from "./chains/potential-evaluation.ts";
import { requirePositive, requireSetting } from "./chains/require-setting.ts";
import { arrayIn, numberIn } from "./chains/snapshot-fields.ts";
import { requireFiniteStart, startPositions } from "./chains/start-positions.ts";
import {
  type MovingChains,
  meanOverChains,
  TransitionRun,
  type TransitionStatistics,
} from "./chains/transition-run.ts";
import { WorkCounter } from "./chains/work-counter.ts";
import { checkRunLength, requireFloor, requireTarget } from "./hamiltonian/adapted-hamiltonian.ts";
import { acceptanceRates, acceptedChains } from "./metropolis/metropolis.ts";
import { WalkAdaptation, type WalkCovariance } from "./metropolis/walk-adaptation.ts";
import type { Posterior, Sampler, Snapshot, TunedSettings } from "./sampler.ts";

export interface RwmhSettings {
  /** Recorded draws a chain. */
  readonly draws: number;
  /** Adapting transitions, dropped. Below 20 only the step size adapts; with 0 nothing does. */
  readonly warmup: number;
  /** Transitions a recorded draw. */
  readonly thinning: number;
  /** s to start from, or the fixed one, in units of F; null: 2.38/√d. */
  readonly stepSize: number | null;
  readonly adaptStepSize: boolean;
  /** What F is learnt as; `none`: F = 1. */
  readonly covariance: WalkCovariance;
  /** Mean acceptance over chains that s aims at, in (0, 1); null: 0.234, in one dimension 0.44. */
  readonly targetAcceptance: number | null;
  /** Regularisation of the covariance relative to the posterior's own scale, unitless. */
  readonly covarianceFloor: number;
}

/** Per draw; `energy_error` is U(w') − U(w), `step_size` is s, `n_steps` counts proposals. */
const statistics = ["acceptance_rate", "energy_error", "step_size", "n_steps"] as const;

class RwmhChains implements MovingChains {
  readonly warnings: readonly string[] = [];
  readonly #posterior: Posterior;
  readonly #settings: RwmhSettings;
  readonly #ensemble: Ensemble;
  readonly #counter: WorkCounter;
  readonly #evaluation: PotentialEvaluation;
  readonly #distance: CenterDistance;
  readonly #adaptation: WalkAdaptation;
  readonly #position: Vectors;
  readonly #proposal: Vectors;
  readonly #noise: Vectors;
  readonly #scale: Row;
  #present: Evaluated;
  #numProbes = 0;

  constructor(posterior: Posterior, settings: RwmhSettings, counter: WorkCounter) {
    const { ensemble } = posterior;
    const { numChains, dim } = ensemble;
    this.#posterior = posterior;
    this.#settings = settings;
    this.#ensemble = ensemble;
    this.#counter = counter;
    this.#evaluation = new PotentialEvaluation(posterior);
    this.#distance = new CenterDistance(posterior);
    const targetAcceptance = settings.targetAcceptance ?? idealWalkAcceptance(dim);
    this.#adaptation = new WalkAdaptation(
      { ...settings, targetAcceptance, numChains, dim },
      settings.stepSize ?? idealWalkScale(dim),
    );
    this.#position = startPositions(posterior);
    this.#proposal = ensemble.vectors();
    this.#noise = ensemble.vectors();
    this.#scale = ensemble.row();
    this.#present = { loss: new Float64Array(numChains), potential: new Float64Array(numChains) };
  }

  get loss(): Float64Array {
    return this.#present.loss;
  }

  distance(): Promise<Float64Array> {
    return this.#distance.at(this.#position);
  }

  get tuned(): TunedSettings {
    const deviations = this.#deviations();
    return {
      step_size: this.#adaptation.stepSize,
      scale_min: deviations.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY),
      scale_max: deviations.reduce((high, value) => Math.max(high, value), 0),
    };
  }

  async begin(): Promise<void> {
    this.#present = await this.#evaluate(this.#position);
    requireFiniteStart(this.#present.potential, this.#posterior.startScale);
    const { warmup, adaptStepSize } = this.#settings;
    if (warmup === 0 || !adaptStepSize) return;
    const stepSize = await searchStepSize(this.#adaptation.stepSize, async (scale) => {
      const { rates } = await this.#propose(scale, { purpose: purpose.tuning, step: this.#numProbes++ });
      return meanOverChains(rates);
    });
    this.#adaptation.restartAt(stepSize);
  }

  async transition(step: number): Promise<TransitionStatistics> {
    const { stepSize } = this.#adaptation;
    const { error, rates, proposed } = await this.#propose(stepSize, { purpose: purpose.momentum, step });
    const isAccepted = acceptedChains(this.#posterior, rates, step);
    this.#ensemble.select(isAccepted, this.#proposal, this.#position);
    for (let chain = 0; chain < isAccepted.length; chain++) {
      if (isAccepted[chain] === 0) continue;
      this.#present.loss[chain] = proposed.loss[chain];
      this.#present.potential[chain] = proposed.potential[chain];
    }
    return {
      acceptance_rate: rates,
      energy_error: error,
      step_size: rates.map(() => stepSize),
      n_steps: rates.map(() => 1),
    };
  }

  adapt(index: number, { acceptance_rate }: TransitionStatistics): Promise<void> {
    const positions = (): Promise<Float64Array> => this.#ensemble.readVectors(this.#position);
    return this.#adaptation.update(index, meanOverChains(acceptance_rate), positions);
  }

  /** Leaves w' in the buffer. `error`: U(w') − U(w), +∞ where it is not finite. */
  async #propose(stepSize: number, address: { readonly purpose: number; readonly step: number }) {
    const ensemble = this.#ensemble;
    ensemble.normal(address, this.#noise);
    await this.#shapeNoise();
    ensemble.copy(this.#position, this.#proposal);
    ensemble.axpy(new Float64Array(ensemble.numChains).fill(stepSize), this.#noise, this.#proposal);
    const proposed = await this.#evaluate(this.#proposal);
    const error = proposed.potential.map((value, chain) => {
      const difference = value - this.#present.potential[chain];
      return Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY;
    });
    return { error, rates: acceptanceRates(error), proposed };
  }

  /** z ← F·z. */
  async #shapeNoise(): Promise<void> {
    const ensemble = this.#ensemble;
    const { shape } = this.#adaptation;
    if (this.#settings.covariance !== "dense") {
      ensemble.writeRow(this.#scale, shape);
      ensemble.scaleByRow(this.#scale, this.#noise);
      return;
    }
    const { dim } = ensemble;
    const noise = await ensemble.readVectors(this.#noise);
    for (let offset = 0; offset < noise.length; offset += dim) {
      const row = noise.subarray(offset, offset + dim);
      // Lower triangle, from the last row up: row i needs entries 0 … i only, which are still unchanged.
      for (let i = dim - 1; i >= 0; i--) {
        let sum = 0;
        for (let j = 0; j <= i; j++) sum += shape[i * dim + j] * row[j];
        row[i] = sum;
      }
    }
    ensemble.writeVectors(this.#noise, noise);
  }

  async #evaluate(position: Vectors): Promise<Evaluated> {
    this.#counter.addLosses(1);
    return this.#evaluation.at(position);
  }

  /** Standard deviation of each coordinate of F·z, shape (dim). */
  #deviations(): Float64Array {
    const { shape } = this.#adaptation;
    const { dim } = this.#ensemble;
    if (this.#settings.covariance !== "dense") return shape;
    return Float64Array.from({ length: dim }, (_, i) =>
      Math.sqrt(shape.subarray(i * dim, (i + 1) * dim).reduce((sum, value) => sum + value * value, 0)),
    );
  }

  async snapshot(): Promise<Snapshot> {
    return {
      ...this.#adaptation.snapshot(),
      numProbes: this.#numProbes,
      position: await this.#ensemble.readVectors(this.#position),
      loss: this.#present.loss.slice(),
      potential: this.#present.potential.slice(),
    };
  }

  restore(snapshot: Snapshot): void {
    const { numChains, dim } = this.#ensemble;
    this.#adaptation.restore(snapshot);
    this.#numProbes = numberIn(snapshot, "numProbes");
    this.#ensemble.writeVectors(this.#position, arrayIn(snapshot, "position", numChains * dim));
    this.#present = {
      loss: arrayIn(snapshot, "loss", numChains),
      potential: arrayIn(snapshot, "potential", numChains),
    };
  }
}

const checkSettings = (settings: RwmhSettings, dim: number): void => {
  const { stepSize, targetAcceptance, covariance, covarianceFloor } = settings;
  checkRunLength("rwmh", settings);
  if (stepSize !== null) requirePositive("rwmh.step_size", stepSize);
  if (targetAcceptance !== null) requireTarget("rwmh.target_acceptance", targetAcceptance);
  requireFloor("rwmh.covariance_floor", covarianceFloor);
  const isKnown = ["none", "diagonal", "dense"].includes(covariance);
  requireSetting(isKnown && (covariance !== "dense" || dim <= mostDenseParameters), {
    name: "rwmh.covariance",
    value: covariance,
    expected: isKnown
      ? `none or diagonal for a model of ${dim} parameters (dense: at most ${mostDenseParameters})`
      : "none, diagonal or dense",
  });
};

/** Random-walk Metropolis. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const rwmh: Sampler<RwmhSettings> = {
  name: "rwmh",
  numericsVersion: 2,
  statistics,
  isIndependent: false,
  start: async (posterior, settings) => {
    checkSettings(settings, posterior.ensemble.dim);
    const counter = new WorkCounter(posterior.ensemble);
    return new TransitionRun(new RwmhChains(posterior, settings, counter), counter, settings);
  },
};
