/** Hamiltonian trajectories of random length on every rung, one length for all rows; with a mean of 1 it is MALA. */
import type { Vectors } from "../../compute/backend.ts";
import { purpose } from "../../random/purpose.ts";
import { uniformAt } from "../../random/uniform.ts";
import { lengthScale, trajectoryLength } from "../adaptation/trajectory-length.ts";
import { HamiltonianKernel } from "../hamiltonian-kernel.ts";
import type { Posterior, Snapshot } from "../sampler.ts";
import type { WorkCounter } from "../work-counter.ts";
import type { Exploration, Explorer } from "./explorer.ts";

/** See the file's header. */
export class HamiltonianExplorer implements Explorer {
  readonly #posterior: Posterior;
  readonly #counter: WorkCounter;
  readonly #kernel: HamiltonianKernel;
  readonly #lengthScale: number;

  /** @param options `numSteps`: mean leapfrog steps of a trajectory, ≥ 1. */
  constructor(
    posterior: Posterior,
    position: Vectors,
    options: { readonly numSteps: number; readonly counter: WorkCounter },
  ) {
    this.#posterior = posterior;
    this.#counter = options.counter;
    this.#kernel = new HamiltonianKernel(posterior, position);
    this.#lengthScale = lengthScale(options.numSteps);
  }

  get position(): Vectors {
    return this.#kernel.position;
  }
  get loss(): Float64Array {
    return this.#kernel.loss;
  }
  get potential(): Float64Array {
    return this.#kernel.potential;
  }

  setTemperatures(nBeta: Float64Array): void {
    const { ensemble, center, gamma } = this.#posterior;
    ensemble.setPotential({ center, nBeta, gamma: new Float64Array(nBeta.length).fill(gamma) });
  }

  async refresh(): Promise<void> {
    await this.#kernel.evaluate();
    this.#counter.addGradients(1);
  }

  async explore(stepSizes: Float64Array, step: number): Promise<Exploration> {
    // Chain 0 of the address whatever `firstChain`: the length belongs to all rows.
    const uniform = uniformAt({ seed: this.#posterior.seed, purpose: purpose.trajectoryLength, step });
    const numSteps = trajectoryLength(uniform, this.#lengthScale);
    const momentum = { purpose: purpose.momentum, step };
    const info = await this.#kernel.transition({ stepSize: stepSizes, numSteps, momentum }, step);
    this.#counter.addGradients(numSteps);
    return { acceptanceRate: info.acceptanceRate, isDivergent: info.isDivergent, numSteps };
  }

  async probe(stepSizes: Float64Array, probe: number): Promise<number> {
    const momentum = { purpose: purpose.tuning, step: probe };
    const acceptance = await this.#kernel.probe({ stepSize: stepSizes, numSteps: 1, momentum });
    this.#counter.addGradients(1);
    return acceptance;
  }

  setInverseMass(inverseMass: Float64Array): void {
    this.#kernel.setInverseMass(inverseMass);
  }

  snapshot(): Promise<Snapshot> {
    return this.#kernel.snapshot();
  }

  restore(snapshot: Snapshot): void {
    this.#kernel.restore(snapshot);
  }
}
