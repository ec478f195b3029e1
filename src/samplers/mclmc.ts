/**
 * MCLMC: unadjusted microcanonical Langevin dynamics, tuned. Equations: `isokinetic.ts`; tuning: `mclmc-tuning.ts`.
 *
 * Nothing is accepted or rejected: draws follow a law that is off by O(ε²). The error is held small by keeping the
 * variance of the energy error per dimension near `desiredEnergyVar`; the value seen while drawing is reported as
 * `energy_error_variance_per_dim`, with a warning where it is well above, and `gaussian_bias` states the relative bias that it
 * means for λ̂ of a Gaussian posterior. There is no energy in the sense of HMC, hence
 * no `energy` statistic (BFMI does not apply).
 *
 * Source: Robnik, De Luca, Silverstein & Seljak (2023), "Microcanonical Hamiltonian Monte Carlo".
 */
import type { IsokineticInfo } from "../compute/backend.ts";
import { numberIn } from "./chains/snapshot-fields.ts";
import { numUnitsOf, type Stage, stageAt } from "./chains/stages.ts";
import { WorkCounter } from "./chains/work-counter.ts";
import { gaussianBias } from "./isokinetic/isokinetic.ts";
import { MclmcChains } from "./isokinetic/mclmc-chains.ts";
import {
  checkMclmcSettings,
  integratorOf,
  type MclmcSettings,
  type MclmcStage,
  mclmcStages,
} from "./isokinetic/mclmc-settings.ts";
import { MclmcTuning } from "./isokinetic/mclmc-tuning.ts";
import type {
  DrawRecord,
  Posterior,
  Sampler,
  SamplerRun,
  Snapshot,
  TunedSettings,
  WorkCount,
} from "./sampler.ts";

/**
 * Excess of the energy-error variance over the wanted one that a reader must be told of. A few steps in a thousand that
 * cross kinks of a relu network make it ten without harm.
 */
const energyVarianceTolerance = 30;
/** Relative bias of λ̂ that a reader must be told of. */
const noteworthyBias = 0.015;

/**
 * Per draw, over its steps: `energy_error` is ΣΔE and `max_energy_error` the ΔE of largest size (nats; bad steps count
 * as 0), `diverging` tells whether a step ended in a non-finite state and was undone.
 */
const statistics = ["energy_error", "max_energy_error", "diverging", "step_size", "n_steps"] as const;

class MclmcRun implements SamplerRun {
  readonly numWarmupUnits: number;
  readonly numDraws: number;
  readonly #settings: MclmcSettings;
  readonly #stages: readonly Stage<MclmcStage>[];
  readonly #chains: MclmcChains;
  readonly #tuning: MclmcTuning;
  readonly #counter: WorkCounter;
  readonly #shape: { readonly dim: number; readonly numChains: number };
  /** ΔE of all good steps while drawing: how many, ΣΔE, ΣΔE², Σ(ΔE²)^(1/3). */
  readonly #energy = { count: 0, sum: 0, sumOfSquares: 0, sumOfCubeRoots: 0, numBad: 0 };

  constructor(
    posterior: Posterior,
    settings: MclmcSettings,
    parts: { chains: MclmcChains; counter: WorkCounter },
  ) {
    const { dim, numChains } = posterior.ensemble;
    this.#shape = { dim, numChains };
    this.#settings = settings;
    this.#stages = mclmcStages(settings);
    this.#chains = parts.chains;
    this.#counter = parts.counter;
    this.#tuning = new MclmcTuning(settings, this.#shape, parts.chains.curvature);
    this.numWarmupUnits = numUnitsOf(this.#stages);
    this.numDraws = settings.draws;
  }

  get work(): WorkCount {
    return this.#counter.work;
  }

  get tuned(): TunedSettings {
    const { scale } = this.#chains;
    return {
      step_size: this.#tuning.dynamics.stepSize,
      L: this.#tuning.dynamics.decoherenceLength,
      energy_error_variance_per_dim: this.#energyVariance(),
      gaussian_bias: this.#bias(),
      bad_steps: this.#energy.numBad,
      tuning_bad_steps: this.#tuning.numBadSteps,
      preconditioner_min: scale.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY),
      preconditioner_max: scale.reduce((high, value) => Math.max(high, value), 0),
    };
  }

