/**
 * One Metropolis-corrected leapfrog trajectory of every chain: the kernel of `hmc`, and of any sampler that moves chains
 * by trajectories of common length (chees, mala as one step, rungs of parallel tempering with their own potential).
 *
 * H(q, p) = U(q) + ½·Σ V_i p_i², V the diagonal inverse mass; p_i = z_i/√V_i. A dense inverse mass FFᵀ is a factor F with
 * V = 1: p are the momenta of the coordinates F⁻¹q, so that p = z and energies are the same sums. A proposal is accepted
 * with min(1, e^{−ΔH}); a ΔH that is not a number counts as +∞; ΔH > 1000 is a divergence.
 * Source: Neal (2011), section 5.3. Precision: positions as the ensemble, energies and ΔH float64.
 * Invariant: `position`, `gradient`, `loss` and `potential` always belong together, and are finite once they were.
 */
import type { Ensemble, LeapfrogState, RandomAddress, Row, Scalars, Vectors } from "../../compute/backend.ts";
import { purpose } from "../../random/purpose.ts";
import { uniformAt } from "../../random/uniform.ts";
import { arrayIn } from "../chains/snapshot-fields.ts";
import type { Posterior, Snapshot } from "../sampler.ts";

/** ΔH above which a trajectory is called divergent, nats. */
export const divergenceThreshold = 1000;

/** How to make one proposal. */
export interface Trajectory {
  /** One for all chains, or one a chain; a chain with 0 stays where it is. */
  readonly stepSize: number | Float64Array;
  readonly numSteps: number;
  /** Where the normals of the momentum are. */
  readonly momentum: RandomAddress;
}

/** Outcome of a transition; one entry a chain. */
export interface TransitionInfo {
  /** min(1, e^{−ΔH}), the probability, not the outcome. */
  readonly acceptanceRate: Float64Array;
  /** H after the momentum was drawn, nats: its changes from draw to draw are what BFMI looks at. */
  readonly energy: Float64Array;
  /** ΔH of the proposal, nats; +∞ where it was not finite. */
  readonly energyError: Float64Array;
  readonly isDivergent: Uint8Array;
}

/** H at both ends of a trajectory, and where it ended. */
interface Proposal {
  readonly energy: Float64Array;
  readonly energyError: Float64Array;
  readonly loss: Float64Array;
  readonly potential: Float64Array;
}

/** min(1, e^{−ΔH}); 0 for NaN and +∞. */
const acceptanceOf = (energyError: number): number => Math.min(1, Math.exp(-energyError));

/** Positions of all chains, their derivatives, and the buffers of a trajectory. Owns its device arrays. */
export class HamiltonianKernel {
  /** Shape (numChains, dim); write it, then call `evaluate`. */
  readonly position: Vectors;
  /** ∇U at `position`. */
  readonly gradient: Vectors;
  /** L_n and U at `position`, one entry a chain. */
  loss: Float64Array;
  potential: Float64Array;
  readonly #ensemble: Ensemble;
  readonly #seed: number;
  readonly #firstChain: number;
  #end: LeapfrogState;
  readonly #momentumScale: Row;
  readonly #stepSize: Scalars;
  /** What all entries of `#stepSize` are; NaN where they may differ. */
  #writtenStepSize = Number.NaN;
  readonly #kinetic: Scalars;

