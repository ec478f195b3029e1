/**
 * Swaps between neighbouring rungs: which row of the ensemble is at which temperature.
 *
 * Rows are walkers; a swap exchanges two walkers' rungs, never their positions. Scans alternate deterministically
 * between the pairs (0, 1), (2, 3), … and (1, 2), (3, 4), … (DEO), which makes walkers travel instead of diffuse. A pair
 * is accepted with min(1, e^{(β_i − β_j)(E_i − E_j)}), E = nβ·L_n at β = 1, by one uniform that the lower rung owns.
 * Replicas are independent copies of the ladder; rows of replica r are r·K … r·K + K − 1, where they also begin.
 * Source: Syed, Bouchard-Côté, Deligiannidis & Doucet (2021); Okabe et al. (2001).
 */

import { arrayIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";

/** Sizes of a tempered ensemble. */
export interface LadderShape {
  readonly numReplicas: number;
  /** K */
  readonly numRungs: number;
}

/** One phase of swaps. */
export interface SwapPhase {
  /** Counts phases from 0: its parity says which pairs are tried. */
  readonly scan: number;
  /** β of each rung. */
  readonly betas: Float64Array;
  /** E of each row; NaN and +∞ are never exchanged into a colder rung. */
  readonly energies: Float64Array;
  /** The uniform number in (0, 1) of a pair: one, asked for once. `lowerRung` is the pair's first. */
  readonly uniformOf: (replica: number, lowerRung: number) => number;
}

/** min(1, e^{(β_i − β_j)(E_i − E_j)}); 0 for NaN. */
export const swapProbability = (
  lower: { readonly beta: number; readonly energy: number },
  upper: { readonly beta: number; readonly energy: number },
): number => {
  const logRatio = (lower.beta - upper.beta) * (lower.energy - upper.energy);
  return Number.isNaN(logRatio) ? 0 : Math.min(1, Math.exp(logRatio));
};

/** First rung of each pair that a scan tries. */
export const pairsOf = (scan: number, numRungs: number): readonly number[] => {
  const first = scan % 2;
  return Array.from({ length: Math.max(0, Math.floor((numRungs - first) / 2)) }, (_, k) => first + 2 * k);
};

/** Mutable assignment of walkers to rungs; a permutation within each replica. */
export class ReplicaExchange {
  /** Rung of each row. */
  readonly rungOf: Int32Array;
  /** Row at each rung: entry r·K + k. */
  readonly rowAt: Int32Array;
  readonly #shape: LadderShape;

  constructor(shape: LadderShape) {
    const numRows = shape.numReplicas * shape.numRungs;
    this.#shape = shape;
    this.rungOf = Int32Array.from({ length: numRows }, (_, row) => row % shape.numRungs);
    this.rowAt = Int32Array.from({ length: numRows }, (_, row) => row);
  }

  /** Tries one parity of pairs. @returns acceptance probability at r·(K − 1) + pair; NaN where a pair was not tried. */
  swap(phase: SwapPhase): Float64Array {
    const { numReplicas, numRungs } = this.#shape;
    const probabilities = new Float64Array(numReplicas * (numRungs - 1)).fill(Number.NaN);
    const pairs = pairsOf(phase.scan, numRungs);
    for (let replica = 0; replica < numReplicas; replica++) {
      for (const pair of pairs) {
        probabilities[replica * (numRungs - 1) + pair] = this.#trySwap(phase, replica, pair);
      }
    }
    return probabilities;
  }

  #trySwap({ betas, energies, uniformOf }: SwapPhase, replica: number, pair: number): number {
    const at = replica * this.#shape.numRungs + pair;
    const [lower, upper] = [this.rowAt[at], this.rowAt[at + 1]];
    const probability = swapProbability(
      { beta: betas[pair], energy: energies[lower] },
      { beta: betas[pair + 1], energy: energies[upper] },
    );
    if (uniformOf(replica, pair) < probability) {
      this.rowAt[at] = upper;
      this.rowAt[at + 1] = lower;
      this.rungOf[upper] = pair;
      this.rungOf[lower] = pair + 1;
    }
    return probability;
  }

  /** `values[rung]` for the rung of each row. */
  byRow(values: Float64Array): Float64Array {
    return Float64Array.from(this.rungOf, (rung) => values[rung]);
  }

  snapshot(): Snapshot {
    return { rungOf: Float64Array.from(this.rungOf) };
  }

  /** @throws TRACE_INVALID if the entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    const { numRungs } = this.#shape;
    this.rungOf.set(arrayIn(snapshot, "rungOf", this.rungOf.length));
    this.rungOf.forEach((rung, row) => {
      this.rowAt[row - (row % numRungs) + rung] = row;
    });
  }
}
