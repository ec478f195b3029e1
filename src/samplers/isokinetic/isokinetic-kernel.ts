/**
 * One Metropolis-corrected isokinetic trajectory of every chain: the kernel of `amclmc`.
 *
 * A direction uniform on the sphere, N deterministic isokinetic steps (no Langevin noise), and the test min(1, e^{−W}) with
 * W = ΣΔK + U(w') − U(w), the sum of the steps' energy errors. The map is reversible and W is minus the log of its volume
 * ratio times the densities', so the posterior is kept exactly. A chain with a step that was not finite is refused.
 *
 * A climb of more than 30 + 10·d nats is refused as well. In exact arithmetic it happens with probability e^{−30} or less
 * (a direction would have to point uphill that precisely); in floating point a step so long that u and −∇U/|∇U| agree to
 * the last bit loses the term of ΔK that refuses it, and would be accepted however far it went.
 * Source: Robnik, Cohn-Gordon & Seljak (2025), "Metropolis adjusted microcanonical Hamiltonian Monte Carlo".
 * Invariant: position, gradient, loss and potential belong together.
 */
import type { Ensemble, IsokineticState, RandomAddress, Vectors } from "../../compute/backend.ts";
import { purpose } from "../../random/purpose.ts";
import { CenterDistance } from "../chains/center-distance.ts";
import { arrayIn } from "../chains/snapshot-fields.ts";
import { startPositions } from "../chains/start-positions.ts";
import { divergenceThreshold } from "../hamiltonian/hamiltonian-kernel.ts";
import { acceptanceRates, acceptedChains } from "../metropolis/metropolis.ts";
import type { Posterior, Snapshot } from "../sampler.ts";
import type { IsokineticIntegrator } from "./isokinetic.ts";

/** How to make one proposal. */
export interface IsokineticTrajectory {
  readonly stepSize: number;
  readonly numSteps: number;
  /** Where the normals of the direction are. */
  readonly direction: RandomAddress;
}

/** Outcome of a trajectory, one entry a chain. */
export interface IsokineticTransition {
  readonly acceptanceRate: Float64Array;
  /** W, nats; +∞ where a step was not finite. */
  readonly energyError: Float64Array;
  /** |W| > 1000, or not finite. */
  readonly isDivergent: Uint8Array;
}

/** Positions of all chains, their derivatives and the buffers of a trajectory. Owns its device arrays. */
export class IsokineticKernel {
  /** Shape (numChains, dim). */
  readonly position: Vectors;
  /** L_n and U at `position`, one entry a chain. */
  loss: Float64Array;
  potential: Float64Array;
  readonly #posterior: Posterior;
  readonly #ensemble: Ensemble;
  readonly #integrator: IsokineticIntegrator;
  readonly #gradient: Vectors;
  readonly #distance: CenterDistance;
  readonly #end: IsokineticState;
  readonly #noise: Vectors;
  readonly #zero: Vectors;

