/**
 * Means, variances and order statistics of plain arrays of draws.
 *
 * Sums run from first to last element in float64. NaN in, NaN out; infinities give NaN or ∞.
 */

/** Draws of one scalar: one array a chain, all of equal length, shape (numChains, numDraws). Never changed. */
export type Chains = readonly Float64Array[];

/** Arithmetic mean, exact for equal values; NaN of nothing. */
export const mean = (values: ArrayLike<number>): number => {
  const origin = values[0]; // summing differences keeps digits where the spread is small against the level
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] - origin;
  return origin + sum / values.length;
};

/** Variance with divisor `length − ddof` (two passes); NaN where the divisor is not positive. */
export const variance = (values: ArrayLike<number>, ddof = 1): number => {
  if (values.length <= ddof) return Number.NaN;
  const center = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - center) ** 2;
  return sum / (values.length - ddof);
};

/** All draws of all chains in one new array, chain after chain. */
export const pool = (chains: Chains): Float64Array => {
  const length = chains.reduce((sum, chain) => sum + chain.length, 0);
  const pooled = new Float64Array(length);
  let offset = 0;
  for (const chain of chains) {
    pooled.set(chain, offset);
    offset += chain.length;
  }
  return pooled;
};

/** True if no value is NaN or infinite. */
export const isAllFinite = (values: ArrayLike<number>): boolean => {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
};

/** New chains with every draw mapped. */
export const mapDraws = (chains: Chains, map: (value: number) => number): Float64Array[] =>
  chains.map((chain) => chain.map(map));

/** Sorted copy, ascending (NaN last). */
export const sorted = (values: Float64Array): Float64Array => values.slice().sort();

/**
 * Quantile of sorted values by linear interpolation between order statistics (type 7, NumPy's default).
 * @param probability in [0, 1].
 * @returns NaN of nothing, and where the neighbouring order statistics are NaN.
 */
export const quantileOfSorted = (ascending: Float64Array, probability: number): number => {
  if (ascending.length === 0) return Number.NaN;
  const position = (ascending.length - 1) * probability;
  const below = Math.floor(position);
  const low = ascending[below];
  const high = ascending[Math.min(below + 1, ascending.length - 1)];
  const fraction = position - below;
  // NumPy's two-sided interpolation: exact at both ends, and equal to it bit for bit.
  return fraction < 0.5 ? low + (high - low) * fraction : high - (high - low) * (1 - fraction);
};

/** Type-7 quantile of unsorted values; NaN if one of them is NaN. */
export const quantile = (values: Float64Array, probability: number): number =>
  values.some(Number.isNaN) ? Number.NaN : quantileOfSorted(sorted(values), probability);

/**
 * Middle value, or (low + high)/2 of the two middle values; NaN of nothing, and if one of the values is NaN. Bit for bit
 * NumPy's median, which interpolation at ½ is not: values at equal distances from it must stay so, or ranks lose their ties.
 */
export const median = (values: Float64Array): number => {
  if (values.length === 0 || values.some(Number.isNaN)) return Number.NaN;
  const ascending = sorted(values);
  const half = ascending.length >> 1;
  return ascending.length % 2 === 1 ? ascending[half] : (ascending[half - 1] + ascending[half]) / 2;
};
