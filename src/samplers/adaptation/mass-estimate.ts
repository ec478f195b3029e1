/**
 * What a slow window of warmup learns of the posterior's shape: variances, or the whole covariance as a Cholesky factor.
 *
 * Either way M⁻¹ = F·diag(V)·Fᵀ is the pooled covariance of all chains, regularised. `diagonal`: V are the variances, F = 1.
 * `dense`: V = 1, F the factor; while a window had no more rows than coordinates, F is diagonal too: such a covariance is
 * singular, and directions in which it has no width would hardly move, nor be seen by the next window.
 */

import { arrayIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";
import {
  addDenseRows,
  createDenseMoments,
  denseMomentsEntries,
  regularisedFactor,
  resetDenseMoments,
  restoreDenseMoments,
} from "./dense-covariance.ts";
import {
  addRows,
  createWelford,
  regularisedVariance,
  resetWelford,
  restoreWelford,
  welfordEntries,
} from "./welford.ts";

/** Form of a mass matrix. */
export type MassForm = "diagonal" | "dense";

/** A mass matrix as a kernel uses it: momenta p of the coordinates F⁻¹q, p_i ~ N(0, 1/V_i). */
export interface Mass {
  /** V, shape (dim). */
  readonly inverseMass: Float64Array;
  /** F, lower triangular, shape (dim, dim); null: 1. */
  readonly factor: Float64Array | null;
}

/** Accumulates positions between two mass matrices; mutable. */
export interface MassEstimate {
  /** M = 1, of this form. */
  readonly unit: Mass;
  /** Adds the positions of all chains, (numChains, dim). */
  readonly add: (positions: Float64Array) => void;
  /** What the rows tell, which are then forgotten; null if they tell nothing. @param floor see `regularisedVariance`. */
  readonly take: (floor: number) => Mass | null;
  /** The accumulator and `mass` as snapshot entries; `restore` reads them back. */
  readonly entries: (mass: Mass) => Snapshot;
  /** @throws TRACE_INVALID if an entry is missing or of another dimension. */
  readonly restore: (snapshot: Snapshot) => Mass;
}

const ones = (dim: number): Float64Array => new Float64Array(dim).fill(1);

const diagonalEstimate = (dim: number): MassEstimate => {
  const variance = createWelford(dim);
  return {
    unit: { inverseMass: ones(dim), factor: null },
    add: (positions) => addRows(variance, positions),
    take: (floor) => {
      const inverseMass = regularisedVariance(variance, { floor });
      resetWelford(variance);
      return inverseMass === null ? null : { inverseMass, factor: null };
    },
    entries: ({ inverseMass }) => ({ ...welfordEntries(variance), inverseMass: inverseMass.slice() }),
    restore: (snapshot) => {
      restoreWelford(variance, snapshot);
      return { inverseMass: arrayIn(snapshot, "inverseMass", dim), factor: null };
    },
  };
};

const denseEstimate = (dim: number): MassEstimate => {
  const moments = createDenseMoments(dim);
  const unit = { inverseMass: ones(dim), factor: diagonalMatrix(ones(dim)) };
  const massOf = (factor: Float64Array): Mass => ({ inverseMass: unit.inverseMass, factor });
  return {
    unit,
    add: (positions) => addDenseRows(moments, positions),
    take: (floor) => {
      if (moments.count <= dim) dropCovariances(moments.products, dim);
      const factor = regularisedFactor(moments, floor);
      resetDenseMoments(moments);
      return factor === null ? null : massOf(factor);
    },
    entries: ({ factor }) => ({
      ...denseMomentsEntries(moments),
      massFactor: (factor ?? unit.factor).slice(),
    }),
    restore: (snapshot) => {
      restoreDenseMoments(moments, snapshot);
      return massOf(arrayIn(snapshot, "massFactor", dim * dim));
    },
  };
};

/** An empty estimate of M = 1. */
export const createMassEstimate = (form: MassForm, dim: number): MassEstimate =>
  form === "dense" ? denseEstimate(dim) : diagonalEstimate(dim);

/** The diagonal of M⁻¹: variances of the coordinates, shape (dim). */
export const variancesOf = ({ inverseMass, factor }: Mass): Float64Array => {
  if (factor === null) return inverseMass;
  const dim = inverseMass.length;
  return inverseMass.map((_, i) =>
    inverseMass.reduce((sum, value, j) => sum + factor[i * dim + j] ** 2 * value, 0),
  );
};

const diagonalMatrix = (diagonal: Float64Array): Float64Array => {
  const dim = diagonal.length;
  const matrix = new Float64Array(dim * dim);
  for (let i = 0; i < dim; i++) matrix[i * dim + i] = diagonal[i];
  return matrix;
};

const dropCovariances = (products: Float64Array, dim: number): void => {
  for (let i = 0; i < dim; i++) products.fill(0, i * dim, i * dim + i);
};
