/**
 * Positions, derivatives and window adaptation of a sampler that moves by leapfrog trajectories: `nuts`, `mala`.
 *
 * Warmup learns one step size and one mass matrix from all chains (`window-adaptation.ts`); both are frozen before the
 * first draw.
 */
import { purpose } from "../../random/purpose.ts";
import { mostDenseParameters } from "../adaptation/dense-covariance.ts";
import { type Mass, type MassForm, variancesOf } from "../adaptation/mass-estimate.ts";
import { type Tunable, WindowAdaptation } from "../adaptation/window-adaptation.ts";
import { CenterDistance } from "../chains/center-distance.ts";
import { requireInteger, requirePositive, requireSetting } from "../chains/require-setting.ts";
import { numberIn } from "../chains/snapshot-fields.ts";
import { requireFiniteStart, startPositions } from "../chains/start-positions.ts";
import type { RunLength } from "../chains/transition-run.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior, Snapshot, TunedSettings } from "../sampler.ts";
import { HamiltonianKernel } from "./hamiltonian-kernel.ts";

/** What warmup is told. */
export interface HamiltonianSettings {
  /** Adapting transitions. Below 20 only the step size adapts; with 0 nothing does. */
  readonly warmup: number;
  /** Leapfrog step to start from, or the fixed one. */
  readonly stepSize: number;
  readonly adaptStepSize: boolean;
  readonly adaptMassMatrix: boolean;
  /** What is learnt as mass matrix: variances, or the whole covariance at a cost of d² a step. Absent: diagonal. */
  readonly massMatrix?: MassForm;
  /** Mean acceptance over chains that the step size aims at, in (0, 1). */
  readonly targetAcceptance: number;
  /** Regularisation of the mass matrix relative to the posterior's own scale, unitless; see `regularisedVariance`. */
  readonly massMatrixFloor: number;
}

/** @throws CONFIG_INVALID unless `draws` ≥ 1, `warmup` ≥ 0 and `thinning` ≥ 1 are integers. */
export const checkRunLength = (sampler: string, { draws, warmup, thinning }: RunLength): void => {
  requireInteger(`${sampler}.draws`, draws, 1);
  requireInteger(`${sampler}.warmup`, warmup, 0);
  requireInteger(`${sampler}.thinning`, thinning, 1);
};

/** @throws CONFIG_INVALID unless 0 < `value` < 1. */
export const requireTarget = (name: string, value: number): void =>
  requireSetting(value > 0 && value < 1, { name, value, expected: "a number between 0 and 1" });

/** @throws CONFIG_INVALID unless `value` is finite and ≥ 0. */
export const requireFloor = (name: string, value: number): void =>
  requireSetting(Number.isFinite(value) && value >= 0, { name, value, expected: "a number of at least 0" });

/** @throws CONFIG_INVALID on a step size, target, floor or mass matrix out of range. @param dim of the posterior. */
export const checkHamiltonianSettings = (
  sampler: string,
  settings: HamiltonianSettings,
  dim: number,
): void => {
  requirePositive(`${sampler}.step_size`, settings.stepSize);
  requireTarget(`${sampler}.target_acceptance`, settings.targetAcceptance);
  requireFloor(`${sampler}.mass_matrix_floor`, settings.massMatrixFloor);
  requireMassMatrix(`${sampler}.mass_matrix`, settings, dim);
};

const requireMassMatrix = (name: string, settings: HamiltonianSettings, dim: number): void => {
  const { massMatrix: value = "diagonal", adaptMassMatrix } = settings;
  requireSetting(["diagonal", "dense"].includes(value), { name, value, expected: "diagonal or dense" });
  const isDense = value === "dense";
  requireSetting(!isDense || adaptMassMatrix, {
    name,
    value,
    expected: "diagonal where adapt_mass_matrix is false",
  });
  requireSetting(!isDense || dim <= mostDenseParameters, {
    name,
    value,
    expected: `diagonal for a model of ${dim} parameters (dense: at most ${mostDenseParameters})`,
  });
};

/** The kernel of all chains with what tunes it. */
export class AdaptedHamiltonian {
  readonly kernel: HamiltonianKernel;
  readonly #posterior: Posterior;
  readonly #counter: WorkCounter;
  readonly #adaptation: WindowAdaptation;
  readonly #tunable: Tunable;
  readonly #distance: CenterDistance;
  #numProbes = 0;

  constructor(posterior: Posterior, counter: WorkCounter, settings: HamiltonianSettings) {
    const { numChains, dim } = posterior.ensemble;
    this.#posterior = posterior;
    this.#counter = counter;
    this.kernel = new HamiltonianKernel(posterior, startPositions(posterior));
    this.#distance = new CenterDistance(posterior);
    this.#adaptation = new WindowAdaptation({ ...settings, numWarmup: settings.warmup, numChains, dim });
    this.#tunable = {
      probe: (stepSize) => this.#probe(stepSize),
      positions: () => posterior.ensemble.readVectors(this.kernel.position),
      setInverseMass: (inverseMass) => this.kernel.setInverseMass(inverseMass),
      setFactor: (factor) => this.kernel.setFactor(factor),
    };
    const { factor } = this.mass;
    if (factor !== null) this.kernel.setFactor(factor);
  }

  /** ‖w − w*‖ of each chain. */
  distance(): Promise<Float64Array> {
    return this.#distance.at(this.kernel.position);
  }

  /** Leapfrog step of the next transition. */
  get stepSize(): number {
    return this.#adaptation.stepSize;
  }

  /** M of the next transition. */
  get mass(): Mass {
    return this.#adaptation.mass;
  }

  /** With a dense mass matrix the smallest and largest entries of the diagonal of M⁻¹, variances as well. */
  get tuned(): TunedSettings {
    const variances = variancesOf(this.mass);
    return {
      step_size: this.stepSize,
      inverse_mass_min: variances.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY),
      inverse_mass_max: variances.reduce((high, value) => Math.max(high, value), 0),
    };
  }

  /** Derivatives at the starts and a first step size. @throws NUMERICS if a start has no finite potential. */
  async begin(): Promise<void> {
    await this.kernel.evaluate();
    this.#counter.addGradients(1);
    requireFiniteStart(this.kernel.potential, this.#posterior.startScale);
    await this.#adaptation.begin(this.#tunable);
  }

  /** After the `index`-th transition of warmup. @param acceptance mean probability over chains. */
  async adapt(index: number, acceptance: number): Promise<void> {
    await this.#adaptation.update(this.#tunable, index, acceptance);
  }

  async #probe(stepSize: number): Promise<number> {
    const momentum = { purpose: purpose.tuning, step: this.#numProbes++ };
    const acceptance = await this.kernel.probe({ stepSize, numSteps: 1, momentum });
    this.#counter.addGradients(1);
    return acceptance;
  }

  async snapshot(): Promise<Snapshot> {
    return {
      ...(await this.kernel.snapshot()),
      ...this.#adaptation.snapshot(),
      numProbes: this.#numProbes,
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    this.kernel.restore(snapshot);
    this.#adaptation.restore(this.#tunable, snapshot);
    this.#numProbes = numberIn(snapshot, "numProbes");
  }
}
