/**
 * Proposals of `lmh` and the test that they must pass: Gaussian noise around a drift map G(w), or around w itself.
 *
 * −log of the acceptance ratio, in nats: U(w') − U(w) + ‖w − G(w')‖²/(2s²) − ‖w' − G(w)‖²/(2s²); without the last two
 * terms for a walk. Cost of a Langevin proposal with all data: k gradients at w' (and one at w after a walk), k − 1 more
 * at w; with minibatches 2k of them and a loss. A walk costs a loss.
 * Invariant: position, loss, potential and (where `hasGradient`) gradient belong together.
 */
import type { Ensemble, RandomAddress, Scalars, Vectors } from "../../compute/backend.ts";
import { CenterDistance } from "../chains/center-distance.ts";
import { type Evaluated, PotentialEvaluation } from "../chains/potential-evaluation.ts";
import { arrayIn, booleanIn } from "../chains/snapshot-fields.ts";
import { requireFiniteStart, startPositions } from "../chains/start-positions.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import { DriftMap, type DriftSettings } from "../langevin/drift-map.ts";
import type { Posterior, Snapshot } from "../sampler.ts";
import { acceptanceRates, acceptedChains } from "./metropolis.ts";

export type Branch = "langevin" | "walk";

/** How to make a proposal for every chain. */
export interface ProposalRequest {
  readonly branch: Branch;
  /** s, standard deviation of the noise. */
  readonly stepSize: number;
  /** η, step of the drift on U. */
  readonly rate: number;
  readonly noise: RandomAddress;
  /** Picks the minibatches of the drift. */
  readonly transition: number;
}

/** Outcome of a transition or trial, one entry a chain. */
export interface ProposalInfo {
  readonly acceptanceRate: Float64Array;
  /** −log of the acceptance ratio, nats; +∞ where it is not finite. */
  readonly energyError: Float64Array;
}

/** Positions of all chains and the buffers of a proposal. Owns its device arrays. */
export class LmhKernel {
  readonly #posterior: Posterior;
  readonly #ensemble: Ensemble;
  readonly #counter: WorkCounter;
  readonly #usesAllData: boolean;
  readonly #drift: DriftMap;
  readonly #evaluation: PotentialEvaluation;
  readonly #distance: CenterDistance;
  readonly #position: Vectors;
  readonly #gradient: Vectors;
  readonly #proposal: Vectors;
  readonly #proposalGradient: Vectors;
  readonly #mean: Vectors;
  readonly #reverseMean: Vectors;
  readonly #scratch: Vectors;
  readonly #scalars: { readonly loss: Scalars; readonly potential: Scalars; readonly square: Scalars };
  #present: Evaluated;
  /** Whether `#gradient` is ∇U at the present positions; a walk leaves it behind. */
  #hasGradient = false;

