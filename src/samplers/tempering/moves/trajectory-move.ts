/** Hamiltonian trajectories of random length, one length for all rows: `hmc`; with a mean of 1 step `mala`. */
import { purpose } from "../../../random/purpose.ts";
import { uniformAt } from "../../../random/uniform.ts";
import { lengthScale, trajectoryLength } from "../../adaptation/trajectory-length.ts";
import type { WorkCounter } from "../../chains/work-counter.ts";
import type { Posterior } from "../../sampler.ts";
import type { GradientState } from "./gradient-state.ts";
import type { Exploration, Move } from "./move.ts";

/** See the file's header. */
export class TrajectoryMove implements Move {
  readonly #seed: number;
  readonly #state: GradientState;
  readonly #counter: WorkCounter;
  readonly #lengthScale: number;

  /** @param options `numSteps`: mean leapfrog steps of a trajectory, ≥ 1. */
  constructor(
    { seed }: Posterior,
    state: GradientState,
    options: { readonly numSteps: number; readonly counter: WorkCounter },
  ) {
    this.#seed = seed;
    this.#state = state;
    this.#counter = options.counter;
    this.#lengthScale = lengthScale(options.numSteps);
  }

  async explore(stepSizes: Float64Array, step: number): Promise<Exploration> {
    // Chain 0 of the address whatever `firstChain`: the length belongs to all rows.
    const uniform = uniformAt({ seed: this.#seed, purpose: purpose.trajectoryLength, step });
    const numSteps = trajectoryLength(uniform, this.#lengthScale);
    const momentum = { purpose: purpose.momentum, step };
    const info = await this.#state.kernel.transition({ stepSize: stepSizes, numSteps, momentum }, step);
    this.#counter.addGradients(numSteps);
    const { acceptanceRate, isDivergent } = info;
    return { acceptanceRate, isDivergent, numSteps: acceptanceRate.map(() => numSteps) };
  }

  probe(stepSizes: Float64Array, probe: number): Promise<number> {
    return probeLeapfrog(this.#state, this.#counter, { stepSizes, probe });
  }
}

/** Mean acceptance of one leapfrog step that is then forgotten. */
export const probeLeapfrog = async (
  { kernel }: GradientState,
  counter: WorkCounter,
  { stepSizes, probe }: { readonly stepSizes: Float64Array; readonly probe: number },
): Promise<number> => {
  const momentum = { purpose: purpose.tuning, step: probe };
  const acceptance = await kernel.probe({ stepSize: stepSizes, numSteps: 1, momentum });
  counter.addGradients(1);
  return acceptance;
};
