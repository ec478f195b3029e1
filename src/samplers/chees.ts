/**
 * ChEES-HMC: Hamiltonian Monte Carlo whose trajectory time is learnt from all chains together.
 *
 * A trajectory has N = ⌈h·T/ε⌉ leapfrog steps, h from a Halton sequence (one for all chains, independent of their states),
 * so work is the same for every chain and lock-step wastes nothing. In warmup ε follows dual averaging on the harmonic mean
 * of acceptance (one bad chain counts), T climbs the ChEES criterion (`adaptation/trajectory-time.ts`), and a mass
 * matrix comes from pooled windows; when it changes, T begins anew at 1, the size of the posterior in its
 * coordinates. All are frozen before the first draw.
 *
 * Source: Hoffman, Radul & Sountsov, "An adaptive-MCMC scheme for setting trajectory lengths in HMC" (2021), which has
 * no mass matrix: set `adaptMassMatrix` to false.
 */
import { purpose } from "../random/purpose.ts";
import type { Mass } from "./adaptation/mass-estimate.ts";
import {
  cheesSignal,
  startTrajectoryTime,
  type TrajectoryTime,
  trajectoryTimeEntries,
  trajectoryTimeIn,
  updateTrajectoryTime,
  vanDerCorput,
} from "./adaptation/trajectory-time.ts";
import { requireInteger, requireSetting } from "./chains/require-setting.ts";
import { booleanIn } from "./chains/snapshot-fields.ts";
import {
  type MovingChains,
  type RunLength,
  TransitionRun,
  type TransitionStatistics,
} from "./chains/transition-run.ts";
import { WorkCounter } from "./chains/work-counter.ts";
import {
  AdaptedHamiltonian,
  checkHamiltonianSettings,
  checkRunLength,
  type HamiltonianSettings,
} from "./hamiltonian/adapted-hamiltonian.ts";
import type { Posterior, Sampler, Snapshot, TunedSettings } from "./sampler.ts";
import { solveLower } from "./variational/small-matrix.ts";

export interface CheesSettings extends RunLength, HamiltonianSettings {
  /** T to start from, in the units of `stepSize`, or the fixed one without warmup; null: one step. */
  readonly trajectoryTime: number | null;
  /** Most leapfrog steps of a trajectory. */
  readonly maxSteps: number;
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

class CheesChains implements MovingChains {
  readonly warnings: readonly string[] = [];
  readonly #posterior: Posterior;
  readonly #settings: CheesSettings;
  readonly #counter: WorkCounter;
  readonly #hamiltonian: AdaptedHamiltonian;
  #time: TrajectoryTime;
  /** False until T has a value: one step needs the first step size. */
  #hasTime: boolean;
  /** Left by a transition of warmup for `adapt`: h·T of its trajectory and what it moved. */
  #signal = Number.NaN;

  constructor(posterior: Posterior, settings: CheesSettings, counter: WorkCounter) {
    this.#posterior = posterior;
    this.#settings = settings;
    this.#counter = counter;
    this.#hamiltonian = new AdaptedHamiltonian(posterior, counter, settings);
    this.#hasTime = settings.trajectoryTime !== null;
    this.#time = startTrajectoryTime(settings.trajectoryTime ?? settings.stepSize);
  }

  get loss(): Float64Array {
    return this.#hamiltonian.kernel.loss;
  }

  distance(): Promise<Float64Array> {
    return this.#hamiltonian.distance();
  }

