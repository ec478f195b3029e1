/**
 * The Metropolis-adjusted Langevin algorithm: w' = w − (ε/2)·V∘∇U(w) + √(ε·V)∘z, accepted or refused.
 *
 * With h = √ε and p = z/√V this is one leapfrog step of size h, and the ratio of proposal densities,
 * log q(w|w') − log q(w'|w) = −‖w − w' + (ε/2)V∘∇U(w')‖²_{1/V}/(2ε) + ‖w' − w + (ε/2)V∘∇U(w)‖²_{1/V}/(2ε), is the
 * change of kinetic energy of that step: so the kernel of `hmc` does it, with one gradient a transition. V is a diagonal
 * preconditioner, ε and V are learnt in warmup from all chains.
 *
 * Source: Roberts & Tweedie (1996); acceptance 0.574: Roberts & Rosenthal (1998).
 */
import { purpose } from "../random/purpose.ts";
import { requirePositive } from "./chains/require-setting.ts";
import {
  type MovingChains,
  meanOverChains,
  TransitionRun,
  type TransitionStatistics,
} from "./chains/transition-run.ts";
import { WorkCounter } from "./chains/work-counter.ts";
import {
  AdaptedHamiltonian,
  checkRunLength,
  requireFloor,
  requireTarget,
} from "./hamiltonian/adapted-hamiltonian.ts";
import type { Posterior, Sampler, Snapshot, TunedSettings } from "./sampler.ts";

export interface MalaSettings {
  /** Recorded draws a chain. */
  readonly draws: number;
  /** Adapting transitions, dropped. Below 20 only the step size adapts; with 0 nothing does. */
  readonly warmup: number;
  /** Transitions a recorded draw. */
  readonly thinning: number;
  /** ε to start from, or the fixed one: noise of variance ε·V, drift (ε/2)·V∘∇U. */
  readonly stepSize: number;
  readonly adaptStepSize: boolean;
  /** Whether V is learnt; otherwise it is 1. */
  readonly diagonalPreconditioning: boolean;
  /** Mean acceptance over chains that step-size adaptation aims at, in (0, 1). */
  readonly targetAcceptance: number;
  /** Regularisation of V relative to the posterior's own scale, unitless; see `regularisedVariance`. */
  readonly preconditionerFloor: number;
}

/** Per draw; `energy_error` is −log of the acceptance ratio, `step_size` is ε. */
const statistics = ["acceptance_rate", "energy_error", "diverging", "step_size", "n_steps"] as const;

class MalaChains implements MovingChains {
  readonly warnings: readonly string[] = [];
  readonly #counter: WorkCounter;
  readonly #hamiltonian: AdaptedHamiltonian;

  constructor(posterior: Posterior, settings: MalaSettings, counter: WorkCounter) {
    this.#counter = counter;
    this.#hamiltonian = new AdaptedHamiltonian(posterior, counter, {
      ...settings,
      stepSize: Math.sqrt(settings.stepSize),
      adaptMassMatrix: settings.diagonalPreconditioning,
      massMatrixFloor: settings.preconditionerFloor,
    });
  }

  get loss(): Float64Array {
    return this.#hamiltonian.kernel.loss;
  }

  distance(): Promise<Float64Array> {
    return this.#hamiltonian.distance();
  }

  get tuned(): TunedSettings {
    const { inverse_mass_min, inverse_mass_max } = this.#hamiltonian.tuned;
    return {
      step_size: this.#hamiltonian.stepSize ** 2,
      preconditioner_min: inverse_mass_min,
      preconditioner_max: inverse_mass_max,
    };
  }

  begin(): Promise<void> {
    return this.#hamiltonian.begin();
  }

  async transition(step: number): Promise<TransitionStatistics> {
    const { kernel, stepSize } = this.#hamiltonian;
    const momentum = { purpose: purpose.momentum, step };
    const info = await kernel.transition({ stepSize, numSteps: 1, momentum }, step);
    this.#counter.addGradients(1);
    return {
      acceptance_rate: info.acceptanceRate,
      energy_error: info.energyError,
      diverging: Float64Array.from(info.isDivergent),
      step_size: info.energyError.map(() => stepSize ** 2),
      n_steps: info.energyError.map(() => 1),
    };
  }

  adapt(index: number, { acceptance_rate }: TransitionStatistics): Promise<void> {
    return this.#hamiltonian.adapt(index, meanOverChains(acceptance_rate));
  }

  snapshot(): Promise<Snapshot> {
    return this.#hamiltonian.snapshot();
  }

  restore(snapshot: Snapshot): void {
    this.#hamiltonian.restore(snapshot);
  }
}

/** The Metropolis-adjusted Langevin algorithm. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const mala: Sampler<MalaSettings> = {
  name: "mala",
  numericsVersion: 1,
  statistics,
  isIndependent: false,
  start: async (posterior, settings) => {
    checkRunLength("mala", settings);
    requirePositive("mala.step_size", settings.stepSize);
    requireTarget("mala.target_acceptance", settings.targetAcceptance);
    requireFloor("mala.preconditioner_floor", settings.preconditionerFloor);
    const counter = new WorkCounter(posterior.ensemble);
    return new TransitionRun(new MalaChains(posterior, settings, counter), counter, settings);
  },
};
