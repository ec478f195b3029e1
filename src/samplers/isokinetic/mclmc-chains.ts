/**
 * The chains of `mclmc` on the device: positions, directions, gradients and the preconditioner, advanced by the fused
 * isokinetic operation, with their work counted and their state frozen for snapshots.
 */
import type { Ensemble, IsokineticInfo, IsokineticState, Scalars, Vectors } from "../../compute/backend.ts";
import { SweepError } from "../../core/errors.ts";
import { purpose } from "../../random/purpose.ts";
import { CenterDistance } from "../chains/center-distance.ts";
import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import { startPositions } from "../chains/start-positions.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior, Snapshot } from "../sampler.ts";
import { gradientsPerStep, type IsokineticIntegrator, normalise, normOf } from "./isokinetic.ts";

/** Displacement at which curvature is measured when all chains start at w* itself. */
const probeScale = 0.01;

/** One setting for all chains: ε and L, in the units that the preconditioner makes. */
export interface Dynamics {
  readonly stepSize: number;
  readonly decoherenceLength: number;
}

/** What defines a set of chains beside the posterior. */
export interface ChainOptions {
  readonly integrator: IsokineticIntegrator;
  readonly counter: WorkCounter;
}

/** Mutable state of all chains. */
export class MclmcChains {
  /** √V, shape (dim); 1 until `setScale`. */
  scale: Float64Array;
  /** Root mean square curvature of U seen from w* at the start, over directions and chains; 0 if there is none. */
  curvature = 0;
  readonly #posterior: Posterior;
  readonly #ensemble: Ensemble;
  readonly #options: ChainOptions;
  readonly #state: IsokineticState;
  readonly #distance: CenterDistance;
  #stepsDone = 0;

