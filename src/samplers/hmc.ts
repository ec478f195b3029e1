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

import { SweepError } from "../core/errors.ts";
import { purpose } from "../random/purpose.ts";
import { uniformAt } from "../random/uniform.ts";
import { lengthScale, trajectoryLength } from "./adaptation/trajectory-length.ts";
import type { Tunable } from "./adaptation/window-adaptation.ts";
import { WindowAdaptation } from "./adaptation/window-adaptation.ts";
import type { TransitionInfo } from "./hamiltonian-kernel.ts";
import { HamiltonianKernel } from "./hamiltonian-kernel.ts";
import { requireInteger, requirePositive, requireSetting } from "./require-setting.ts";
import type {
  DrawRecord,
  Posterior,
  Sampler,
  SamplerRun,
  Snapshot,
  TunedSettings,
  WorkCount,
} from "./sampler.ts";
import { arrayIn, booleanIn, numberIn } from "./snapshot-fields.ts";
import { startPositions } from "./start-positions.ts";
import { WorkCounter } from "./work-counter.ts";

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
  /** Mean acceptance over chains that step-size adaptation aims at, in (0, 1). */
  readonly targetAcceptance: number;
  /** Transitions a recorded draw. */
  readonly thinning: number;
  /** Regularisation of the mass matrix relative to the posterior's own scale, unitless; see `regularisedVariance`. */
  readonly massMatrixFloor: number;
}

/**
 * Per draw. With thinning: `acceptance_rate` is the mean over its transitions, `diverging` tells whether any of them
 * diverged, `n_steps` their sum, `energy` and `energy_error` those of the last.
 */
const statistics = [
  "acceptance_rate",
  "energy",
  "energy_error",
  "diverging",
  "step_size",
  "n_steps",
] as const;

const checkSettings = (settings: HmcSettings): void => {
  requireInteger("hmc.draws", settings.draws, 1);
  requireInteger("hmc.warmup", settings.warmup, 0);
  requireInteger("hmc.thinning", settings.thinning, 1);
  requirePositive("hmc.step_size", settings.stepSize);
  const { numIntegrationSteps, trajectoryJitter, targetAcceptance, massMatrixFloor } = settings;
  requireSetting(numIntegrationSteps >= 1 && (trajectoryJitter || Number.isInteger(numIntegrationSteps)), {
    name: "hmc.num_integration_steps",
    value: numIntegrationSteps,
    expected: "at least 1, and an integer unless trajectory_jitter is on",
  });
  requireSetting(targetAcceptance > 0 && targetAcceptance < 1, {
    name: "hmc.target_acceptance",
    value: targetAcceptance,
    expected: "a number between 0 and 1",
  });
  requireSetting(Number.isFinite(massMatrixFloor) && massMatrixFloor >= 0, {
    name: "hmc.mass_matrix_floor",
    value: massMatrixFloor,
    expected: "a number of at least 0",
  });
};

class HmcRun implements SamplerRun {
  readonly numWarmupUnits: number;
  readonly numDraws: number;
  readonly warnings: readonly string[] = [];
  readonly #posterior: Posterior;
  readonly #settings: HmcSettings;
  readonly #counter: WorkCounter;
  readonly #kernel: HamiltonianKernel;
  readonly #adaptation: WindowAdaptation;
  readonly #tunable: Tunable;
  readonly #lengthScale: number;
  #hasBegun = false;
  #numTransitions = 0;
  #numProbes = 0;

  constructor(posterior: Posterior, settings: HmcSettings) {
    const { ensemble } = posterior;
    this.numWarmupUnits = settings.warmup;
    this.numDraws = settings.draws;
    this.#posterior = posterior;
    this.#settings = settings;
    this.#counter = new WorkCounter(ensemble);
    this.#kernel = new HamiltonianKernel(posterior, startPositions(posterior));
    this.#lengthScale = lengthScale(settings.numIntegrationSteps);
    const { numChains, dim } = ensemble;
    this.#adaptation = new WindowAdaptation({ ...settings, numWarmup: settings.warmup, numChains, dim });
    this.#tunable = {
      probe: (stepSize) => this.#probe(stepSize),
      positions: () => ensemble.readVectors(this.#kernel.position),
      setInverseMass: (inverseMass) => this.#kernel.setInverseMass(inverseMass),
    };
  }

  get work(): WorkCount {
    return this.#counter.work;
  }