  get warnings(): readonly string[] {
    const warnings = [...this.#tuning.warnings];
    const { desiredEnergyVar } = this.#settings;
    const observed = this.#energyVariance();
    if (observed > energyVarianceTolerance * desiredEnergyVar) {
      warnings.push(
        `mclmc: the energy-error variance per dimension while drawing is ${observed.toPrecision(2)}, wanted was ${desiredEnergyVar}: some steps are far too long. Compare with a run at a lower desired_energy_var, or lower step_size if it was given.`,
      );
    }
    const bias = this.#bias();
    if (Math.abs(bias) > noteworthyBias) {
      warnings.push(
        `mclmc: draws are not adjusted; on a Gaussian posterior llc would be off by ${(100 * bias).toPrecision(2)} % at this step size. Lower desired_energy_var (8 times: half the bias, 1.4 times the work) or step_size.`,
      );
    }
    return warnings;
  }

  async warmup(index: number): Promise<void> {
    const { name, offset, ...stage } = stageAt(this.#stages, index);
    if (name !== "settle") return this.#tuning.advance(this.#chains, { name, offset, ...stage });
    const { warmup, stepsPerDraw } = this.#settings;
    await this.#chains.advance(Math.min(stepsPerDraw, warmup - offset * stepsPerDraw), this.#tuning.dynamics);
  }

  async draw(_index: number): Promise<DrawRecord> {
    this.#counter.phase = "draws";
    const { dynamics } = this.#tuning;
    const { stepsPerDraw } = this.#settings;
    const info = await this.#chains.advance(stepsPerDraw, dynamics);
    const forAll = (value: number): Float64Array => new Float64Array(this.#shape.numChains).fill(value);
    return {
      loss: await this.#chains.readLosses(),
      distance: await this.#chains.distance(),
      statistics: {
        ...this.#summarise(info),
        step_size: forAll(dynamics.stepSize),
        n_steps: forAll(stepsPerDraw),
      },
    };
  }

  #summarise({ energyError, isBad }: IsokineticInfo) {
    const { numChains } = this.#shape;
    const total = new Float64Array(numChains);
    const largest = new Float64Array(numChains);
    const diverging = new Float64Array(numChains);
    for (let at = 0; at < energyError.length; at++) {
      const chain = at % numChains;
      if (isBad[at] !== 0) {
        diverging[chain] = 1;
        this.#energy.numBad++;
        continue;
      }
      const error = energyError[at];
      total[chain] += error;
      if (Math.abs(error) > Math.abs(largest[chain])) largest[chain] = error;
      this.#energy.count++;
      this.#energy.sum += error;
      this.#energy.sumOfSquares += error * error;
      this.#energy.sumOfCubeRoots += Math.cbrt(error * error);
    }
    return { energy_error: total, max_energy_error: largest, diverging };
  }

  /** Var(ΔE)/d over the steps of all draws so far; NaN before the second good one. */
  #energyVariance(): number {
    const { count, sum, sumOfSquares } = this.#energy;
    return count < 2 ? Number.NaN : (sumOfSquares - (sum * sum) / count) / ((count - 1) * this.#shape.dim);
  }

  /** Relative bias of λ̂ that the energy errors seen would mean for a Gaussian. */
  #bias(): number {
    const { count, sumOfCubeRoots } = this.#energy;
    return gaussianBias(integratorOf(this.#settings), sumOfCubeRoots / (count * Math.cbrt(this.#shape.dim)));
  }

  async snapshot(): Promise<Snapshot> {
    const { count, sum, sumOfSquares, sumOfCubeRoots, numBad } = this.#energy;
    return {
      ...this.#counter.snapshot(),
      ...this.#tuning.snapshot(),
      ...(await this.#chains.snapshot()),
      drawsEnergyCount: count,
      drawsEnergySum: sum,
      drawsEnergySumOfSquares: sumOfSquares,
      drawsEnergySumOfCubeRoots: sumOfCubeRoots,
      drawsBadSteps: numBad,
    };
  }

  async restore(snapshot: Snapshot): Promise<void> {
    this.#counter.restore(snapshot);
    this.#tuning.restore(snapshot);
    this.#chains.restore(snapshot);
    this.#energy.count = numberIn(snapshot, "drawsEnergyCount");
    this.#energy.sum = numberIn(snapshot, "drawsEnergySum");
    this.#energy.sumOfSquares = numberIn(snapshot, "drawsEnergySumOfSquares");
    this.#energy.sumOfCubeRoots = numberIn(snapshot, "drawsEnergySumOfCubeRoots");
    this.#energy.numBad = numberIn(snapshot, "drawsBadSteps");
  }
}

/** Microcanonical Langevin dynamics. @throws CONFIG_INVALID, NUMERICS (from `start`). */
export const mclmc: Sampler<MclmcSettings> = {
  name: "mclmc",
  numericsVersion: 2,
  statistics,
  isIndependent: false,
  start: async (posterior, settings) => {
    checkMclmcSettings(settings, posterior.ensemble.dim);
    const counter = new WorkCounter(posterior.ensemble);
    const chains = await MclmcChains.start(posterior, { integrator: integratorOf(settings), counter });
    return new MclmcRun(posterior, settings, { chains, counter });
  },
};