  /** @param position the starts; the kernel moves them in place. V begins as 1. */
  constructor({ ensemble, seed, firstChain }: Posterior, position: Vectors) {
    this.#ensemble = ensemble;
    this.#seed = seed;
    this.#firstChain = firstChain ?? 0;
    this.position = position;
    this.gradient = ensemble.vectors();
    this.loss = new Float64Array(ensemble.numChains);
    this.potential = new Float64Array(ensemble.numChains);
    this.#momentumScale = ensemble.row();
    this.#stepSize = ensemble.scalars();
    this.#kinetic = ensemble.scalars();
    this.#end = {
      position: ensemble.vectors(),
      momentum: ensemble.vectors(),
      gradient: ensemble.vectors(),
      inverseMass: ensemble.row(),
      factor: null,
      loss: ensemble.scalars(),
      potential: ensemble.scalars(),
    };
    this.setInverseMass(new Float64Array(ensemble.dim).fill(1));
  }

  /** Where the last trajectory ended, accepted or not: valid until the next one. */
  get trajectoryEnd(): { readonly position: Vectors; readonly momentum: Vectors } {
    return this.#end;
  }

  /** What a trajectory of another form begins with, on the device: positions and gradients (moved in place), V and F. */
  get start(): Pick<LeapfrogState, "position" | "gradient" | "inverseMass" | "factor"> {
    const { inverseMass, factor } = this.#end;
    return { position: this.position, gradient: this.gradient, inverseMass, factor };
  }

  /** p_i = z_i/√V_i. @param address of the normals z. */
  drawMomentum(address: RandomAddress, momentum: Vectors): void {
    this.#ensemble.normal(address, momentum);
    this.#ensemble.scaleByRow(this.#momentumScale, momentum);
  }

  /** @param inverseMass V, shape (dim), all > 0. Not kept. */
  setInverseMass(inverseMass: Float64Array): void {
    this.#ensemble.writeRow(this.#end.inverseMass, inverseMass);
    this.#ensemble.writeRow(
      this.#momentumScale,
      inverseMass.map((variance) => 1 / Math.sqrt(variance)),
    );
  }

  /** @param factor F, lower triangular, shape (dim, dim), which V (1 unless it was set) then multiplies. Not kept. */
  setFactor(factor: Float64Array): void {
    const matrix = this.#end.factor ?? this.#ensemble.matrix();
    this.#ensemble.writeMatrix(matrix, factor);
    this.#end = { ...this.#end, factor: matrix };
  }

  /** Computes loss, potential and gradient at `position`: one gradient. */
  async evaluate(): Promise<void> {
    const { loss, potential } = this.#end;
    this.#ensemble.potentialAndGradient(this.position, { loss, gradient: this.gradient, potential });
    this.loss = await this.#ensemble.readScalars(loss);
    this.potential = await this.#ensemble.readScalars(potential);
  }

  /** Mean acceptance probability over chains of a trajectory that is then forgotten: `numSteps` gradients. */
  async probe(trajectory: Trajectory): Promise<number> {
    const { energyError } = await this.#propose(trajectory);
    return energyError.reduce((sum, error) => sum + acceptanceOf(error), 0) / energyError.length;
  }

  /** Moves every chain by one transition: `numSteps` gradients. @param step names the uniforms of the acceptance. */
  async transition(trajectory: Trajectory, step: number): Promise<TransitionInfo> {
    const proposal = await this.#propose(trajectory);
    const { energy, energyError } = proposal;
    const acceptanceRate = energyError.map(acceptanceOf);
    const isAccepted = new Uint8Array(acceptanceRate.length);
    for (let chain = 0; chain < isAccepted.length; chain++) {
      const address = { seed: this.#seed, purpose: purpose.accept, chain: this.#firstChain + chain, step };
      if (uniformAt(address) >= acceptanceRate[chain]) continue;
      isAccepted[chain] = 1;
      this.loss[chain] = proposal.loss[chain];
      this.potential[chain] = proposal.potential[chain];
    }
    this.#ensemble.select(isAccepted, this.#end.position, this.position);
    this.#ensemble.select(isAccepted, this.#end.gradient, this.gradient);
    const isDivergent = Uint8Array.from(energyError, (error) => (error > divergenceThreshold ? 1 : 0));
    return { acceptanceRate, energy, energyError, isDivergent };
  }

  /** Positions and what belongs to them. Stored, not computed again: another operation may differ in the last bit. */
  async snapshot(): Promise<Snapshot> {
    return {
      position: await this.#ensemble.readVectors(this.position),
      gradient: await this.#ensemble.readVectors(this.gradient),
      loss: this.loss.slice(),
      potential: this.potential.slice(),
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    const { numChains, dim } = this.#ensemble;
    this.#ensemble.writeVectors(this.position, arrayIn(snapshot, "position", numChains * dim));
    this.#ensemble.writeVectors(this.gradient, arrayIn(snapshot, "gradient", numChains * dim));
    this.loss = arrayIn(snapshot, "loss", numChains);
    this.potential = arrayIn(snapshot, "potential", numChains);
  }

  /** Draws momenta and follows the trajectory from `position`; leaves the end in the buffers. */
  async #propose({ stepSize, numSteps, momentum }: Trajectory): Promise<Proposal> {
    const ensemble = this.#ensemble;
    const end = this.#end;
    this.drawMomentum(momentum, end.momentum);
    const kineticBefore = await this.#kineticEnergy();
    ensemble.copy(this.position, end.position);
    ensemble.copy(this.gradient, end.gradient);
    this.#writeStepSize(stepSize);
    ensemble.leapfrog(end, { stepSize: this.#stepSize, numSteps });
    const kineticAfter = await this.#kineticEnergy();
    const loss = await ensemble.readScalars(end.loss);
    const potential = await ensemble.readScalars(end.potential);
    const energy = kineticBefore.map((kinetic, chain) => this.potential[chain] + kinetic);
    const energyError = energy.map((_, chain) => {
      const error = potential[chain] - this.potential[chain] + (kineticAfter[chain] - kineticBefore[chain]);
      return Number.isFinite(error) ? error : Number.POSITIVE_INFINITY;
    });
    return { energy, energyError, loss, potential };
  }

  #writeStepSize(stepSize: number | Float64Array): void {
    if (stepSize === this.#writtenStepSize) return;
    const { numChains } = this.#ensemble;
    const stepSizes = typeof stepSize === "number" ? new Float64Array(numChains).fill(stepSize) : stepSize;
    this.#ensemble.writeScalars(this.#stepSize, stepSizes);
    this.#writtenStepSize = typeof stepSize === "number" ? stepSize : Number.NaN;
  }

  /** ½·Σ V_i p_i² of the momenta in the buffer, one entry a chain. */
  async #kineticEnergy(): Promise<Float64Array> {
    const { momentum, inverseMass } = this.#end;
    this.#ensemble.weightedDot(inverseMass, momentum, momentum, this.#kinetic);
    return (await this.#ensemble.readScalars(this.#kinetic)).map((sum) => sum / 2);
  }
}
