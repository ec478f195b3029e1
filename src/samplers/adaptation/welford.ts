/**
 * Running mean and variance of each coordinate, pooled over chains and draws, in float64.
 *
 * Source: Welford (1962); batches are merged by Chan, Golub & LeVeque (1979): δ = μ_b − μ_a,
 * μ = μ_a + δ·n_b/n, M2 = M2_a + M2_b + δ²·n_a·n_b/n. Regularisation: see `regularisedVariance`.
 */

import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";

/** Accumulator over rows of `dim` numbers; mutable. */
export interface Welford {
  count: number;
  /** μ, shape (dim). */
  readonly mean: Float64Array;
  /** M2 = Σ (x − μ)², shape (dim). */
  readonly sumOfSquares: Float64Array;
}

/** An empty accumulator. */
export const createWelford = (dim: number): Welford => ({
  count: 0,
  mean: new Float64Array(dim),
  sumOfSquares: new Float64Array(dim),
});

/** Forgets everything. */
export const resetWelford = (into: Welford): void => {
  into.count = 0;
  into.mean.fill(0);
  into.sumOfSquares.fill(0);
};

/** Adds the rows of another accumulator to `into`. An empty one changes nothing. */
export const mergeWelford = (into: Welford, other: Welford): void => {
  if (other.count === 0) return;
  const count = into.count + other.count;
  const share = other.count / count;
  const weight = into.count * share;
  for (let i = 0; i < into.mean.length; i++) {
    const delta = other.mean[i] - into.mean[i];
    into.mean[i] += delta * share;
    into.sumOfSquares[i] += other.sumOfSquares[i] + delta * delta * weight;
  }
  into.count = count;
};

/** Adds rows (numRows, dim), row-major: the positions of all chains after one transition. NaN stays visible as NaN. */
export const addRows = (into: Welford, rows: Float64Array): void => {
  const dim = into.mean.length;
  const batch = createWelford(dim);
  batch.count = rows.length / dim;
  for (let offset = 0; offset < rows.length; offset += dim) {
    for (let i = 0; i < dim; i++) batch.mean[i] += rows[offset + i] / batch.count;
  }
  for (let offset = 0; offset < rows.length; offset += dim) {
    for (let i = 0; i < dim; i++) batch.sumOfSquares[i] += (rows[offset + i] - batch.mean[i]) ** 2;
  }
  mergeWelford(into, batch);
};

/** s² with divisor n − 1, shape (dim). NaN if fewer than two rows were added. */
export const sampleVariance = ({ count, sumOfSquares }: Welford): Float64Array =>
  sumOfSquares.map((sum) => (count < 2 ? Number.NaN : sum / (count - 1)));

/**
 * Diagonal inverse mass from s²: V_i = n/(n+5)·s_i² + 5/(n+5)·floor·scale, shape (dim).
 *
 * Stan adds an absolute 1e-3, made for parameters of size 1. Weights of a trained network have posterior standard
 * deviations of 1e-3 and less, where that would drown every s_i². So `floor` (unitless) is relative to `scale`, the
 * geometric mean of the positive s_i²: the rule commutes with a change of units, and unlike the arithmetic mean it
 * is not set by a few flat directions whose variance is 1/γ.
 *
 * @param regularisation `{ floor, scale: 1 }` is Stan's rule; `scale` absent: the geometric mean.
 * @returns null if there is nothing to learn from: fewer than two rows, a non-finite s², or no positive one.
 */
export const regularisedVariance = (
  welford: Welford,
  regularisation: { readonly floor: number; readonly scale?: number },
): Float64Array | null => {
  const { count } = welford;
  const variance = sampleVariance(welford);
  if (count < 2 || !variance.every(Number.isFinite)) return null;
  const positive = variance.filter((value) => value > 0);
  if (positive.length === 0) return null;
  const scale =
    regularisation.scale ??
    Math.exp(positive.reduce((sum, value) => sum + Math.log(value), 0) / positive.length);
  const floor = (regularisation.floor * scale * 5) / (count + 5);
  const result = variance.map((value) => (count / (count + 5)) * value + floor);
  // floor = 0 and a coordinate that never moved: the smallest variance that was seen keeps 1/V finite.
  const smallest = positive.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
  return result.map((value) => (value > 0 ? value : smallest));
};

/** The accumulator as snapshot entries; `restoreWelford` reads them back. */
export const welfordEntries = ({ count, mean, sumOfSquares }: Welford): Snapshot => ({
  welfordCount: count,
  welfordMean: mean.slice(),
  welfordSumOfSquares: sumOfSquares.slice(),
});

/** @throws TRACE_INVALID if an entry is missing or of another dimension. */
export const restoreWelford = (into: Welford, snapshot: Snapshot): void => {
  into.count = numberIn(snapshot, "welfordCount");
  into.mean.set(arrayIn(snapshot, "welfordMean", into.mean.length));
  into.sumOfSquares.set(arrayIn(snapshot, "welfordSumOfSquares", into.mean.length));
};
