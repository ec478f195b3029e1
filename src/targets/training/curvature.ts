/**
 * Smallest and largest eigenvalue of the Hessian of L_n at a point, by Lanczos with full re-orthogonalisation on
 * Hessian-vector products from central differences of the gradient, Hv ≈ (g(w + hv) − g(w − hv))/(2h).
 *
 * Accuracy. The products: O(h²) truncation and about 1e-16·‖g terms‖/h rounding, so about 1e-9 relative at h = 1e-5.
 * A relu network has kinks: its loss has no Hessian where a pre-activation is 0, and the differences measure the mean
 * curvature over ±h, with h = 1e-3 so that single kinks weigh little. The eigenvalues: with as many iterations as
 * dimensions they are those of the whole matrix; otherwise the smallest is an upper bound and the largest a lower bound,
 * each within `residual` of some eigenvalue.
 *
 * Source: Golub & Van Loan (2013), section 10.1; Parlett (1998), theorem 4.5.1 for the residual.
 */
import { fillNormal } from "../../random/normal.ts";
import { purpose } from "../../random/purpose.ts";
import { dot, pointAlong } from "./line-search.ts";
import { normOf, type Objective } from "./objective.ts";
import { type SymmetricEigen, symmetricEigen } from "./symmetric-eigen.ts";

/** Where and how to look. */
export interface CurvatureProbe {
  readonly w: Float64Array;
  /** h above, times the size 1 + max|w_i| of the parameters. */
  readonly differenceStep: number;
  readonly maxIterations: number;
  /** Names the random start vector. */
  readonly seed: number;
  /** Called after each product, with a loss near w. */
  readonly pace: (step: number, loss: number) => Promise<void> | undefined;
}

export interface Curvature {
  readonly smallest: number;
  readonly largest: number;
  /** Bound on the distance of `smallest` from the nearest eigenvalue (differences aside). */
  readonly residual: number;
  /** Unit vector that belongs to `smallest`, shape (dim). */
  readonly direction: Float64Array;
}

/** NaN in `smallest` and `largest` if a gradient near w is not finite. 2·maxIterations gradients at most. */
export const extremeCurvature = async (objective: Objective, probe: CurvatureProbe): Promise<Curvature> => {
  const { diagonal, offDiagonal, basis } = await lanczos(objective, probe);
  const size = diagonal.length;
  if (!diagonal.every(Number.isFinite)) {
    return { smallest: NaN, largest: NaN, residual: NaN, direction: basis[0] };
  }
  const { values, vectors } = tridiagonalEigen(diagonal, offDiagonal);
  const direction = new Float64Array(probe.w.length);
  for (let k = 0; k < size; k++) {
    for (let i = 0; i < direction.length; i++) direction[i] += vectors[k] * basis[k][i];
  }
  const residual = Math.abs(offDiagonal[size - 1] * vectors[size - 1]);
  return { smallest: values[0], largest: values[size - 1], residual, direction };
};

interface Tridiagonal {
  readonly diagonal: readonly number[];
  /** Entry k couples k and k + 1; the last one is the remainder. */
  readonly offDiagonal: readonly number[];
  readonly basis: readonly Float64Array[];
}

const lanczos = async (objective: Objective, probe: CurvatureProbe): Promise<Tridiagonal> => {
  const dim = probe.w.length;
  const step = probe.differenceStep * (1 + probe.w.reduce((top, value) => Math.max(top, Math.abs(value)), 0));
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  let next: Float64Array = new Float64Array(dim);
  fillNormal({ seed: probe.seed, purpose: purpose.curvatureProbe }, next);
  let scale = 0;
  const numIterations = Math.min(dim, probe.maxIterations);
  for (let k = 0; k < numIterations; k++) {
    const norm = normOf(next);
    const vector = next.map((value) => value / norm);
    basis.push(vector);
    const { product, loss } = await hessianTimes(objective, probe.w, { vector, step });
    diagonal.push(dot(vector, product));
    next = orthogonalPart(product, basis);
    offDiagonal.push(normOf(next));
    scale = Math.max(scale, Math.abs(diagonal[k]), offDiagonal[k]);
    // An invariant subspace: its eigenvalues are all there are for a random start vector.
    if (!(offDiagonal[k] > 1e-8 * scale)) break;
    await probe.pace(k + 1, loss);
  }
  return { diagonal, offDiagonal, basis };
};

const hessianTimes = async (
  objective: Objective,
  w: Float64Array,
  { vector, step }: { readonly vector: Float64Array; readonly step: number },
): Promise<{ product: Float64Array; loss: number }> => {
  const ahead = await objective(pointAlong(w, vector, step));
  const behind = await objective(pointAlong(w, vector, -step));
  const product = ahead.gradient.map((value, i) => (value - behind.gradient[i]) / (2 * step));
  return { product, loss: ahead.loss };
};

/** What is left of `vector` outside the span of `basis`; two passes against rounding. */
const orthogonalPart = (vector: Float64Array, basis: readonly Float64Array[]): Float64Array => {
  let rest = vector;
  for (let pass = 0; pass < 2; pass++) {
    for (const unit of basis) rest = pointAlong(rest, unit, -dot(rest, unit));
  }
  return rest;
};

const tridiagonalEigen = (diagonal: readonly number[], offDiagonal: readonly number[]): SymmetricEigen => {
  const size = diagonal.length;
  const matrix = new Float64Array(size * size);
  for (let k = 0; k < size; k++) {
    matrix[k * size + k] = diagonal[k];
    if (k + 1 === size) continue;
    matrix[k * size + k + 1] = offDiagonal[k];
    matrix[(k + 1) * size + k] = offDiagonal[k];
  }
  return symmetricEigen(matrix, size);
};