  constructor(posterior: Posterior, settings: DriftSettings, counter: WorkCounter) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#ensemble = ensemble;
    this.#counter = counter;
    this.#usesAllData = settings.batchSize === null;
    this.#drift = new DriftMap(posterior, settings, counter);
    this.#evaluation = new PotentialEvaluation(posterior);
    this.#distance = new CenterDistance(posterior);
    this.#position = startPositions(posterior);
    this.#gradient = ensemble.vectors();
    this.#proposal = ensemble.vectors();
    this.#proposalGradient = ensemble.vectors();
    this.#mean = ensemble.vectors();
    this.#reverseMean = ensemble.vectors();
    this.#scratch = ensemble.vectors();
    this.#scalars = { loss: ensemble.scalars(), potential: ensemble.scalars(), square: ensemble.scalars() };
    const { numChains } = ensemble;
    this.#present = { loss: new Float64Array(numChains), potential: new Float64Array(numChains) };
  }

  /** L_n of each chain. */
  get loss(): Float64Array {
    return this.#present.loss;
  }

  /** ‖w − w*‖ of each chain. */
  distance(): Promise<Float64Array> {
    return this.#distance.at(this.#position);
  }

  /** Losses at the starts. @throws NUMERICS if one is not finite. */
  async begin(): Promise<void> {
    this.#present = await this.#evaluateLoss(this.#position);
    requireFiniteStart(this.#present.potential, this.#posterior.startScale);
  }

  /** A proposal that is then forgotten. */
  async probe(request: ProposalRequest): Promise<ProposalInfo> {
    const { energyError } = await this.#propose(request);
    return { energyError, acceptanceRate: acceptanceRates(energyError) };
  }

  /** Moves every chain by one transition; `request.transition` names the uniforms of the acceptance. */
  async transition(request: ProposalRequest): Promise<ProposalInfo> {
    const { energyError, proposed } = await this.#propose(request);
    const acceptanceRate = acceptanceRates(energyError);
    const isAccepted = acceptedChains(this.#posterior, acceptanceRate, request.transition);
    this.#ensemble.select(isAccepted, this.#proposal, this.#position);
    if (request.branch === "langevin" && this.#usesAllData) {
      this.#ensemble.select(isAccepted, this.#proposalGradient, this.#gradient);
    } else if (isAccepted.includes(1)) {
      this.#hasGradient = false;
    }
    for (let chain = 0; chain < isAccepted.length; chain++) {
      if (isAccepted[chain] === 0) continue;
      this.#present.loss[chain] = proposed.loss[chain];
      this.#present.potential[chain] = proposed.potential[chain];
    }
    return { acceptanceRate, energyError };
  }

  /** Leaves w' in its buffer. */
  async #propose(request: ProposalRequest): Promise<{ energyError: Float64Array; proposed: Evaluated }> {
    const ensemble = this.#ensemble;
    const isWalk = request.branch === "walk";
    const center = isWalk ? this.#position : await this.#driftForward(request);
    ensemble.normal(request.noise, this.#scratch);
    ensemble.copy(center, this.#proposal);
    ensemble.axpy(this.#all(request.stepSize), this.#scratch, this.#proposal);
    const proposed =
      isWalk || !this.#usesAllData
        ? await this.#evaluateLoss(this.#proposal)
        : await this.#evaluateGradient(this.#proposal, this.#proposalGradient);
    const asymmetry = isWalk ? this.#all(0) : await this.#asymmetry(request);
    const energyError = proposed.potential.map((potential, chain) => {
      const error = potential - this.#present.potential[chain] + asymmetry[chain];
      return Number.isFinite(error) ? error : Number.POSITIVE_INFINITY;
    });
    return { energyError, proposed };
  }

  /** G(w), with ∇U(w) made if it is needed and not known. */
  async #driftForward({ rate, transition }: ProposalRequest): Promise<Vectors> {
    if (this.#usesAllData && !this.#hasGradient) {
      await this.#evaluateGradient(this.#position, this.#gradient);
      this.#hasGradient = true;
    }
    const [from, gradient] = [this.#position, this.#gradient];
    this.#drift.apply({ from, into: this.#mean, gradient, rate, transition });
    return this.#mean;
  }

  /** ‖w − G(w')‖²/(2s²) − ‖w' − G(w)‖²/(2s²), one entry a chain. */
  async #asymmetry({ stepSize, rate, transition }: ProposalRequest): Promise<Float64Array> {
    const [from, gradient] = [this.#proposal, this.#proposalGradient];
    this.#drift.apply({ from, into: this.#reverseMean, gradient, rate, transition });
    const backward = await this.#squaredDistance(this.#position, this.#reverseMean);
    const forward = await this.#squaredDistance(this.#proposal, this.#mean);
    return backward.map((square, chain) => (square - forward[chain]) / (2 * stepSize ** 2));
  }

  async #squaredDistance(a: Vectors, b: Vectors): Promise<Float64Array> {
    const { square } = this.#scalars;
    this.#ensemble.copy(a, this.#scratch);
    this.#ensemble.axpy(this.#all(-1), b, this.#scratch);
    this.#ensemble.dot(this.#scratch, this.#scratch, square);
    return this.#ensemble.readScalars(square);
  }

  async #evaluateGradient(position: Vectors, gradient: Vectors): Promise<Evaluated> {
    const { loss, potential } = this.#scalars;
    this.#ensemble.potentialAndGradient(position, { loss, gradient, potential });
    this.#counter.addGradients(1);
    return {
      loss: await this.#ensemble.readScalars(loss),
      potential: await this.#ensemble.readScalars(potential),
    };
  }

  async #evaluateLoss(position: Vectors): Promise<Evaluated> {
    this.#counter.addLosses(1);
    return this.#evaluation.at(position);
  }

  #all(value: number): Float64Array {
    return new Float64Array(this.#ensemble.numChains).fill(value);
  }

  async snapshot(): Promise<Snapshot> {
    return {
      hasGradient: this.#hasGradient,
      position: await this.#ensemble.readVectors(this.#position),
      gradient: await this.#ensemble.readVectors(this.#gradient),
      loss: this.#present.loss.slice(),
      potential: this.#present.potential.slice(),
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    const { numChains, dim } = this.#ensemble;
    this.#hasGradient = booleanIn(snapshot, "hasGradient");
    this.#ensemble.writeVectors(this.#position, arrayIn(snapshot, "position", numChains * dim));
    this.#ensemble.writeVectors(this.#gradient, arrayIn(snapshot, "gradient", numChains * dim));
    this.#present = {
      loss: arrayIn(snapshot, "loss", numChains),
      potential: arrayIn(snapshot, "potential", numChains),
    };
  }
}
