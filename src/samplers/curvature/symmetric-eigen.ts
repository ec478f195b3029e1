/**
 * Eigenvalues and eigenvectors of a dense symmetric matrix: Householder tridiagonalisation, then implicit QR steps with
 * Wilkinson's shift. About 12·size³ operations.
 *
 * Source: Golub & Van Loan (2013), Matrix Computations, algorithms 8.3.1 and 8.3.2.
 * Invariants: VᵀV = I and V·diag(values)·Vᵀ = A to rounding; NaN in A gives NaN values.
 */

/** A = Σ_j values[j]·v_j·v_jᵀ, in no particular order. */
export interface SymmetricEigen {
  /** Shape (size). */
  readonly values: Float64Array;
  /** v_j, unit vectors, shape (size) each. */
  readonly vectors: readonly Float64Array[];
}

/** Off-diagonal entries below this share of their neighbours are 0. */
const negligible = 2 ** -52;
/** QR steps an eigenvalue; 2 are usual. */
const maxSteps = 60;

/** Diagonal, off-diagonal (entry k between k and k + 1), and the rows that become eigenvectors. */
interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly off: Float64Array;
  readonly rows: readonly Float64Array[];
}

/** @param matrix (size, size), row-major; not changed. Only its symmetric part should be non-zero. */
export const symmetricEigen = (matrix: Float64Array, size: number): SymmetricEigen => {
  const { diagonal, off, rows } = tridiagonalise(matrix, size);
  if (!diagonal.every(Number.isFinite) || !off.every(Number.isFinite)) {
    return { values: diagonal.fill(Number.NaN), vectors: rows };
  }
  let high = size - 1;
  let steps = 0;
  while (high > 0) {
    if (isNegligible({ diagonal, off }, high - 1)) {
      high--;
      steps = 0;
      continue;
    }
    if (++steps > maxSteps) return { values: diagonal.fill(Number.NaN), vectors: rows };
    let low = high - 1;
    while (low > 0 && !isNegligible({ diagonal, off }, low - 1)) low--;
    stepDown({ diagonal, off, rows }, low, high);
  }
  return { values: diagonal, vectors: rows };
};

const isNegligible = ({ diagonal, off }: Omit<Tridiagonal, "rows">, k: number): boolean =>
  Math.abs(off[k]) <= negligible * (Math.abs(diagonal[k]) + Math.abs(diagonal[k + 1]));

const tridiagonalise = (matrix: Float64Array, size: number): Tridiagonal => {
  const work = Array.from({ length: size }, (_, i) => matrix.slice(i * size, (i + 1) * size));
  const rows = Array.from({ length: size }, (_, i) => {
    const row = new Float64Array(size);
    row[i] = 1;
    return row;
  });
  const off = new Float64Array(Math.max(0, size - 1));
  for (let k = 0; k + 1 < size; k++) {
    const reflector = reflectorOf(work, k);
    off[k] = reflector.image;
    if (reflector.factor === 0) continue;
    reflectBoth(work, reflector, k + 1);
    reflectRows(rows, reflector, k + 1);
  }
  return { diagonal: Float64Array.from(work, (row, i) => row[i]), off, rows };
};

/** I − factor·v·vᵀ turns the part of column k below the diagonal into (image, 0, …). */
interface Reflector {
  readonly v: Float64Array;
  readonly factor: number;
  readonly image: number;
}

const reflectorOf = (work: readonly Float64Array[], k: number): Reflector => {
  const size = work.length;
  const v = new Float64Array(size);
  let tail = 0;
  for (let i = k + 1; i < size; i++) {
    v[i] = work[i][k];
    if (i > k + 1) tail += v[i] * v[i];
  }
  const first = v[k + 1];
  if (tail === 0) return { v, factor: 0, image: first };
  const norm = Math.sqrt(first * first + tail);
  const image = first > 0 ? -norm : norm;
  v[k + 1] = first - image;
  return { v, factor: 2 / (v[k + 1] * v[k + 1] + tail), image };
};

/** A ← HAH on rows and columns from `start`: A − v·wᵀ − w·vᵀ, w = p − ½·factor·(p·v)·v, p = factor·A·v. */
const reflectBoth = (work: readonly Float64Array[], { v, factor }: Reflector, start: number): void => {
  const size = work.length;
  const w = new Float64Array(size);
  let overlap = 0;
  for (let i = start; i < size; i++) {
    let sum = 0;
    for (let j = start; j < size; j++) sum += work[i][j] * v[j];
    w[i] = factor * sum;
    overlap += w[i] * v[i];
  }
  for (let i = start; i < size; i++) w[i] -= 0.5 * factor * overlap * v[i];
  for (let i = start; i < size; i++) {
    const row = work[i];
    for (let j = start; j < size; j++) row[j] -= v[i] * w[j] + w[i] * v[j];
  }
};

/** Rows ← H·rows. */
const reflectRows = (rows: readonly Float64Array[], { v, factor }: Reflector, start: number): void => {
  const size = rows.length;
  const sums = new Float64Array(size);
  for (let i = start; i < size; i++) {
    const row = rows[i];
    for (let j = 0; j < size; j++) sums[j] += v[i] * row[j];
  }
  for (let i = start; i < size; i++) {
    const row = rows[i];
    for (let j = 0; j < size; j++) row[j] -= factor * v[i] * sums[j];
  }
};

/** One implicit QR step on the unreduced block low … high. */
const stepDown = ({ diagonal, off, rows }: Tridiagonal, low: number, high: number): void => {
  let x = diagonal[low] - shiftOf(diagonal, off, high);
  let z = off[low];
  for (let k = low; k < high; k++) {
    const length = Math.hypot(x, z);
    const [c, s] = length === 0 ? [1, 0] : [x / length, -z / length];
    if (k > low) off[k - 1] = length;
    const [a, b, e] = [diagonal[k], diagonal[k + 1], off[k]];
    diagonal[k] = c * c * a - 2 * c * s * e + s * s * b;
    diagonal[k + 1] = s * s * a + 2 * c * s * e + c * c * b;
    off[k] = c * s * (a - b) + (c * c - s * s) * e;
    if (k + 1 < high) {
      x = off[k];
      z = -s * off[k + 1];
      off[k + 1] *= c;
    }
    rotate(rows[k], rows[k + 1], { c, s });
  }
};

/** The eigenvalue of the last 2 × 2 block nearer to its last entry. */
const shiftOf = (diagonal: Float64Array, off: Float64Array, high: number): number => {
  const half = (diagonal[high - 1] - diagonal[high]) / 2;
  const e = off[high - 1];
  return diagonal[high] - (e * e) / (half + (half < 0 ? -1 : 1) * Math.hypot(half, e));
};

const rotate = (one: Float64Array, other: Float64Array, { c, s }: { c: number; s: number }): void => {
  for (let i = 0; i < one.length; i++) {
    const [x, y] = [one[i], other[i]];
    one[i] = c * x - s * y;
    other[i] = s * x + c * y;
  }
};
