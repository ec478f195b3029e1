/**
 * Eigenvalues and eigenvectors of a small symmetric matrix by cyclic Jacobi rotations; O(size³) a sweep, about eight
 * sweeps. Error of an eigenvalue: a few ulp of the largest one.
 *
 * Source: Golub & Van Loan (2013), section 8.5.
 */

/** Pairs in ascending order of eigenvalue; `vectors[k * size + i]` is entry i of the k-th unit eigenvector. */
export interface SymmetricEigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

const maxSweeps = 60;

/** `matrix`: (size, size) row-major, symmetric, finite; not changed. */
export const symmetricEigen = (matrix: Float64Array, size: number): SymmetricEigen => {
  const a = matrix.slice();
  const v = new Float64Array(size * size);
  for (let i = 0; i < size; i++) v[i * size + i] = 1;
  for (let sweep = 0; sweep < maxSweeps && rotateAll(a, v, size) > 0; sweep++);
  const order = Array.from({ length: size }, (_, i) => i).sort((i, j) => a[i * size + i] - a[j * size + j]);
  const vectors = new Float64Array(size * size);
  order.forEach((column, k) => vectors.set(v.subarray(column * size, (column + 1) * size), k * size));
  return { values: Float64Array.from(order, (i) => a[i * size + i]), vectors };
};

/** One sweep over all pairs; returns the number of rotations done. */
const rotateAll = (a: Float64Array, v: Float64Array, size: number): number => {
  let numRotations = 0;
  for (let p = 0; p < size; p++) {
    for (let q = p + 1; q < size; q++) {
      const scale = Math.abs(a[p * size + p]) + Math.abs(a[q * size + q]);
      if (Math.abs(a[p * size + q]) <= 1e-17 * scale || a[p * size + q] === 0) continue;
      rotate({ a, v, size }, p, q);
      numRotations++;
    }
  }
  return numRotations;
};

/** Makes a[p][q] zero. Rows of `v` are the eigenvectors. */
const rotate = (
  { a, v, size }: { readonly a: Float64Array; readonly v: Float64Array; readonly size: number },
  p: number,
  q: number,
): void => {
  const theta = (a[q * size + q] - a[p * size + p]) / (2 * a[p * size + q]);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let i = 0; i < size; i++) {
    const x = a[i * size + p];
    const y = a[i * size + q];
    a[i * size + p] = c * x - s * y;
    a[i * size + q] = s * x + c * y;
  }
  for (let i = 0; i < size; i++) {
    const x = a[p * size + i];
    const y = a[q * size + i];
    a[p * size + i] = c * x - s * y;
    a[q * size + i] = s * x + c * y;
    const left = v[p * size + i];
    const right = v[q * size + i];
    v[p * size + i] = c * left - s * right;
    v[q * size + i] = s * left + c * right;
  }
  a[p * size + q] = 0;
  a[q * size + p] = 0;
};
