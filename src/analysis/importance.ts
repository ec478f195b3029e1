/**
 * What importance weights say of draws from a fitted density q: the mean under the posterior π instead of under q.
 *
 * Self-normalised estimate Σ w_i·x_i / Σ w_i with w = π/q and its error √(Σ w_i²(x_i − mean)²) / Σ w_i.
 * Source: Owen (2013), Monte Carlo theory, chapter 9.
 */

/** Importance-weighted mean with its standard error, both in the units of the values. */
export interface WeightedMean {
  readonly mean: number;
  readonly error: number;
}

/**
 * @param values x_i of the draws.
 * @param logWeights log π − log q of the same draws, any constant. A weight that is not finite gives NaN.
 */
export const importanceMean = (values: Float64Array, logWeights: Float64Array): WeightedMean => {
  let largest = Number.NEGATIVE_INFINITY;
  for (const weight of logWeights) largest = Math.max(largest, weight);
  const weights = logWeights.map((weight) => Math.exp(weight - largest));
  let total = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    total += weights[i];
    sum += weights[i] * values[i];
  }
  const mean = sum / total;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (weights[i] * (values[i] - mean)) ** 2;
  return { mean, error: Math.sqrt(squares) / total };
};
