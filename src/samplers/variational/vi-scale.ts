/**
 * Scale s of the coordinates in which a mixture is fitted: where it starts and how fast each coordinate moves.
 *
 * The base is 1/√(mean curvature of U at w*), one number. Whitening multiplies coordinate i by (A_i/Ā)^(−1/2), with
 * A_i² the running mean square (`rmsprop`) or variance (`adam`: less the square of the running mean) of minibatch
 * gradients at w*, pooled over chains, and Ā the geometric mean; the factor is kept in [1/10, 10]. Neither changes the
 * posterior or the family: distances, densities and the localiser are those of w.
 */
import type { Vectors } from "../../compute/backend.ts";
import { purpose } from "../../random/purpose.ts";
import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import { centerPositions } from "../chains/start-positions.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior, Snapshot } from "../sampler.ts";

/** Displacement at which curvature is measured when the run says none. */
const probeScale = 0.01;
const maxFactor = 10;

/**
 * 1/√(tr ∇²U(w*)/d), estimated from one central difference a chain along a random direction (two gradients). The
 * localiser's γ bounds the curvature from below; without it and on flat ground the scale of the starts is returned.
 */
export const baseScale = async (posterior: Posterior, counter: WorkCounter): Promise<number> => {
  const { ensemble, nBeta, gamma, startScale } = posterior;
  const width = startScale > 0 ? startScale : probeScale;
  const direction = ensemble.vectors();
  ensemble.normal({ purpose: purpose.probe, step: 0 }, direction);
  const gradientAt = async (sign: number): Promise<Float64Array> => {
    const position = ensemble.vectors();
    ensemble.writeVectors(position, centerPositions(posterior));
    ensemble.axpy(new Float64Array(ensemble.numChains).fill(sign * width), direction, position);
    const gradient = ensemble.vectors();
    ensemble.lossAndGradient(position, ensemble.scalars(), gradient);
    counter.addGradients(1);
    return ensemble.readVectors(gradient);
  };
  const [ahead, behind] = [await gradientAt(1), await gradientAt(-1)];
  const directions = await ensemble.readVectors(direction);
  let along = 0;
  let square = 0;
  for (let i = 0; i < directions.length; i++) {
    along += (directions[i] * (ahead[i] - behind[i])) / (2 * width);
    square += directions[i] ** 2;
  }
  const curvature = Math.max(gamma, (nBeta * along) / square + gamma);
  return curvature > 0 && Number.isFinite(curvature) ? 1 / Math.sqrt(curvature) : width;
};

/** Running moments of gradients at w*; mutable. */
export class Whitening {
  readonly #mode: "rmsprop" | "adam";
  readonly #decay: number;
  readonly #mean: Float64Array;
  readonly #square: Float64Array;
  #count = 0;

  constructor(dim: number, { mode, decay }: { mode: "rmsprop" | "adam"; decay: number }) {
    this.#mode = mode;
    this.#decay = decay;
    this.#mean = new Float64Array(dim);
    this.#square = new Float64Array(dim);
  }

  /** Takes in one minibatch gradient at w* of each chain, (numChains, dim). */
  async update(posterior: Posterior, gradient: Vectors): Promise<void> {
    const gradients = await posterior.ensemble.readVectors(gradient);
    const dim = this.#mean.length;
    const share = (1 - this.#decay) / (gradients.length / dim);
    for (let i = 0; i < dim; i++) {
      this.#mean[i] *= this.#decay;
      this.#square[i] *= this.#decay;
    }
    for (let at = 0; at < gradients.length; at++) {
      this.#mean[at % dim] += share * gradients[at];
      this.#square[at % dim] += share * gradients[at] ** 2;
    }
    this.#count++;
  }

  /** s, shape (dim), around `base`; all `base` if the gradients were 0 or not finite. */
  scaleAround(base: number): Float64Array {
    const correction = 1 / (1 - this.#decay ** this.#count);
    const squares = this.#square.map((value, i) => {
      const mean = this.#mode === "adam" ? this.#mean[i] * correction : 0;
      return Math.max(0, value * correction - mean * mean);
    });
    const positive = squares.filter((value) => value > 0 && Number.isFinite(value));
    if (positive.length === 0) return squares.fill(base);
    const meanLog = positive.reduce((sum, value) => sum + Math.log(value), 0) / positive.length;
    // (A_i/Ā)^(−1/2) = (A_i²/Ā²)^(−1/4); a coordinate without gradient is the loosest of all.
    return squares.map((value) => {
      const factor = Number.isFinite(value) ? Math.exp(-0.25 * (Math.log(value) - meanLog)) : 1;
      return base * Math.min(maxFactor, Math.max(1 / maxFactor, factor));
    });
  }

  snapshot(): Snapshot {
    return {
      whiteningMean: this.#mean.slice(),
      whiteningSquare: this.#square.slice(),
      whiteningCount: this.#count,
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another dimension. */
  restore(snapshot: Snapshot): void {
    this.#mean.set(arrayIn(snapshot, "whiteningMean", this.#mean.length));
    this.#square.set(arrayIn(snapshot, "whiteningSquare", this.#square.length));
    this.#count = numberIn(snapshot, "whiteningCount");
  }
}