  get tuned(): TunedSettings {
    const { stepSize, inverseMass } = this.#adaptation;
    return {
      step_size: stepSize,
      inverse_mass_min: inverseMass.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY),
      inverse_mass_max: inverseMass.reduce((high, value) => Math.max(high, value), 0),
    };
  }

  async warmup(index: number): Promise<void> {
    await this.#begin();
    const { acceptanceRate } = await this.#transition();
    const mean = acceptanceRate.reduce((sum, rate) => sum + rate, 0) / acceptanceRate.length;
    await this.#adaptation.update(this.#tunable, index, mean);
  }

  async draw(_index: number): Promise<DrawRecord> {
    await this.#begin();
    this.#counter.phase = "draws";
    const { numChains } = this.#posterior.ensemble;
    const { thinning } = this.#settings;
    const acceptance = new Float64Array(numChains);
    const diverging = new Float64Array(numChains);
    let energy: Float64Array = new Float64Array(numChains);
    let energyError = energy;
    let numSteps = 0;
    for (let k = 0; k < thinning; k++) {
      const info = await this.#transition();
      ({ energy, energyError } = info);
      numSteps += info.numSteps;
      for (let chain = 0; chain < numChains; chain++) {
        acceptance[chain] += info.acceptanceRate[chain] / thinning;
        if (info.isDivergent[chain] === 1) diverging[chain] = 1;
      }
    }
    const forAll = (value: number): Float64Array => new Float64Array(numChains).fill(value);
    return {
      loss: this.#kernel.loss.slice(),
      statistics: {
        acceptance_rate: acceptance,
        energy,
        energy_error: energyError,
        diverging,
        step_size: forAll(this.#adaptation.stepSize),
        n_steps: forAll(numSteps),
      },
    };
  }

  async snapshot(): Promise<Snapshot> {
    const { ensemble } = this.#posterior;
    const { position, gradient, loss, potential } = this.#kernel;
    return {
      ...this.#counter.snapshot(),
      ...this.#adaptation.snapshot(),
      hasBegun: this.#hasBegun,
      numTransitions: this.#numTransitions,
      numProbes: this.#numProbes,
      position: await ensemble.readVectors(position),
      // Stored, not computed again: a gradient from another operation may differ in its last bit.
      gradient: await ensemble.readVectors(gradient),
      loss: loss.slice(),
      potential: potential.slice(),
    };
  }

  async restore(snapshot: Snapshot): Promise<void> {
    const { ensemble } = this.#posterior;
    const { numChains, dim } = ensemble;
    this.#counter.restore(snapshot);
    this.#adaptation.restore(this.#kernel, snapshot);
    this.#hasBegun = booleanIn(snapshot, "hasBegun");
    this.#numTransitions = numberIn(snapshot, "numTransitions");
    this.#numProbes = numberIn(snapshot, "numProbes");
    ensemble.writeVectors(this.#kernel.position, arrayIn(snapshot, "position", numChains * dim));
    ensemble.writeVectors(this.#kernel.gradient, arrayIn(snapshot, "gradient", numChains * dim));
    this.#kernel.loss = arrayIn(snapshot, "loss", numChains);
    this.#kernel.potential = arrayIn(snapshot, "potential", numChains);
  }

  /** First unit only: derivatives at the starts, and a first step size. */
  async #begin(): Promise<void> {
    if (this.#hasBegun) return;
    await this.#kernel.evaluate();
    this.#counter.addGradients(1);
    if (!this.#kernel.potential.every(Number.isFinite)) {
      throw new SweepError(
        "NUMERICS",
        `the loss is not finite where a chain starts (sampling.start_scale ${this.#posterior.startScale}); expected finite losses around w*. Lower sampling.start_scale.`,
      );
    }
    await this.#adaptation.begin(this.#tunable);
    this.#hasBegun = true;
  }

  async #probe(stepSize: number): Promise<number> {
    const momentum = { purpose: purpose.tuning, step: this.#numProbes++ };
    const acceptance = await this.#kernel.probe({ stepSize, numSteps: 1, momentum });
    this.#counter.addGradients(1);
    return acceptance;
  }

  async #transition(): Promise<TransitionInfo & { readonly numSteps: number }> {
    const step = this.#numTransitions++;
    const numSteps = this.#lengthOf(step);
    const { stepSize } = this.#adaptation;
    const momentum = { purpose: purpose.momentum, step };
    const info = await this.#kernel.transition({ stepSize, numSteps, momentum }, step);
    this.#counter.addGradients(numSteps);
    return { ...info, numSteps };
  }

  #lengthOf(step: number): number {
    const { trajectoryJitter, numIntegrationSteps } = this.#settings;
    if (!trajectoryJitter) return numIntegrationSteps;
    // Chain 0 of the address whatever `firstChain`: the length belongs to all chains.
    const uniform = uniformAt({ seed: this.#posterior.seed, purpose: purpose.trajectoryLength, step });
    return trajectoryLength(uniform, this.#lengthScale);
  }
}

/** Hamiltonian Monte Carlo. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const hmc: Sampler<HmcSettings> = {
  name: "hmc",
  numericsVersion: 1,
  statistics,
  isIndependent: false,
  start: async (posterior, settings) => {
    checkSettings(settings);
    return new HmcRun(posterior, settings);
  },
};
