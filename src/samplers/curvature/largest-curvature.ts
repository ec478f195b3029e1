/**
 * Largest curvature of the potential at given positions: power iteration on √P(nβH + γ)√P, one position a chain, with
 * products of the Hessian by central differences of full gradients.
 *
 * A lower bound, within some per cent where one direction is stiffest and within what the directions differ where many are
 * alike. Chains do not see each other. Source: Golub & Van Loan (2013), section 7.3.1.
 */
import type { Scalars, Vectors } from "../../compute/backend.ts";
import { purpose } from "../../random/purpose.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior } from "../sampler.ts";

/** Where to look, and through what. */
export interface CurvatureProbe {
  /** (numChains, dim); not changed. */
  readonly positions: Float64Array;
  /** P, (numChains, dim), not changed; absent: 1. */
  readonly preconditioner?: Float64Array;
  /** Random step of the directions that the iteration begins with. Default 0. */
  readonly step?: number;
}

const numIterations = 8;
/** Half the distance of the differences, in units of max(1, ‖w‖): suits float32 gradients too. */
const relativeDistance = 1e-3;

const rowNorms = (values: Float64Array, dim: number): Float64Array =>
  Float64Array.from({ length: values.length / dim }, (_, chain) => {
    let sum = 0;
    for (let i = chain * dim; i < (chain + 1) * dim; i++) sum += values[i] * values[i];
    return Math.sqrt(sum);
  });

/** Scales each row to its length; rows of length 0 or NaN stay. Returns the old lengths. */
const rescaleRows = (values: Float64Array, lengths: Float64Array): Float64Array => {
  const dim = values.length / lengths.length;
  const norms = rowNorms(values, dim);
  norms.forEach((norm, chain) => {
    if (!(norm > 0)) return;
    for (let i = chain * dim; i < (chain + 1) * dim; i++) values[i] *= lengths[chain] / norm;
  });
  return norms;
};

/** Owns its device arrays. A call costs 16 full gradients of every chain. */
export class LargestCurvature {
  readonly #posterior: Posterior;
  readonly #counter: WorkCounter;
  readonly #position: Vectors;
  readonly #gradient: Vectors;
  readonly #loss: Scalars;

  constructor(posterior: Posterior, counter: WorkCounter) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#counter = counter;
    this.#position = ensemble.vectors();
    this.#gradient = ensemble.vectors();
    this.#loss = ensemble.scalars();
  }

  /** Largest |eigenvalue| of each chain; NaN or ∞ where its position, its P or a gradient near it is not finite. */
  async of(probe: CurvatureProbe): Promise<Float64Array> {
    const { ensemble, nBeta, gamma } = this.#posterior;
    const unit = new Float64Array(ensemble.numChains).fill(1);
    const root = probe.preconditioner?.map(Math.sqrt) ?? null;
    const scale = (i: number): number => root?.[i] ?? 1;
    ensemble.normal({ purpose: purpose.probe, step: probe.step ?? 0 }, this.#position);
    let direction: Float64Array = await ensemble.readVectors(this.#position);
    rescaleRows(direction, unit);
    let norms: Float64Array = unit;
    for (let k = 0; k < numIterations; k++) {
      const scaled = direction.map((u, i) => u * scale(i));
      const product = await this.#hessianTimes(scaled, probe.positions);
      direction = product.map((h, i) => scale(i) * (nBeta * h + gamma * scaled[i]));
      norms = rescaleRows(direction, unit);
    }
    return norms;
  }

  async #hessianTimes(x: Float64Array, positions: Float64Array): Promise<Float64Array> {
    const { dim } = this.#posterior.ensemble;
    const distances = rowNorms(positions, dim).map((norm) => relativeDistance * Math.max(1, norm));
    const offset = x.slice();
    const norms = rescaleRows(offset, distances);
    const ahead = await this.#gradientAt(positions.map((value, i) => value + offset[i]));
    const behind = await this.#gradientAt(positions.map((value, i) => value - offset[i]));
    return ahead.map((g, i) => {
      const chain = Math.floor(i / dim);
      return ((g - behind[i]) / (2 * distances[chain])) * norms[chain];
    });
  }

  /** ∇L_n, (numChains, dim). */
  async #gradientAt(positions: Float64Array): Promise<Float64Array> {
    const { ensemble } = this.#posterior;
    ensemble.writeVectors(this.#position, positions);
    ensemble.lossAndGradient(this.#position, this.#loss, this.#gradient);
    this.#counter.addGradients(1);
    return ensemble.readVectors(this.#gradient);
  }
}

/** Greatest of the finite values; NaN if there is none. */
export const greatestFinite = (values: Float64Array): number =>
  values.reduce((high, value) => (Number.isFinite(value) && !(value <= high) ? value : high), Number.NaN);
