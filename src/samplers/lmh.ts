/**
 * Langevin-gradient Metropolis–Hastings: a mixture of a random walk and proposals around a drift map.
 *
 * With probability `lProb` the proposal is w' = G(w) + s·z, G some gradient steps downhill (`drift-map.ts`); otherwise
 * w' = w + s_walk·z. Which of the two is drawn for all chains together, independently of their states, so each may be
 * accepted by its own ratio. G is not symmetric; the log of the acceptance ratio is
 *   U(w) − U(w') − ‖w − G(w')‖²/(2s²) + ‖w' − G(w)‖²/(2s²),
 * without the last two terms for the walk. With one step of all data and η = s²/2 it is MALA.
 *
 * Source: Chandra, Azizi & Cripps, "Bayesian neural networks via MCMC" (arXiv 2304.02595), whose published code divides
 * by s instead of s²: about 1/s times too weak a correction, and no longer the posterior.
 */
import { purpose } from "../random/purpose.ts";
import { uniformAt } from "../random/uniform.ts";
import {
  idealWalkAcceptance,
  type ScaleSearch,
  startScaleSearch,
  updateScaleSearch,
} from "./adaptation/robbins-monro.ts";
import { searchStepSize } from "./adaptation/step-size-search.ts";
import { numberIn } from "./chains/snapshot-fields.ts";
import {
  type MovingChains,
  meanOverChains,
  TransitionRun,
  type TransitionStatistics,
} from "./chains/transition-run.ts";
import { WorkCounter } from "./chains/work-counter.ts";
import { divergenceThreshold } from "./hamiltonian/hamiltonian-kernel.ts";
import { type Branch, LmhKernel } from "./metropolis/lmh-kernel.ts";
import { checkLmhSettings, type LmhSettings } from "./metropolis/lmh-settings.ts";
import type { Posterior, Sampler, Snapshot, TunedSettings } from "./sampler.ts";

/**
 * Per draw; `energy_error` is −log of the acceptance ratio, `step_size` the standard deviation of the noise, `n_langevin`
 * the number of Langevin transitions among the draw's `n_steps`, `diverging` speaks of those alone.
 */
const statistics = [
  "acceptance_rate",
  "energy_error",
  "diverging",
  "step_size",
  "n_steps",
  "n_langevin",
] as const;

/** Trials count from here as transitions, so that their minibatches are none of the run's. */
const firstTrial = 2 ** 20;

class LmhChains implements MovingChains {
  readonly warnings: readonly string[] = [];
  readonly #posterior: Posterior;
  readonly #settings: LmhSettings;
  readonly #driftSteps: number;
  readonly #kernel: LmhKernel;
  readonly #searches: Record<Branch, ScaleSearch>;
  #numTrials = 0;

