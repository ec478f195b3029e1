/**
 * Where a flow of k coordinates lives among d: x = Uz + σ_⊥·(I − UUᵀ)ε with orthonormal columns U and ε ~ N(0, I_d), or, for
 * k = d, x = z.
 *
 * Noise is projected onto the complement of U, never drawn in a basis of it, so memory is O(dk). Density of the
 * complement, dimension d − k: −(d − k)(½ log 2π + log σ_⊥) − |x_⊥|²/(2σ_⊥²), x_⊥ = x − UUᵀx.
 */
import { fillNormal } from "../../random/normal.ts";
import type { RandomStream } from "../../random/philox.ts";
import { orthonormalise } from "../variational/small-matrix.ts";
import { addScaled, dot } from "../variational/vi-mixture.ts";

/** Frozen once it is drawn. */
export class LatentSpace {
  /** k. */
  readonly latentDim: number;
  readonly #dim: number;
  readonly #sigma: number;
  /** Columns of U, shape (dim) each; empty for k = d. */
  readonly #columns: readonly Float64Array[];

  /** @param sigma σ_⊥ > 0. */
  constructor(dim: number, latentDim: number, sigma: number) {
    this.latentDim = Math.min(latentDim, dim);
    this.#dim = dim;
    this.#sigma = sigma;
    const numColumns = latentDim < dim ? latentDim : 0;
    this.#columns = Array.from({ length: numColumns }, () => new Float64Array(dim));
  }

  /** True if the complement is not empty. */
  get isSubspace(): boolean {
    return this.latentDim < this.#dim;
  }

  /** Draws U: uniform among orthonormal columns. `stream.step` is that of the first column. */
  begin(stream: RandomStream): void {
    this.#columns.forEach((column, j) => fillNormal({ ...stream, step: (stream.step ?? 0) + j }, column));
    orthonormalise(this.#columns);
  }

  /** x into `out` (which may be `noise`). */
  embed(z: Float64Array, noise: Float64Array, out: Float64Array): void {
    if (!this.isSubspace) {
      out.set(z);
      return;
    }
    const along = this.project(noise);
    for (let i = 0; i < out.length; i++) out[i] = this.#sigma * noise[i];
    this.#columns.forEach((column, j) => addScaled(z[j] - this.#sigma * along[j], column, out));
  }

  /** Uᵀx, shape (k). */
  project(x: Float64Array): Float64Array {
    return this.isSubspace ? Float64Array.from(this.#columns, (column) => dot(column, x)) : x.slice();
  }

  /** log density of x_⊥, nats; 0 for k = d. */
  logDensityOutside(x: Float64Array, z: Float64Array): number {
    if (!this.isSubspace) return 0;
    const rest = x.slice();
    this.#columns.forEach((column, j) => addScaled(-z[j], column, rest));
    const square = dot(rest, rest) / this.#sigma ** 2;
    const missing = this.#dim - this.latentDim;
    return -missing * (0.5 * Math.log(2 * Math.PI) + Math.log(this.#sigma)) - 0.5 * square;
  }
}
