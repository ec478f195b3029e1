/**
 * Random orthonormal vectors: Gram–Schmidt with re-orthogonalisation on Gaussian vectors, which gives the uniform
 * (Haar) law because the diagonal of the implied R is positive. Fixed order of operations: same bits everywhere.
 *
 * Source: Mezzadri (2007), "How to generate random matrices from the classical compact groups", section 5.
 */

/**
 * Makes the rows of `rows` orthonormal in place.
 *
 * @param rows shape (count, length), count ≤ length, row-major; rows in general position (Gaussian).
 */
export const orthonormaliseRows = (rows: Float64Array, length: number): void => {
  const count = rows.length / length;
  for (let k = 0; k < count; k++) {
    const row = rows.subarray(k * length, (k + 1) * length);
    // Twice is enough: the second pass removes what rounding left of the first.
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < k; j++) removeComponent(row, rows.subarray(j * length, (j + 1) * length));
    }
    const norm = Math.sqrt(dot(row, row));
    for (let i = 0; i < length; i++) row[i] /= norm;
  }
};

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

const removeComponent = (row: Float64Array, unit: Float64Array): void => {
  const share = dot(row, unit);
  for (let i = 0; i < row.length; i++) row[i] -= share * unit[i];
};