  private constructor(posterior: Posterior, options: ChainOptions) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#ensemble = ensemble;
    this.#options = options;
    this.scale = new Float64Array(ensemble.dim).fill(1);
    this.#distance = new CenterDistance(posterior);
    this.#state = {
      position: startPositions(posterior),
      direction: ensemble.vectors(),
      gradient: ensemble.vectors(),
      scale: ensemble.row(),
      loss: ensemble.scalars(),
      potential: ensemble.scalars(),
    };
  }

  /** Chains at dispersed starts with uniform directions. @throws NUMERICS if a start has no finite potential. */
  static async start(posterior: Posterior, options: ChainOptions): Promise<MclmcChains> {
    const chains = new MclmcChains(posterior, options);
    await chains.#begin();
    return chains;
  }

  async #begin(): Promise<void> {
    const ensemble = this.#ensemble;
    const { position, gradient, loss, potential } = this.#state;
    ensemble.writeRow(this.#state.scale, this.scale);
    ensemble.normal({ purpose: purpose.direction, step: 0 }, this.#state.direction);
    const directions = await ensemble.readVectors(this.#state.direction);
    for (const row of rowsOf(directions, ensemble.dim)) normalise(row);
    ensemble.writeVectors(this.#state.direction, directions);
    ensemble.potentialAndGradient(position, { loss, gradient, potential });
    this.#options.counter.addGradients(1);
    const potentials = await ensemble.readScalars(potential);
    requireFiniteStart(potentials, this.#posterior.startScale);
    this.curvature =
      this.#posterior.startScale > 0
        ? await this.#curvatureAt(position, gradient)
        : await this.#probedCurvature();
  }

  async #probedCurvature(): Promise<number> {
    const ensemble = this.#ensemble;
    const position = startPositions({ ...this.#posterior, startScale: probeScale });
    const out = { loss: ensemble.scalars(), gradient: ensemble.vectors(), potential: ensemble.scalars() };
    ensemble.potentialAndGradient(position, out);
    this.#options.counter.addGradients(1);
    return this.#curvatureAt(position, out.gradient);
  }

  /** |∇U|/|w − w*| averaged over chains; 0 if none says anything. */
  async #curvatureAt(position: Vectors, gradient: Vectors): Promise<number> {
    const { dim } = this.#ensemble;
    const positions = rowsOf(await this.#ensemble.readVectors(position), dim);
    const gradients = rowsOf(await this.#ensemble.readVectors(gradient), dim);
    const ratios = positions.map((row, chain) => {
      const displacement = row.map((value, i) => value - this.#posterior.center[i]);
      return normOf(gradients[chain]) / normOf(displacement);
    });
    const usable = ratios.filter((ratio) => Number.isFinite(ratio) && ratio > 0);
    return usable.length === 0 ? 0 : usable.reduce((sum, ratio) => sum + ratio, 0) / usable.length;
  }

  /** ‖w − w*‖ of each chain. */
  distance(): Promise<Float64Array> {
    return this.#distance.at(this.#state.position);
  }

  /** Does `numSteps` steps of all chains. Entries of the result lie at `[step * numChains + chain]`. */
  advance(numSteps: number, dynamics: Dynamics): Promise<IsokineticInfo> {
    const { integrator, counter } = this.#options;
    const noise = { purpose: purpose.directionRefresh, step: this.#stepsDone };
    this.#stepsDone += numSteps;
    counter.addGradients(numSteps * gradientsPerStep(integrator));
    return this.#ensemble.isokinetic(this.#state, {
      ...dynamics,
      integrator,
      numSteps,
      noise,
      badStepPurpose: purpose.badStepDirection,
    });
  }

  /** w − w* of all chains, shape (numChains, dim), a copy. */
  async readDisplacements(): Promise<Float64Array> {
    const positions = await this.#ensemble.readVectors(this.#state.position);
    for (const row of rowsOf(positions, this.#ensemble.dim)) {
      for (let i = 0; i < row.length; i++) row[i] -= this.#posterior.center[i];
    }
    return positions;
  }

  /** L_n of each chain, float64, a copy. */
  readLosses(): Promise<Float64Array> {
    return this.#ensemble.readScalars(this.#state.loss);
  }

  /** Adopts √V = `scale`, shape (dim), positive; a copy is kept. */
  setScale(scale: Float64Array): void {
    this.scale = scale.slice();
    this.#ensemble.writeRow(this.#state.scale, this.scale);
  }

  async snapshot(): Promise<Snapshot> {
    const { position, direction, gradient, loss, potential } = this.#state;
    const ensemble = this.#ensemble;
    return {
      chainPosition: await ensemble.readVectors(position),
      chainDirection: await ensemble.readVectors(direction),
      chainGradient: await ensemble.readVectors(gradient),
      chainLoss: await ensemble.readScalars(loss),
      chainPotential: await ensemble.readScalars(potential),
      chainScale: this.scale.slice(),
      chainCurvature: this.curvature,
      chainStepsDone: this.#stepsDone,
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    const { position, direction, gradient, loss, potential } = this.#state;
    const { numChains, dim } = this.#ensemble;
    const writeVectors = (name: string, target: Vectors): void =>
      this.#ensemble.writeVectors(target, arrayIn(snapshot, name, numChains * dim));
    const writeScalars = (name: string, target: Scalars): void =>
      this.#ensemble.writeScalars(target, arrayIn(snapshot, name, numChains));
    writeVectors("chainPosition", position);
    writeVectors("chainDirection", direction);
    writeVectors("chainGradient", gradient);
    writeScalars("chainLoss", loss);
    writeScalars("chainPotential", potential);
    this.setScale(arrayIn(snapshot, "chainScale", dim));
    this.curvature = numberIn(snapshot, "chainCurvature");
    this.#stepsDone = numberIn(snapshot, "chainStepsDone");
  }
}

const requireFiniteStart = (potentials: Float64Array, startScale: number): void => {
  if (potentials.every(Number.isFinite)) return;
  throw new SweepError(
    "NUMERICS",
    `the loss is not finite where a chain starts (sampling.start_scale ${startScale}); expected finite losses around w*. Lower sampling.start_scale.`,
  );
};

/** Views of the rows of a row-major array (numRows, dim). */
const rowsOf = (values: Float64Array, dim: number): Float64Array[] =>
  Array.from({ length: values.length / dim }, (_, row) => values.subarray(row * dim, (row + 1) * dim));
