/** Walkers with their gradients: what trajectories and trees begin with. A refresh is a gradient. */
import type { Vectors } from "../../../compute/backend.ts";
import type { WorkCounter } from "../../chains/work-counter.ts";
import { HamiltonianKernel } from "../../hamiltonian/hamiltonian-kernel.ts";
import type { Posterior, Snapshot } from "../../sampler.ts";
import type { WalkerState } from "./move.ts";

/** See the file's header. */
export class GradientState implements WalkerState {
  readonly kernel: HamiltonianKernel;
  readonly #posterior: Posterior;
  readonly #counter: WorkCounter;

  constructor(posterior: Posterior, position: Vectors, counter: WorkCounter) {
    this.#posterior = posterior;
    this.#counter = counter;
    this.kernel = new HamiltonianKernel(posterior, position);
  }

  get position(): Vectors {
    return this.kernel.position;
  }
  get loss(): Float64Array {
    return this.kernel.loss;
  }
  get potential(): Float64Array {
    return this.kernel.potential;
  }

  setTemperatures(nBeta: Float64Array): void {
    const { ensemble, center, gamma } = this.#posterior;
    ensemble.setPotential({ center, nBeta, gamma: new Float64Array(nBeta.length).fill(gamma) });
  }

  async refresh(): Promise<void> {
    await this.kernel.evaluate();
    this.#counter.addGradients(1);
  }

  setInverseMass(inverseMass: Float64Array): void {
    this.kernel.setInverseMass(inverseMass);
  }

  snapshot(): Promise<Snapshot> {
    return this.kernel.snapshot();
  }

  restore(snapshot: Snapshot): void {
    this.kernel.restore(snapshot);
  }
}