  /** Chains at their starts; V = 1 until `setInverseMass`. */
  constructor(posterior: Posterior, integrator: IsokineticIntegrator) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#ensemble = ensemble;
    this.#integrator = integrator;
    this.position = startPositions(posterior);
    this.#gradient = ensemble.vectors();
    this.#distance = new CenterDistance(posterior);
    this.loss = new Float64Array(ensemble.numChains);
    this.potential = new Float64Array(ensemble.numChains);
    this.#end = {
      position: ensemble.vectors(),
      direction: ensemble.vectors(),
      gradient: ensemble.vectors(),
      scale: ensemble.row(),
      loss: ensemble.scalars(),
      potential: ensemble.scalars(),
    };
    this.#noise = ensemble.vectors();
    this.#zero = ensemble.vectors();
    ensemble.writeVectors(this.#zero, new Float64Array(ensemble.numChains * ensemble.dim));
    this.setInverseMass(new Float64Array(ensemble.dim).fill(1));
  }

  /** ‖w − w*‖ of each chain. */
  distance(): Promise<Float64Array> {
    return this.#distance.at(this.position);
  }

  /** @param inverseMass V, shape (dim), all > 0: coordinates are scaled by √V. Not kept. */
  setInverseMass(inverseMass: Float64Array): void {
    this.#ensemble.writeRow(this.#end.scale, inverseMass.map(Math.sqrt));
  }

  /** Computes loss, potential and gradient at `position`: one gradient. */
  async evaluate(): Promise<void> {
    const { loss, potential } = this.#end;
    this.#ensemble.potentialAndGradient(this.position, { loss, gradient: this.#gradient, potential });
    this.loss = await this.#ensemble.readScalars(loss);
    this.potential = await this.#ensemble.readScalars(potential);
  }

  /** Acceptance probabilities of a trajectory that is then forgotten. */
  async probe(trajectory: IsokineticTrajectory): Promise<Float64Array> {
    return acceptanceRates(await this.#propose(trajectory));
  }

  /** Moves every chain by one transition. @param step names the uniforms of the acceptance. */
  async transition(trajectory: IsokineticTrajectory, step: number): Promise<IsokineticTransition> {
    const ensemble = this.#ensemble;
    const energyError = await this.#propose(trajectory);
    const acceptanceRate = acceptanceRates(energyError);
    const isAccepted = acceptedChains(this.#posterior, acceptanceRate, step);
    ensemble.select(isAccepted, this.#end.position, this.position);
    ensemble.select(isAccepted, this.#end.gradient, this.#gradient);
    const loss = await ensemble.readScalars(this.#end.loss);
    const potential = await ensemble.readScalars(this.#end.potential);
    for (let chain = 0; chain < isAccepted.length; chain++) {
      if (isAccepted[chain] === 0) continue;
      this.loss[chain] = loss[chain];
      this.potential[chain] = potential[chain];
    }
    const isDivergent = Uint8Array.from(energyError, (error) =>
      Math.abs(error) > divergenceThreshold ? 1 : 0,
    );
    return { acceptanceRate, energyError, isDivergent };
  }

  /** Follows the trajectory from `position`; leaves its end in the buffers. @returns W. */
  async #propose({ stepSize, numSteps, direction }: IsokineticTrajectory): Promise<Float64Array> {
    const ensemble = this.#ensemble;
    const end = this.#end;
    await this.#drawDirections(direction);
    ensemble.copy(this.position, end.position);
    ensemble.copy(this.#gradient, end.gradient);
    ensemble.writeScalars(end.loss, this.loss);
    ensemble.writeScalars(end.potential, this.potential);
    const { energyError, isBad } = await ensemble.isokinetic(end, {
      integrator: this.#integrator,
      stepSize,
      decoherenceLength: Number.POSITIVE_INFINITY,
      numSteps,
      // Never drawn from: nothing is refreshed, and a chain with a bad step is refused.
      noise: { purpose: purpose.directionRefresh, step: 0 },
      badStepPurpose: purpose.badStepDirection,
    });
    const potential = await ensemble.readScalars(end.potential);
    const mostClimb = 30 + 10 * ensemble.dim;
    const total = Float64Array.from(potential, (value, chain) =>
      value - this.potential[chain] > mostClimb ? Number.POSITIVE_INFINITY : 0,
    );
    energyError.forEach((error, at) => {
      total[at % total.length] += isBad[at] === 0 ? error : Number.POSITIVE_INFINITY;
    });
    return total;
  }

  /** Uniform unit vectors: normals divided by their length. */
  async #drawDirections(address: RandomAddress): Promise<void> {
    const ensemble = this.#ensemble;
    const { direction, loss: square } = this.#end;
    ensemble.normal(address, this.#noise);
    ensemble.dot(this.#noise, this.#noise, square);
    const inverse = (await ensemble.readScalars(square)).map((sum) => 1 / Math.sqrt(sum));
    ensemble.copy(this.#zero, direction);
    ensemble.axpy(inverse, this.#noise, direction);
  }

  async snapshot(): Promise<Snapshot> {
    return {
      position: await this.#ensemble.readVectors(this.position),
      gradient: await this.#ensemble.readVectors(this.#gradient),
      loss: this.loss.slice(),
      potential: this.potential.slice(),
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    const { numChains, dim } = this.#ensemble;
    this.#ensemble.writeVectors(this.position, arrayIn(snapshot, "position", numChains * dim));
    this.#ensemble.writeVectors(this.#gradient, arrayIn(snapshot, "gradient", numChains * dim));
    this.loss = arrayIn(snapshot, "loss", numChains);
    this.potential = arrayIn(snapshot, "potential", numChains);
  }
}
