/**
 * Running covariance matrix of all chains together, in float64, and the Cholesky factor that a random walk or a mass
 * matrix needs.
 *
 * Batches are merged as in `welford.ts`, with outer products for squares; matrices are row-major (dim, dim).
 */

import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";
import { choleskyFactor } from "../variational/small-matrix.ts";

/** Most parameters of anything dense: beyond, d² numbers a transition and chain outweigh a loss. */
export const mostDenseParameters = 500;

/** Accumulator; mutable. */
export interface DenseMoments {
  count: number;
  /** μ, shape (dim). */
  readonly mean: Float64Array;
  /** Σ (x − μ)(x − μ)ᵀ, lower triangle of shape (dim, dim). */
  readonly products: Float64Array;
}

/** An empty accumulator. */
export const createDenseMoments = (dim: number): DenseMoments => ({
  count: 0,
  mean: new Float64Array(dim),
  products: new Float64Array(dim * dim),
});

/** Forgets everything. */
export const resetDenseMoments = (into: DenseMoments): void => {
  into.count = 0;
  into.mean.fill(0);
  into.products.fill(0);
};

/** Adds rows (numRows, dim), row-major. NaN stays visible as NaN. */
export const addDenseRows = (into: DenseMoments, rows: Float64Array): void => {
  const { mean, products } = into;
  const dim = mean.length;
  const before = new Float64Array(dim);
  const after = new Float64Array(dim);
  for (let offset = 0; offset < rows.length; offset += dim) {
    into.count += 1;
    for (let i = 0; i < dim; i++) {
      before[i] = rows[offset + i] - mean[i];
      mean[i] += before[i] / into.count;
      after[i] = rows[offset + i] - mean[i];
    }
    for (let i = 0; i < dim; i++) {
      for (let j = 0; j <= i; j++) products[i * dim + j] += before[i] * after[j];
    }
  }
};

/**
 * Lower Cholesky factor of n/(n+5)·S + 5/(n+5)·floor·scale·I, shape (dim, dim), zeros above the diagonal; `scale` is the
 * geometric mean of the positive variances, as in `regularisedVariance`.
 *
 * @returns null if there is nothing to learn from: fewer than two rows, no positive variance, or not positive definite.
 */
export const regularisedFactor = (
  { count, mean, products }: DenseMoments,
  floor: number,
): Float64Array | null => {
  const dim = mean.length;
  const variances = mean.map((_, i) => products[i * dim + i] / (count - 1));
  const positive = variances.filter((value) => value > 0);
  if (count < 2 || positive.length === 0) return null;
  const scale = Math.exp(positive.reduce((sum, value) => sum + Math.log(value), 0) / positive.length);
  const shrink = count / (count + 5) / (count - 1);
  const matrix = products.map((value) => value * shrink);
  for (let i = 0; i < dim; i++) {
    matrix[i * dim + i] += (floor * scale * 5) / (count + 5);
    matrix.fill(0, i * dim + i + 1, (i + 1) * dim);
  }
  return Number.isFinite(choleskyFactor(matrix, dim)) ? matrix : null;
};

/** The accumulator as snapshot entries; `restoreDenseMoments` reads them back. */
export const denseMomentsEntries = ({ count, mean, products }: DenseMoments): Snapshot => ({
  denseCount: count,
  denseMean: mean.slice(),
  denseProducts: products.slice(),
});

/** @throws TRACE_INVALID if an entry is missing or of another dimension. */
export const restoreDenseMoments = (into: DenseMoments, snapshot: Snapshot): void => {
  into.count = numberIn(snapshot, "denseCount");
  into.mean.set(arrayIn(snapshot, "denseMean", into.mean.length));
  into.products.set(arrayIn(snapshot, "denseProducts", into.products.length));
};