  constructor(posterior: Posterior, settings: LmhSettings, counter: WorkCounter) {
    const { numData } = posterior.ensemble;
    const { stepSize, walkStepSize } = settings;
    const isMinibatch = settings.batchSize !== null && settings.batchSize < numData;
    const batchSize = isMinibatch ? settings.batchSize : null;
    this.#posterior = posterior;
    this.#settings = settings;
    this.#driftSteps = settings.driftSteps ?? Math.ceil(numData / (batchSize ?? numData));
    this.#kernel = new LmhKernel(posterior, { driftSteps: this.#driftSteps, batchSize }, counter);
    this.#searches = {
      langevin: startScaleSearch(stepSize),
      walk: startScaleSearch(walkStepSize ?? stepSize),
    };
  }

  get loss(): Float64Array {
    return this.#kernel.loss;
  }

  distance(): Promise<Float64Array> {
    return this.#kernel.distance();
  }

  get tuned(): TunedSettings {
    const stepSize = this.#searches.langevin.scale;
    return {
      step_size: stepSize,
      walk_step_size: this.#searches.walk.scale,
      learning_rate: this.#rateOf(stepSize) * this.#posterior.nBeta,
    };
  }

  async begin(): Promise<void> {
    await this.#kernel.begin();
    const { warmup, adaptStepSize, lProb } = this.#settings;
    if (warmup === 0 || !adaptStepSize) return;
    if (lProb > 0) await this.#searchScale("langevin");
    if (lProb < 1) await this.#searchScale("walk");
  }

  async transition(step: number): Promise<TransitionStatistics> {
    const { seed } = this.#posterior;
    // Chain 0 of the address whatever `firstChain`: the branch belongs to all chains.
    const uniform = uniformAt({ seed, purpose: purpose.branch, step });
    const branch = uniform < this.#settings.lProb ? "langevin" : "walk";
    const stepSize = this.#searches[branch].scale;
    const noise = { purpose: purpose.momentum, step };
    const request = { branch, stepSize, rate: this.#rateOf(stepSize), noise, transition: step } as const;
    const { acceptanceRate, energyError } = await this.#kernel.transition(request);
    const isLangevin = branch === "langevin" ? 1 : 0;
    return {
      acceptance_rate: acceptanceRate,
      energy_error: energyError,
      diverging: energyError.map((error) => (error > divergenceThreshold ? isLangevin : 0)),
      step_size: energyError.map(() => stepSize),
      n_steps: energyError.map(() => 1),
      n_langevin: energyError.map(() => isLangevin),
    };
  }

  async adapt(_index: number, { acceptance_rate, n_langevin }: TransitionStatistics): Promise<void> {
    const { adaptStepSize, targetAcceptance, walkTargetAcceptance } = this.#settings;
    if (!adaptStepSize) return;
    const branch = n_langevin[0] === 1 ? "langevin" : "walk";
    const walkTarget = walkTargetAcceptance ?? idealWalkAcceptance(this.#posterior.ensemble.dim);
    this.#searches[branch] = updateScaleSearch(
      this.#searches[branch],
      meanOverChains(acceptance_rate),
      branch === "langevin" ? targetAcceptance : walkTarget,
    );
  }

  async #searchScale(branch: Branch): Promise<void> {
    const found = await searchStepSize(this.#searches[branch].scale, async (stepSize) => {
      const trial = this.#numTrials++;
      const noise = { purpose: purpose.tuning, step: trial };
      const transition = firstTrial + trial;
      const request = { branch, stepSize, rate: this.#rateOf(stepSize), noise, transition };
      return meanOverChains((await this.#kernel.probe(request)).acceptanceRate);
    });
    this.#searches[branch] = startScaleSearch(found);
  }

  /** η of one drift step on U. */
  #rateOf(stepSize: number): number {
    const { learningRate } = this.#settings;
    return learningRate === null
      ? stepSize ** 2 / (2 * this.#driftSteps)
      : learningRate / this.#posterior.nBeta;
  }

  async snapshot(): Promise<Snapshot> {
    return {
      ...(await this.#kernel.snapshot()),
      langevinCount: this.#searches.langevin.count,
      langevinScale: this.#searches.langevin.scale,
      walkCount: this.#searches.walk.count,
      walkScale: this.#searches.walk.scale,
      numTrials: this.#numTrials,
    };
  }

  restore(snapshot: Snapshot): void {
    const searchOf = (branch: Branch): ScaleSearch => ({
      count: numberIn(snapshot, `${branch}Count`),
      scale: numberIn(snapshot, `${branch}Scale`),
    });
    this.#kernel.restore(snapshot);
    this.#searches.langevin = searchOf("langevin");
    this.#searches.walk = searchOf("walk");
    this.#numTrials = numberIn(snapshot, "numTrials");
  }
}

/** Langevin-gradient Metropolis–Hastings. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const lmh: Sampler<LmhSettings> = {
  name: "lmh",
  numericsVersion: 2,
  statistics,
  isIndependent: false,
  start: async (posterior, settings) => {
    checkLmhSettings(settings);
    const counter = new WorkCounter(posterior.ensemble);
    return new TransitionRun(new LmhChains(posterior, settings, counter), counter, settings);
  },
};
