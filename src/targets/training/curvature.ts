/**
 * Smallest and largest eigenvalue of the Hessian of L_n at a point, by Lanczos with full re-orthogonalisation on
 * Hessian-vector products from central differences of the gradient, Hv ≈ (g(w + hv) − g(w − hv))/(2h).
 *
 * Accuracy. The products: O(h²) truncation and about 1e-16·‖g terms‖/h rounding, so about 1e-9 relative at h = 1e-5.
 * The eigenvalues of a smooth loss: with as many iterations as dimensions they are those of the whole matrix; otherwise
 * the smallest is an upper bound and the largest a lower bound, the smallest within `residual` of some eigenvalue.
 * A relu network has kinks: its loss has no Hessian where a pre-activation is 0, minima tend to lie exactly there, the
 * differences are no linear map, and Ritz values can be far below every curvature. `smallest` is therefore the least
 * mean curvature over ±h (1e-3) along a line, found by descending the Rayleigh quotient from the best of these lines.
 *
 * Source: Golub & Van Loan (2013), section 10.1; Parlett (1998), theorem 4.5.1 for the residual.
 */
import { fillNormal } from "../../random/normal.ts";
import { purpose } from "../../random/purpose.ts";
import { descend } from "./lbfgs.ts";
import { dot, type Iterate, pointAlong, sizeOf } from "./line-search.ts";
import { normOf, type Objective } from "./objective.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

/** Quasi-Newton steps on the Rayleigh quotient. */
const refinements = 20;

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
  /** vᵀHv at `direction`, measured: never below the least curvature there is (but for rounding). */
  readonly smallest: number;
  readonly largest: number;
  /** Distance of the smallest Ritz value from the nearest eigenvalue is at most this, where the loss is smooth. */
  readonly residual: number;
  /** Unit vector v of `smallest`, shape (dim). */
  readonly direction: Float64Array;
}

/** NaN in `smallest` and `largest` if a gradient near w is not finite. About 2·(maxIterations + 25) gradients at most. */
export const extremeCurvature = async (objective: Objective, probe: CurvatureProbe): Promise<Curvature> => {
  const { basis, products, remainder } = await lanczos(objective, probe);
  const size = basis.length;
  const projected = projectedMatrix(basis, products);
  if (!projected.every(Number.isFinite)) {
    return { smallest: NaN, largest: NaN, residual: NaN, direction: basis[0] };
  }
  const { values, vectors } = symmetricEigen(projected, size);
  const quotient = rayleighQuotient(objective, probe);
  const ritzVector = combine(basis, vectors.subarray(0, size));
  // At kinks a vector of the basis can lie lower than what the Ritz vector turns out to be.
  const lowest = lowestOf(basis, products);
  const start = await lowerOf(quotient, ritzVector, lowest);
  const gradientTol = 1e-7 * Math.abs(values[size - 1]);
  const least = await descend(quotient, start, {
    maxSteps: refinements,
    gradientTol,
    lossTol: 0,
    pace: () => undefined,
  });
  return {
    smallest: least.loss,
    largest: values[size - 1],
    residual: Math.abs(remainder * vectors[size - 1]),
    direction: least.w.map((value) => value / normOf(least.w)),
  };
};

/** The basis vector along which the curvature is least. */
const lowestOf = (basis: readonly Float64Array[], products: readonly Float64Array[]): Float64Array => {
  const curvatures = basis.map((vector, k) => dot(vector, products[k]));
  return basis[curvatures.indexOf(Math.min(...curvatures))];
};

const lowerOf = async (quotient: Objective, first: Float64Array, second: Float64Array): Promise<Iterate> => {
  const one = { w: first, ...(await quotient(first)) };
  const other = { w: second, ...(await quotient(second)) };
  return other.loss < one.loss ? other : one;
};

/** Curvature along v, vᵀHv/vᵀv, as a function of v; its gradient is 2·(Hu − (uᵀHu)·u)/‖v‖ with u = v/‖v‖. */
const rayleighQuotient =
  (objective: Objective, probe: CurvatureProbe): Objective =>
  async (v) => {
    const norm = normOf(v);
    const vector = v.map((value) => value / norm);
    const { product } = await hessianTimes(objective, probe.w, { vector, step: stepOf(probe) });
    const quotient = dot(vector, product);
    return {
      loss: quotient,
      gradient: product.map((value, i) => (2 * (value - quotient * vector[i])) / norm),
    };
  };

/** Σ_k weights_k·basis_k. */
const combine = (basis: readonly Float64Array[], weights: Float64Array): Float64Array => {
  const sum = new Float64Array(basis[0].length);
  basis.forEach((vector, k) => {
    for (let i = 0; i < sum.length; i++) sum[i] += weights[k] * vector[i];
  });
  return sum;
};

/** Orthonormal Krylov vectors v_k, the products H·v_k, and the size of the part of the last one outside their span. */
interface Krylov {
  readonly basis: readonly Float64Array[];
  readonly products: readonly Float64Array[];
  readonly remainder: number;
}

const stepOf = ({ w, differenceStep }: CurvatureProbe): number => differenceStep * sizeOf(w);

const lanczos = async (objective: Objective, probe: CurvatureProbe): Promise<Krylov> => {
  const step = stepOf(probe);
  const basis: Float64Array[] = [];
  const products: Float64Array[] = [];
  let next: Float64Array = new Float64Array(probe.w.length);
  fillNormal({ seed: probe.seed, purpose: purpose.curvatureProbe }, next);
  let scale = 0;
  let remainder = Infinity;
  const numIterations = Math.min(probe.w.length, probe.maxIterations);
  // A small remainder marks an invariant subspace: it has all eigenvalues, as the start vector is random.
  while (basis.length < numIterations && remainder > 1e-8 * scale) {
    const norm = normOf(next);
    const vector = next.map((value) => value / norm);
    basis.push(vector);
    const { product, loss } = await hessianTimes(objective, probe.w, { vector, step });
    products.push(product);
    next = orthogonalPart(product, basis);
    remainder = normOf(next);
    scale = Math.max(scale, normOf(product));
    await probe.pace(basis.length, loss);
  }
  return { basis, products, remainder };
};

/**
 * v_i·H·v_j, symmetrised, shape (size, size). For a smooth loss it is tridiagonal up to rounding; at kinks the
 * differences are no linear map, and the symmetric part is the best that can be said.
 */
const projectedMatrix = (basis: readonly Float64Array[], products: readonly Float64Array[]): Float64Array => {
  const size = basis.length;
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const value = 0.5 * (dot(basis[i], products[j]) + dot(basis[j], products[i]));
      matrix[i * size + j] = value;
      matrix[j * size + i] = value;
    }
  }
  return matrix;
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
  let rest: Float64Array = vector;
  for (let pass = 0; pass < 2; pass++) {
    for (const unit of basis) rest = pointAlong(rest, unit, -dot(rest, unit));
  }
  return rest;
};
