/**
 * Products of the loss's Hessian at w* with vectors, by central differences of full gradients: one vector a chain.
 *
 * ∇²L(w*)·x = |x|·(∇L(w* + δx/|x|) − ∇L(w* − δx/|x|))/(2δ) + O(δ²). Exact on quadratics up to rounding.
 */
import type { Scalars, Vectors } from "../../compute/backend.ts";
import { centerPositions } from "../chains/start-positions.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior } from "../sampler.ts";

/** δ where none is given: truncation and rounding of the gradients are then both small. */
const defaultStep = { float64: 1e-4, float32: 1e-2 } as const;

/** Buffers and step of the differences. */
export class HessianProducts {
  readonly #posterior: Posterior;
  readonly #counter: WorkCounter;
  readonly #step: number;
  readonly #position: Vectors;
  readonly #gradient: Vectors;
  readonly #loss: Scalars;

  /** @param step δ, the distance from w*; null: 1e-4, in float32 1e-2. */
  constructor(posterior: Posterior, counter: WorkCounter, step: number | null) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#counter = counter;
    this.#step = step ?? defaultStep[ensemble.precision];
    this.#position = ensemble.vectors();
    this.#gradient = ensemble.vectors();
    this.#loss = ensemble.scalars();
  }

  /** Hx of at most `numChains` vectors, shape (dim) each: two full gradients of every chain. 0 for x = 0. */
  async of(vectors: readonly Float64Array[]): Promise<Float64Array[]> {
    const { dim } = this.#posterior.ensemble;
    const lengths = vectors.map((x) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0)));
    const ahead = await this.#gradientsAt(vectors, lengths, this.#step);
    const behind = await this.#gradientsAt(vectors, lengths, -this.#step);
    return lengths.map((length, row) => {
      const product = new Float64Array(dim);
      const factor = length / (2 * this.#step);
      for (let i = 0; i < dim; i++) product[i] = factor * (ahead[row * dim + i] - behind[row * dim + i]);
      return product;
    });
  }

  async #gradientsAt(
    vectors: readonly Float64Array[],
    lengths: readonly number[],
    step: number,
  ): Promise<Float64Array> {
    const { ensemble } = this.#posterior;
    const positions = centerPositions(this.#posterior);
    vectors.forEach((x, row) => {
      if (lengths[row] === 0) return;
      const start = row * ensemble.dim;
      for (let i = 0; i < ensemble.dim; i++) positions[start + i] += (step * x[i]) / lengths[row];
    });
    ensemble.writeVectors(this.#position, positions);
    ensemble.lossAndGradient(this.#position, this.#loss, this.#gradient);
    this.#counter.addGradients(1);
    return ensemble.readVectors(this.#gradient);
  }
}
