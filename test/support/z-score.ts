/** Distance of a sample mean from its law's mean, in standard errors of the sample. */

/** |mean − expected|/(sd/√count); 0 if every value equals `expected`. With a fixed seed, z < 5 is a ≈ 6e-7 event to miss. */
export const zScore = (values: ArrayLike<number>, expected: number): number => {
  const count = values.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i] ?? NaN;
  const mean = sum / count;
  let square = 0;
  for (let i = 0; i < count; i++) square += ((values[i] ?? NaN) - mean) ** 2;
  const error = Math.sqrt(square / (count - 1) / count);
  return error === 0 && mean === expected ? 0 : Math.abs(mean - expected) / error;
};
