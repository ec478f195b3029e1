/** Keeps gradients of a fit short: below a bound that the user sets, and below what would be an accident. */

import { numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";
import { clipNorm } from "./vi-optimiser.ts";

/**
 * A gradient this many times longer than the running root mean square is an accident: Adam's v would remember it for a
 * thousand steps.
 */
const accidentalExcess = 10;
const normDecay = 0.99;

/** Mutable: knows the usual length. */
export class GradientClip {
  /** Gradients that were shortened. */
  numClipped = 0;
  readonly #bound: number;
  /** Running mean of the squared norm of gradients before clipping; NaN before the first. */
  #squareNorm = Number.NaN;

  /** @param bound null: accidents alone. */
  constructor(bound: number | null) {
    this.#bound = bound ?? Number.POSITIVE_INFINITY;
  }

  /** In place. */
  shorten(gradient: Float64Array): void {
    const usual = Number.isNaN(this.#squareNorm) ? Number.POSITIVE_INFINITY : Math.sqrt(this.#squareNorm);
    const bound = Math.min(this.#bound, accidentalExcess * usual);
    const norm = clipNorm(gradient, bound);
    if (norm > bound) this.numClipped++;
    const square = Math.min(norm, accidentalExcess * usual) ** 2;
    this.#squareNorm = Number.isNaN(this.#squareNorm)
      ? square
      : this.#squareNorm + (1 - normDecay) * (square - this.#squareNorm);
  }

  /** Entries whose names begin with `prefix`. */
  snapshot(prefix: string): Snapshot {
    return { [`${prefix}SquareNorm`]: this.#squareNorm, [`${prefix}Clipped`]: this.numClipped };
  }

  /** @throws TRACE_INVALID if an entry is missing. */
  restore(snapshot: Snapshot, prefix: string): void {
    this.#squareNorm = numberIn(snapshot, `${prefix}SquareNorm`);
    this.numClipped = numberIn(snapshot, `${prefix}Clipped`);
  }
}
