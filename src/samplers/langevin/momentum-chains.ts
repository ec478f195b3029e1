/**
 * Chains with momentum driven by stochastic gradients: the dynamics of `sghmc` and `sgnht`, of unit mass, from plain
 * operations of the ensemble.
 *
 * One step: w ← w + εp; g = ∇L of a minibatch at w; p ← (1 − ξε)p − ε(nβ·g + γ(w − w*)) + σz. SGHMC: ξ = α always,
 * σ² = ε(2α − εβ̂). SGNHT: σ² = 2αε, and the thermostat follows, ξ ← ξ + ε(|p|²/d − 1), so that noise of the gradient is
 * taken out again. `friction` is εα.
 * Source: Chen, Fox & Guestrin (2014); Ding et al. (2014).
 */
import type { Ensemble, LossAndGradient, Scalars, Vectors } from "../../compute/backend.ts";
import { purpose } from "../../random/purpose.ts";
import { CenterDistance } from "../chains/center-distance.ts";
import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import { centerPositions, startPositions } from "../chains/start-positions.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior, Snapshot } from "../sampler.ts";

/** Constants of one step. */
export interface MomentumDynamics {
  /** ε */
  readonly stepSize: number;
  /** εα, in (0, 1]. */
  readonly friction: number;
  /** β̂; 0 with a thermostat. */
  readonly noiseEstimate: number;
  readonly hasThermostat: boolean;
  /** 0: all data. */
  readonly batchSize: number;
}

/** Mutable state of all chains. Owns its device arrays. */
export class MomentumChains {
  /** εξ of each chain: the friction in force. */
  readonly friction: Float64Array;
  readonly #posterior: Posterior;
  readonly #ensemble: Ensemble;
  readonly #counter: WorkCounter;
  /** w, for reading. */
  readonly position: Vectors;
  readonly #momentum: Vectors;
  readonly #center: Vectors;
  readonly #distance: CenterDistance;
  readonly #buffer: Vectors;
  readonly #batch: LossAndGradient;
  readonly #square: Scalars;
  #stepsDone = 0;

  /** @param friction εα, where every thermostat begins. */
  constructor(posterior: Posterior, counter: WorkCounter, friction: number) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#ensemble = ensemble;
    this.#counter = counter;
    this.friction = new Float64Array(ensemble.numChains).fill(friction);
    this.position = startPositions(posterior);
    this.#momentum = ensemble.vectors();
    this.#center = ensemble.vectors();
    this.#distance = new CenterDistance(posterior);
    this.#buffer = ensemble.vectors();
    this.#batch = { loss: ensemble.scalars(), gradient: ensemble.vectors() };
    this.#square = ensemble.scalars();
    ensemble.writeVectors(this.#center, centerPositions(posterior));
    ensemble.normal({ purpose: purpose.momentum, step: 0 }, this.#momentum);
  }

  get stepsDone(): number {
    return this.#stepsDone;
  }

  /** One step of every chain. */
  async step(dynamics: MomentumDynamics): Promise<void> {
    const ensemble = this.#ensemble;
    const { stepSize, hasThermostat } = dynamics;
    ensemble.axpy(this.#all(stepSize), this.#momentum, this.position);
    this.#gradient(dynamics);
    this.#kick(dynamics);
    if (hasThermostat) await this.#turnThermostats(stepSize);
    this.#stepsDone += 1;
  }

  /** ‖w − w*‖ of each chain. */
  distance(): Promise<Float64Array> {
    return this.#distance.at(this.position);
  }

  /** L_n over all data. */
  async losses(): Promise<Float64Array> {
    this.#ensemble.loss(this.position, this.#batch.loss);
    this.#counter.addLosses(1);
    return this.#ensemble.readScalars(this.#batch.loss);
  }

  #gradient({ batchSize }: MomentumDynamics): void {
    const { loss, gradient } = this.#batch;
    if (batchSize === 0) {
      this.#ensemble.lossAndGradient(this.position, loss, gradient);
      this.#counter.addGradients(1);
      return;
    }
    this.#ensemble.minibatchLossAndGradient(this.position, { batchSize, step: this.#stepsDone }, this.#batch);
    this.#counter.addGradients(1, batchSize);
  }

  /** The momentum's part of a step; the gradient is in its buffer. */
  #kick({ stepSize, friction, noiseEstimate }: MomentumDynamics): void {
    const ensemble = this.#ensemble;
    const { nBeta, gamma } = this.#posterior;
    const sigma = Math.sqrt(2 * friction - stepSize * stepSize * noiseEstimate);
    ensemble.copy(this.#momentum, this.#buffer);
    ensemble.axpy(
      this.friction.map((lost) => -lost),
      this.#buffer,
      this.#momentum,
    );
    ensemble.axpy(this.#all(-stepSize * nBeta), this.#batch.gradient, this.#momentum);
    if (gamma > 0) {
      ensemble.copy(this.position, this.#buffer);
      ensemble.axpy(this.#all(-1), this.#center, this.#buffer);
      ensemble.axpy(this.#all(-stepSize * gamma), this.#buffer, this.#momentum);
    }
    ensemble.normal({ purpose: purpose.langevinNoise, step: this.#stepsDone }, this.#buffer);
    ensemble.axpy(this.#all(sigma), this.#buffer, this.#momentum);
  }

  /** εξ ← εξ + ε²(|p|²/d − 1). */
  async #turnThermostats(stepSize: number): Promise<void> {
    this.#ensemble.dot(this.#momentum, this.#momentum, this.#square);
    const squares = await this.#ensemble.readScalars(this.#square);
    squares.forEach((square, chain) => {
      this.friction[chain] += stepSize * stepSize * (square / this.#ensemble.dim - 1);
    });
  }

  #all(value: number): Float64Array {
    return new Float64Array(this.#ensemble.numChains).fill(value);
  }

  async snapshot(): Promise<Snapshot> {
    return {
      position: await this.#ensemble.readVectors(this.position),
      momentum: await this.#ensemble.readVectors(this.#momentum),
      friction: this.friction.slice(),
      stepsDone: this.#stepsDone,
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    const { numChains, dim } = this.#ensemble;
    this.#ensemble.writeVectors(this.position, arrayIn(snapshot, "position", numChains * dim));
    this.#ensemble.writeVectors(this.#momentum, arrayIn(snapshot, "momentum", numChains * dim));
    this.friction.set(arrayIn(snapshot, "friction", numChains));
    this.#stepsDone = numberIn(snapshot, "stepsDone");
  }
}