  get tuned(): TunedSettings {
    return { ...this.#hamiltonian.tuned, trajectory_time: Math.exp(this.#time.logTime) };
  }

  async begin(): Promise<void> {
    await this.#hamiltonian.begin();
    if (this.#hasTime) return;
    this.#time = startTrajectoryTime(this.#hamiltonian.stepSize);
    this.#hasTime = true;
  }

  async transition(step: number): Promise<TransitionStatistics> {
    const { kernel, stepSize } = this.#hamiltonian;
    const jitter = vanDerCorput(step + 1);
    const time = Math.exp(this.#time.logTime);
    const numSteps = Math.min(this.#settings.maxSteps, Math.max(1, Math.ceil((jitter * time) / stepSize)));
    const isLearning = this.#counter.phase === "warmup";
    const { ensemble } = this.#posterior;
    const before = isLearning ? await ensemble.readVectors(kernel.position) : null;
    const momentum = { purpose: purpose.momentum, step };
    const info = await kernel.transition({ stepSize, numSteps, momentum }, step);
    this.#counter.addGradients(numSteps);
    if (before !== null) {
      const after = await ensemble.readVectors(kernel.trajectoryEnd.position);
      const momenta = await ensemble.readVectors(kernel.trajectoryEnd.momentum);
      const { mass } = this.#hamiltonian;
      const acceptance = info.acceptanceRate;
      const ends = { before: coordinatesOf(before, mass), after: coordinatesOf(after, mass) };
      const signal = cheesSignal({ ...ends, momentum: momenta, inverseMass: mass.inverseMass, acceptance });
      this.#signal = jitter * time * signal;
    }
    return {
      acceptance_rate: info.acceptanceRate,
      energy: info.energy,
      energy_error: info.energyError,
      diverging: Float64Array.from(info.isDivergent),
      step_size: info.energy.map(() => stepSize),
      n_steps: info.energy.map(() => numSteps),
    };
  }

  async adapt(index: number, { acceptance_rate }: TransitionStatistics): Promise<void> {
    const { warmup, maxSteps } = this.#settings;
    const { mass: massBefore } = this.#hamiltonian;
    this.#time = updateTrajectoryTime(this.#time, this.#signal, maxSteps * this.#hamiltonian.stepSize);
    await this.#hamiltonian.adapt(index, harmonicMean(acceptance_rate));
    if (this.#hamiltonian.mass !== massBefore) this.#time = startTrajectoryTime(1);
    if (index + 1 === warmup) this.#time = { ...this.#time, logTime: this.#time.logAverage };
  }

  async snapshot(): Promise<Snapshot> {
    return {
      ...(await this.#hamiltonian.snapshot()),
      ...trajectoryTimeEntries(this.#time),
      hasTime: this.#hasTime,
    };
  }

  restore(snapshot: Snapshot): void {
    this.#hamiltonian.restore(snapshot);
    this.#time = trajectoryTimeIn(snapshot);
    this.#hasTime = booleanIn(snapshot, "hasTime");
  }
}

/** Positions (numChains, dim) as F⁻¹q, the coordinates of the kernel's momenta; in place. */
const coordinatesOf = (positions: Float64Array, { inverseMass, factor }: Mass): Float64Array => {
  const dim = inverseMass.length;
  for (let at = 0; factor !== null && at < positions.length; at += dim) {
    solveLower(factor, dim, positions.subarray(at, at + dim));
  }
  return positions;
};

/** n/Σ(1/α); 0 if a chain was certainly refused. */
const harmonicMean = (rates: Float64Array): number =>
  rates.length / rates.reduce((sum, rate) => sum + 1 / rate, 0);

/** ChEES-HMC. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const chees: Sampler<CheesSettings> = {
  name: "chees",
  numericsVersion: 1,
  statistics,
  isIndependent: false,
  start: async (posterior, settings) => {
    const { trajectoryTime, maxSteps, warmup } = settings;
    const { numChains } = posterior.ensemble;
    checkRunLength("chees", settings);
    checkHamiltonianSettings("chees", settings, posterior.ensemble.dim);
    requireInteger("chees.max_steps", maxSteps, 1);
    requireSetting(trajectoryTime === null || (Number.isFinite(trajectoryTime) && trajectoryTime > 0), {
      name: "chees.trajectory_time",
      value: trajectoryTime,
      expected: "a number greater than 0, or null",
    });
    requireSetting(numChains >= 2 || warmup === 0, {
      name: "sampling.chains",
      value: numChains,
      expected: "at least 2 for chees, which learns from the distances between chains; or use hmc",
    });
    const counter = new WorkCounter(posterior.ensemble);
    return new TransitionRun(new CheesChains(posterior, settings, counter), counter, settings);
  },
};
