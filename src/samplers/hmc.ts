/**
 * Hamiltonian Monte Carlo on all chains in lock-step: pooled window adaptation, then trajectories of random length.
 *
 * A transition draws p ~ N(0, M), follows N leapfrog steps and accepts with min(1, e^{−ΔH}). N is drawn anew for each
 * transition, one for all chains (arrays move in lock-step), independently of their states, with mean
 * `numIntegrationSteps`. Step size and mass matrix are learnt in warmup from all chains and frozen before the first
 * draw. A chain whose proposal is not finite stays where it is.
 * Source: Neal (2011); Stan's windowed adaptation, pooled over chains.
 *
 * nuts, chees and mala are this run with another kernel or another length rule; parallel tempering is the same kernel
 * on an ensemble whose potential has one nβ a chain, with index swaps between transitions.
 */

import { purpose } from "../random/purpose.ts";
import { uniformAt } from "../random/uniform.ts";
import type { MassForm } from "./adaptation/mass-estimate.ts";
import { lengthScale, trajectoryLength } from "./adaptation/trajectory-length.ts";
import { requireSetting } from "./chains/require-setting.ts";
import {
  type MovingChains,
  meanOverChains,
  TransitionRun,
  type TransitionStatistics,
} from "./chains/transition-run.ts";
import { WorkCounter } from "./chains/work-counter.ts";
import {
  AdaptedHamiltonian,
  checkHamiltonianSettings,
  checkRunLength,
} from "./hamiltonian/adapted-hamiltonian.ts";
import type { Posterior, Sampler, Snapshot, TunedSettings } from "./sampler.ts";

export interface HmcSettings {
  /** Recorded draws a chain. */
  readonly draws: number;
  /** Adapting transitions, dropped. Below 20 only the step size adapts; with 0 nothing does. */
  readonly warmup: number;
  /** Mean number of leapfrog steps of a transition, ≥ 1; an integer if `trajectoryJitter` is off. */
  readonly numIntegrationSteps: number;
  /** Lengths uniform with that mean (on), or all equal (off: may resonate with periodic orbits). */
  readonly trajectoryJitter: boolean;
  /** ε to start from, or the fixed one. */
  readonly stepSize: number;
  readonly adaptStepSize: boolean;
  readonly adaptMassMatrix: boolean;
  /** What is learnt as mass matrix; `dense` costs of the order of d² a step. Absent: diagonal. */
  readonly massMatrix?: MassForm;
  /** Mean acceptance over chains that step-size adaptation aims at, in (0, 1). */
  readonly targetAcceptance: number;
  /** Transitions a recorded draw. */
  readonly thinning: number;
  /** Regularisation of the mass matrix relative to the posterior's own scale, unitless; see `regularisedVariance`. */
  readonly massMatrixFloor: number;
}

/** Per draw; with thinning merged as `transition-run.ts` says. */
const statistics = [
  "acceptance_rate",
  "energy",
  "energy_error",
  "diverging",
  "step_size",
  "n_steps",
] as const;

const checkSettings = (settings: HmcSettings, dim: number): void => {
  const { numIntegrationSteps, trajectoryJitter } = settings;
  checkRunLength("hmc", settings);
  checkHamiltonianSettings("hmc", settings, dim);
  requireSetting(numIntegrationSteps >= 1 && (trajectoryJitter || Number.isInteger(numIntegrationSteps)), {
    name: "hmc.num_integration_steps",
    value: numIntegrationSteps,
    expected: "at least 1, and an integer unless trajectory_jitter is on",
  });
};

class HmcChains implements MovingChains {
  readonly warnings: readonly string[] = [];
  readonly #seed: number;
  readonly #settings: HmcSettings;
  readonly #counter: WorkCounter;
  readonly #hamiltonian: AdaptedHamiltonian;
  readonly #lengthScale: number;

  constructor(posterior: Posterior, settings: HmcSettings, counter: WorkCounter) {
    this.#seed = posterior.seed;
    this.#settings = settings;
    this.#counter = counter;
    this.#hamiltonian = new AdaptedHamiltonian(posterior, counter, settings);
    this.#lengthScale = lengthScale(settings.numIntegrationSteps);
  }

  get loss(): Float64Array {
    return this.#hamiltonian.kernel.loss;
  }

  distance(): Promise<Float64Array> {
    return this.#hamiltonian.distance();
  }

  get tuned(): TunedSettings {
    return this.#hamiltonian.tuned;
  }

  begin(): Promise<void> {
    return this.#hamiltonian.begin();
  }

  async transition(step: number): Promise<TransitionStatistics> {
    const { kernel, stepSize } = this.#hamiltonian;
    const numSteps = this.#lengthOf(step);
    const momentum = { purpose: purpose.momentum, step };
    const info = await kernel.transition({ stepSize, numSteps, momentum }, step);
    this.#counter.addGradients(numSteps);
    return {
      acceptance_rate: info.acceptanceRate,
      energy: info.energy,
      energy_error: info.energyError,
      diverging: Float64Array.from(info.isDivergent),
      step_size: info.energy.map(() => stepSize),
      n_steps: info.energy.map(() => numSteps),
    };
  }

  adapt(index: number, { acceptance_rate }: TransitionStatistics): Promise<void> {
    return this.#hamiltonian.adapt(index, meanOverChains(acceptance_rate));
  }

  #lengthOf(step: number): number {
    const { trajectoryJitter, numIntegrationSteps } = this.#settings;
    if (!trajectoryJitter) return numIntegrationSteps;
    // Chain 0 of the address whatever `firstChain`: the length belongs to all chains.
    const uniform = uniformAt({ seed: this.#seed, purpose: purpose.trajectoryLength, step });
    return trajectoryLength(uniform, this.#lengthScale);
  }

  snapshot(): Promise<Snapshot> {
    return this.#hamiltonian.snapshot();
  }

  restore(snapshot: Snapshot): void {
    this.#hamiltonian.restore(snapshot);
  }
}

/** Hamiltonian Monte Carlo. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const hmc: Sampler<HmcSettings> = {
  name: "hmc",
  numericsVersion: 1,
  statistics,
  isIndependent: false,
  start: async (posterior, settings) => {
    checkSettings(settings, posterior.ensemble.dim);
    const counter = new WorkCounter(posterior.ensemble);
    return new TransitionRun(new HmcChains(posterior, settings, counter), counter, settings);
  },
};
