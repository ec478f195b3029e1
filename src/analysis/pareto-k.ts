/**
 * Pareto k̂ of importance weights: how heavy the tail of π/q is, that is how badly an approximation q misses π.
 *
 * Below 0.5 the weights have finite variance; above 0.7 neither the weights nor q itself should be trusted.
 *
 * Source: Vehtari, Simpson, Gelman, Yao & Gabry (2024), "Pareto smoothed importance sampling"; generalised Pareto fit of
 * Zhang & Stephens (2009) with the weak prior of the former (10 pseudo-observations at 0.5); as in ArviZ's `psislw`.
 */
import { isAllFinite, mean, sorted } from "./moments.ts";

/**
 * @param logWeights log π(w) − log q(w) + const of independent draws from q, nats, shape (numDraws). Not changed.
 * @returns k̂, unitless. NaN with fewer than 21 draws (a tail of fewer than 5 weights) or a non-finite
 *   log weight; −∞ if all weights are equal (q is π); ∞ if a few weights outweigh all others beyond float64.
 */
export const paretoK = (logWeights: Float64Array): number => {
  const tailLength = Math.ceil(Math.min(logWeights.length / 5, 3 * Math.sqrt(logWeights.length)));
  if (tailLength < 5 || !isAllFinite(logWeights)) return Number.NaN;
  const ascending = sorted(logWeights);
  const largest = ascending[ascending.length - 1];
  if (largest - ascending[0] < 1e-12) return Number.NEGATIVE_INFINITY;
  // Weights relative to the largest, which overflows for no input; k̂ does not depend on scale.
  const relative = ascending.map((value) => value - largest);
  const cutoff = Math.max(relative[relative.length - tailLength - 1], Math.log(smallestNormal));
  const excess = relative
    .filter((value) => value > cutoff)
    .map((value) => Math.exp(value) - Math.exp(cutoff));
  return excess.length < 5 ? Number.POSITIVE_INFINITY : fitShape(excess);
};

const smallestNormal = 2.2250738585072014e-308; // 2⁻¹⁰²²

/** Shape of the generalised Pareto distribution of ascending positive excesses, shrunk towards 0.5. */
const fitShape = (excess: Float64Array): number => {
  const count = excess.length;
  const gridSize = 30 + Math.floor(Math.sqrt(count));
  const quartile = excess[Math.floor(count / 4 + 0.5) - 1];
  const theta = Array.from({ length: gridSize }, (_, i) => {
    const step = (1 - Math.sqrt(gridSize / (i + 0.5))) / (3 * quartile);
    return step + 1 / excess[count - 1];
  });
  const shapeAt = (b: number): number => mean(excess.map((value) => Math.log1p(-b * value)));
  const profile = theta.map((b) => {
    const k = shapeAt(b);
    return count * (Math.log(-b / k) - k - 1);
  });
  let weightSum = 0;
  let weighted = 0;
  theta.forEach((b, i) => {
    const weight = 1 / profile.reduce((sum, value) => sum + Math.exp(value - profile[i]), 0);
    if (weight < 10 * Number.EPSILON) return; // ArviZ drops negligible grid points
    weightSum += weight;
    weighted += weight * b;
  });
  const k = shapeAt(weighted / weightSum);
  return (count * k + 10 * 0.5) / (count + 10);
};
