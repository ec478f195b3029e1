/**
 * Adjusted microcanonical Hamiltonian Monte Carlo (MHMCLMC, MAMS): isokinetic trajectories, accepted or refused.
 *
 * Unlike `mclmc` it has no bias; unlike `hmc` its momenta have unit length. Number of steps of a trajectory: one for all
 * chains, random, with mean L/ε. Equations: `isokinetic.ts`; the test: `isokinetic-kernel.ts`; tuning to an acceptance of
 * 0.9: `amclmc-tuning.ts`. There is no energy in the sense of HMC, hence no `energy` statistic (BFMI does not apply).
 *
 * Source: Robnik, Cohn-Gordon & Seljak (2025), arXiv 2503.01707.
 */
import { purpose } from "../random/purpose.ts";
import { uniformAt } from "../random/uniform.ts";
import { lengthScale, trajectoryLength } from "./adaptation/trajectory-length.ts";
import { numberIn } from "./chains/snapshot-fields.ts";
import { requireFiniteStart } from "./chains/start-positions.ts";
import {
  type MovingChains,
  meanOverChains,
  TransitionRun,
  type TransitionStatistics,
} from "./chains/transition-run.ts";
import { WorkCounter } from "./chains/work-counter.ts";
import { type AmclmcSettings, checkAmclmcSettings, integratorOf } from "./isokinetic/amclmc-settings.ts";
import { AmclmcTuning } from "./isokinetic/amclmc-tuning.ts";
import { gradientsPerStep } from "./isokinetic/isokinetic.ts";
import { IsokineticKernel } from "./isokinetic/isokinetic-kernel.ts";
import type { Posterior, Sampler, Snapshot, TunedSettings } from "./sampler.ts";

/** Per draw; `energy_error` is W, −log of the acceptance ratio; `n_steps` counts integrator steps. */
const statistics = ["acceptance_rate", "energy_error", "diverging", "step_size", "n_steps"] as const;

class AmclmcChains implements MovingChains {
  readonly #posterior: Posterior;
  readonly #settings: AmclmcSettings;
  readonly #counter: WorkCounter;
  readonly #kernel: IsokineticKernel;
  readonly #tuning: AmclmcTuning;
  #numProbes = 0;

  constructor(posterior: Posterior, settings: AmclmcSettings, counter: WorkCounter) {
    const { ensemble } = posterior;
    const { numChains, dim } = ensemble;
    this.#posterior = posterior;
    this.#settings = settings;
    this.#counter = counter;
    this.#kernel = new IsokineticKernel(posterior, integratorOf(settings));
    this.#tuning = new AmclmcTuning(
      settings,
      { numChains, dim },
      {
        probe: (stepSize) => this.#probe(stepSize),
        positions: () => ensemble.readVectors(this.#kernel.position),
        setInverseMass: (inverseMass) => this.#kernel.setInverseMass(inverseMass),
      },
    );
  }

  get loss(): Float64Array {
    return this.#kernel.loss;
  }

  distance(): Promise<Float64Array> {
    return this.#kernel.distance();
  }

  get warnings(): readonly string[] {
    return this.#tuning.warnings;
  }

  get tuned(): TunedSettings {
    const { stepSize, decoherenceLength, variances } = this.#tuning;
    return {
      step_size: stepSize,
      L: decoherenceLength,
      preconditioner_min: Math.sqrt(variances.reduce((low, v) => Math.min(low, v), Number.POSITIVE_INFINITY)),
      preconditioner_max: Math.sqrt(variances.reduce((high, v) => Math.max(high, v), 0)),
    };
  }

  async begin(): Promise<void> {
    await this.#kernel.evaluate();
    this.#counter.addGradients(1);
    requireFiniteStart(this.#kernel.potential, this.#posterior.startScale);
    await this.#tuning.begin();
  }

  async transition(step: number): Promise<TransitionStatistics> {
    const { stepSize, meanNumSteps } = this.#tuning;
    // Chain 0 of the address whatever `firstChain`: the length belongs to all chains.
    const uniform = uniformAt({ seed: this.#posterior.seed, purpose: purpose.trajectoryLength, step });
    const numSteps = trajectoryLength(uniform, lengthScale(meanNumSteps));
    const direction = { purpose: purpose.direction, step };
    const info = await this.#kernel.transition({ stepSize, numSteps, direction }, step);
    this.#counter.addGradients(numSteps * gradientsPerStep(integratorOf(this.#settings)));
    return {
      acceptance_rate: info.acceptanceRate,
      energy_error: info.energyError,
      diverging: Float64Array.from(info.isDivergent),
      step_size: info.energyError.map(() => stepSize),
      n_steps: info.energyError.map(() => numSteps),
    };
  }

  adapt(index: number, { acceptance_rate }: TransitionStatistics): Promise<void> {
    return this.#tuning.update(index, meanOverChains(acceptance_rate));
  }

  async #probe(stepSize: number): Promise<number> {
    const direction = { purpose: purpose.tuning, step: this.#numProbes++ };
    const rates = await this.#kernel.probe({ stepSize, numSteps: 1, direction });
    this.#counter.addGradients(gradientsPerStep(integratorOf(this.#settings)));
    return meanOverChains(rates);
  }

  async snapshot(): Promise<Snapshot> {
    return {
      ...(await this.#kernel.snapshot()),
      ...this.#tuning.snapshot(),
      numProbes: this.#numProbes,
    };
  }

  restore(snapshot: Snapshot): void {
    this.#kernel.restore(snapshot);
    this.#tuning.restore(snapshot);
    this.#numProbes = numberIn(snapshot, "numProbes");
  }
}

/** Adjusted microcanonical Hamiltonian Monte Carlo. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const amclmc: Sampler<AmclmcSettings> = {
  name: "amclmc",
  numericsVersion: 2,
  statistics,
  isIndependent: false,
  start: async (posterior, settings) => {
    checkAmclmcSettings(settings, posterior.ensemble.dim);
    const counter = new WorkCounter(posterior.ensemble);
    return new TransitionRun(new AmclmcChains(posterior, settings, counter), counter, settings);
  },
};
