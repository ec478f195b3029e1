/**
 * A Gaussian N(0, P⁻¹) over displacements whose precision P is known by its axes: p_j along orthonormal directions q_j
 * (or along the coordinates), and one number p_⊥ everywhere else.
 *
 * With the symmetric root P^{−1/2} and noise ε ~ N(0, I): v = P^{−1/2}ε = ε/√p_⊥ + Σ_j (1/√p_j − 1/√p_⊥)(q_j·ε)q_j, so
 * that vᵀPv = |ε|² and log q(v) = ½ log det P − (d/2) log 2π − ½|ε|². O(dim · number of directions).
 */

/** p_j and p_⊥. */
export interface PrecisionAxes {
  /** q_j, orthonormal, shape (dim) each; null: the coordinates. */
  readonly directions: readonly Float64Array[] | null;
  /** p_j > 0, one a direction. */
  readonly precisions: Float64Array;
  /** p_⊥ > 0; of no meaning where the directions are all there are. */
  readonly restPrecision: number;
}

/** See the header. */
export class CurvedGaussian {
  readonly #axes: PrecisionAxes;
  readonly #dim: number;
  readonly #logDeterminant: number;

  constructor(dim: number, axes: PrecisionAxes) {
    const rest = dim - axes.precisions.length;
    this.#axes = axes;
    this.#dim = dim;
    this.#logDeterminant = axes.precisions.reduce(
      (sum, p) => sum + Math.log(p),
      rest > 0 ? rest * Math.log(axes.restPrecision) : 0,
    );
  }

  /** v of a standard normal ε, shape (dim); `out` may not be `noise`. @returns log q(v), nats. */
  displace(noise: Float64Array, out: Float64Array): number {
    const { directions } = this.#axes;
    if (directions === null) this.#scale(noise, out);
    else this.#turn(noise, out, directions);
    const square = noise.reduce((sum, value) => sum + value * value, 0);
    return 0.5 * (this.#logDeterminant - this.#dim * Math.log(2 * Math.PI) - square);
  }

  #scale(noise: Float64Array, out: Float64Array): void {
    for (let i = 0; i < out.length; i++) out[i] = noise[i] / Math.sqrt(this.#axes.precisions[i]);
  }

  #turn(noise: Float64Array, out: Float64Array, directions: readonly Float64Array[]): void {
    const { precisions, restPrecision } = this.#axes;
    const rest = directions.length < this.#dim ? 1 / Math.sqrt(restPrecision) : 0;
    for (let i = 0; i < out.length; i++) out[i] = rest * noise[i];
    directions.forEach((direction, j) => {
      let along = 0;
      for (let i = 0; i < out.length; i++) along += direction[i] * noise[i];
      const gain = (1 / Math.sqrt(precisions[j]) - rest) * along;
      for (let i = 0; i < out.length; i++) out[i] += gain * direction[i];
    });
  }
}
