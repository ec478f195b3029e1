/** Dense linear algebra of matrices of a few rows, row-major, in place. */

/**
 * Lower Cholesky factor of a symmetric positive definite matrix (size, size), in place; the upper triangle is left.
 *
 * @returns log det of the matrix; NaN if it is not positive definite.
 */
export const choleskyFactor = (matrix: Float64Array, size: number): number => {
  let logDeterminant = 0;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * size + column];
      for (let k = 0; k < column; k++) sum -= matrix[row * size + k] * matrix[column * size + k];
      matrix[row * size + column] = row === column ? Math.sqrt(sum) : sum / matrix[column * size + column];
    }
    logDeterminant += 2 * Math.log(matrix[row * size + row]);
  }
  return logDeterminant;
};

/** x ← L⁻¹x, in place, for a lower factor L. */
export const solveLower = (factor: Float64Array, size: number, x: Float64Array): void => {
  for (let row = 0; row < size; row++) {
    for (let k = 0; k < row; k++) x[row] -= factor[row * size + k] * x[k];
    x[row] /= factor[row * size + row];
  }
};

/** x ← (LLᵀ)⁻¹x, in place, for a lower factor L. */
export const solveCholesky = (factor: Float64Array, size: number, x: Float64Array): void => {
  solveLower(factor, size, x);
  for (let row = size - 1; row >= 0; row--) {
    for (let k = row + 1; k < size; k++) x[row] -= factor[k * size + row] * x[k];
    x[row] /= factor[row * size + row];
  }
};

/**
 * Makes the columns orthonormal in place (Gram–Schmidt, twice for stability); a column that depends on the earlier ones
 * becomes 0.
 */
export const orthonormalise = (columns: readonly Float64Array[]): void => {
  columns.forEach((column, index) => {
    const before = Math.sqrt(squareOf(column));
    for (let pass = 0; pass < 2; pass++) {
      for (const earlier of columns.slice(0, index)) {
        let overlap = 0;
        for (let i = 0; i < column.length; i++) overlap += column[i] * earlier[i];
        for (let i = 0; i < column.length; i++) column[i] -= overlap * earlier[i];
      }
    }
    const after = Math.sqrt(squareOf(column));
    // Not > also catches NaN.
    if (!(after > 1e-9 * before)) column.fill(0);
    else for (let i = 0; i < column.length; i++) column[i] /= after;
  });
};

const squareOf = (x: Float64Array): number => x.reduce((sum, value) => sum + value * value, 0);
