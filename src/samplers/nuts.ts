/**
 * The no-U-turn sampler: Hamiltonian Monte Carlo whose trajectories end where they turn back.
 *
 * Multinomial sampling from the trajectory with biased progressive doublings and Stan's checks across subtrees; pooled
 * window adaptation of step size and mass matrix as in `hmc`. Equations: `compute/reference/no-u-turn.ts`.
 * A chain costs the gradients of its own tree; the batch is ready when its longest tree is.
 *
 * Source: Hoffman & Gelman (2014); Betancourt (2017), appendix A.
 */
import type { LeapfrogState } from "../compute/backend.ts";
import { purpose } from "../random/purpose.ts";
import type { MassForm } from "./adaptation/mass-estimate.ts";
import { requireSetting } from "./chains/require-setting.ts";
import { numberIn } from "./chains/snapshot-fields.ts";
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
import { divergenceThreshold } from "./hamiltonian/hamiltonian-kernel.ts";
import type { Posterior, Sampler, Snapshot, TunedSettings } from "./sampler.ts";

export interface NutsSettings {
  /** Recorded draws a chain. */
  readonly draws: number;
  /** Adapting transitions, dropped. Below 20 only the step size adapts; with 0 nothing does. */
  readonly warmup: number;
  /** ε to start from, or the fixed one. */
  readonly stepSize: number;
  readonly adaptStepSize: boolean;
  readonly adaptMassMatrix: boolean;
  /** What is learnt as mass matrix; `dense` costs of the order of d² a step. Absent: diagonal. */
  readonly massMatrix?: MassForm;
  /** Mean acceptance over leaves and chains that step-size adaptation aims at, in (0, 1). */
  readonly targetAcceptance: number;
  /** Most doublings of a trajectory, 1 to 20: at most 2^maxDepth − 1 leapfrog steps. */
  readonly maxDepth: number;
  /** Transitions a recorded draw. */
  readonly thinning: number;
  /** Regularisation of the mass matrix relative to the posterior's own scale, unitless. */
  readonly massMatrixFloor: number;
}

/** Share of draws stopped by `maxDepth` that a reader must be told of. */
const noteworthyTruncation = 0.01;

/** Per draw; with thinning merged as `transition-run.ts` says. */
const statistics = [
  "acceptance_rate",
  "energy",
  "energy_error",
  "max_energy_error",
  "diverging",
  "step_size",
  "n_steps",
  "tree_depth",
  "reached_max_treedepth",
] as const;

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

class NutsChains implements MovingChains {
  readonly #settings: NutsSettings;
  readonly #counter: WorkCounter;
  readonly #hamiltonian: AdaptedHamiltonian;
  readonly #ensemble: Posterior["ensemble"];
  readonly #state: LeapfrogState;
  /** Transitions of all chains while drawing, and how many of them `maxDepth` stopped. */
  #numTrees = 0;
  #numTruncated = 0;

  constructor(posterior: Posterior, settings: NutsSettings, counter: WorkCounter) {
    this.#settings = settings;
    this.#counter = counter;
    this.#hamiltonian = new AdaptedHamiltonian(posterior, counter, settings);
    const { ensemble } = posterior;
    this.#ensemble = ensemble;
    this.#state = {
      ...this.#hamiltonian.kernel.start,
      momentum: ensemble.vectors(),
      loss: ensemble.scalars(),
      potential: ensemble.scalars(),
    };
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

  get warnings(): readonly string[] {
    const share = this.#numTruncated / this.#numTrees;
    if (!(share > noteworthyTruncation)) return [];
    const percent = Number((100 * share).toPrecision(2));
    return [
      `nuts: ${percent} % of the trajectories were stopped by max_depth ${this.#settings.maxDepth} before they turned; raise max_depth or warmup.`,
    ];
  }

  begin(): Promise<void> {
    return this.#hamiltonian.begin();
  }

  async transition(step: number): Promise<TransitionStatistics> {
    const { stepSize, kernel } = this.#hamiltonian;
    const { maxDepth } = this.#settings;
    const { loss, potential } = this.#state;
    const ensemble = this.#ensemble;
    kernel.drawMomentum({ purpose: purpose.momentum, step }, this.#state.momentum);
    ensemble.writeScalars(loss, kernel.loss);
    ensemble.writeScalars(potential, kernel.potential);
    const info = await ensemble.noUTurn(this.#state, { stepSize, maxDepth, divergenceThreshold, step });
    kernel.loss = await ensemble.readScalars(loss);
    kernel.potential = await ensemble.readScalars(potential);
    this.#counter.addChainGradients(total(info.numSteps));
    if (this.#counter.phase === "draws") {
      this.#numTrees += ensemble.numChains;
      this.#numTruncated += total(info.hasReachedMaxDepth);
    }
    return {
      acceptance_rate: info.acceptanceRate,
      energy: info.energy,
      energy_error: info.energyError,
      max_energy_error: info.maxEnergyError,
      diverging: info.isDivergent,
      step_size: new Float64Array(ensemble.numChains).fill(stepSize),
      n_steps: info.numSteps,
      tree_depth: info.depth,
      reached_max_treedepth: info.hasReachedMaxDepth,
    };
  }

  adapt(index: number, { acceptance_rate }: TransitionStatistics): Promise<void> {
    return this.#hamiltonian.adapt(index, meanOverChains(acceptance_rate));
  }

  async snapshot(): Promise<Snapshot> {
    return {
      ...(await this.#hamiltonian.snapshot()),
      numTrees: this.#numTrees,
      numTruncated: this.#numTruncated,
    };
  }

  restore(snapshot: Snapshot): void {
    this.#hamiltonian.restore(snapshot);
    this.#numTrees = numberIn(snapshot, "numTrees");
    this.#numTruncated = numberIn(snapshot, "numTruncated");
  }
}

/** The no-U-turn sampler. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const nuts: Sampler<NutsSettings> = {
  name: "nuts",
  numericsVersion: 2,
  statistics,
  isIndependent: false,
  start: async (posterior, settings) => {
    const { maxDepth } = settings;
    checkRunLength("nuts", settings);
    checkHamiltonianSettings("nuts", settings, posterior.ensemble.dim);
    requireSetting(Number.isInteger(maxDepth) && maxDepth >= 1 && maxDepth <= 20, {
      name: "nuts.max_depth",
      value: maxDepth,
      expected: "an integer from 1 to 20",
    });
    const counter = new WorkCounter(posterior.ensemble);
    return new TransitionRun(new NutsChains(posterior, settings, counter), counter, settings);
  },
};
