/**
 * Exact learning coefficient λ and multiplicity m of deep linear networks.
 *
 * Network: product of M matrices with widths H_0 … H_M, true product of rank r, squared error, inputs of full-rank
 * covariance, Gaussian noise, no biases. The value is that of the set of true parameters (its most singular points).
 *
 * Source: Aoyagi (2024), "Consideration on the learning efficiency of multiple-layered neural networks with linear
 * units", main theorem; for two matrices it equals Aoyagi & Watanabe (2005).
 */

/** Asymptotics of the free energy: n·L + λ·log n − (m − 1)·log log n. */
export interface LearningCoefficient {
  readonly lambda: number;
  readonly multiplicity: number;
}

/**
 * @param widths H_0 (inputs), hidden widths, H_M (outputs): at least two positive integers.
 * @param rank of the true product: an integer in [0, min(widths)].
 * @throws RangeError if widths or rank are not of that form.
 */
export const aoyagiLlc = (widths: readonly number[], rank: number): LearningCoefficient => {
  check(widths, rank);
  const excess = widths.map((width) => width - rank).sort((x, y) => x - y); // Δ_s = H_s − r, ascending
  const { size, sum } = activeSet(excess);
  const ell = size - 1;
  const ceiling = Math.ceil(sum / ell); // Mc
  const a = sum - (ceiling - 1) * ell;
  const active = excess.slice(0, size);
  const pairs = (sum * sum - active.reduce((total, value) => total + value * value, 0)) / 2; // Σ_{i<j} Δ_i·Δ_j
  const ends = widths[0] + widths[widths.length - 1];
  const lambda =
    (rank * ends - rank * rank) / 2 +
    (a * (ell - a)) / (4 * ell) -
    ((ell - 1) * sum * sum) / (4 * ell) +
    pairs / 2;
  return { lambda, multiplicity: a * (ell - a) + 1 };
};

const check = (widths: readonly number[], rank: number): void => {
  if (widths.length < 2 || !widths.every((width) => Number.isInteger(width) && width > 0)) {
    throw new RangeError(`widths are ${widths.join(",")}; expected at least two positive integers.`);
  }
  const largest = Math.min(...widths);
  if (!Number.isInteger(rank) || rank < 0 || rank > largest) {
    throw new RangeError(
      `rank is ${rank}; expected an integer from 0 to ${largest}, the least of the widths.`,
    );
  }
};

/** Σ of the theorem: the one prefix of the sorted Δ that satisfies both inequalities (so it splits no equal values). */
const activeSet = (excess: readonly number[]): { size: number; sum: number } => {
  let sum = excess[0];
  for (let size = 2; size <= excess.length; size++) {
    sum += excess[size - 1];
    const ell = size - 1;
    const largest = excess[size - 1];
    const next = excess[size] ?? Number.POSITIVE_INFINITY;
    if (sum >= ell * largest && sum < ell * next) return { size, sum };
  }
  throw new Error(`bug: no active set for ${excess.join(",")}`);
};
