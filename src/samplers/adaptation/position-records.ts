/**
 * Positions of all chains at some moments of warmup, of which the autocorrelation time is wanted.
 *
 * At most 64 coordinates are kept, sampled evenly.
 */

import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";
import { autocorrelationTime } from "./autocorrelation-time.ts";

const mostCoordinates = 64;

/** Number of chains, of parameters, and of records that will be kept. */
export interface RecordsShape {
  readonly numChains: number;
  readonly dim: number;
  readonly numRecords: number;
}

/** Fixed room for `numRecords` records; mutable. */
export class PositionRecords {
  readonly #shape: RecordsShape;
  readonly #coordinates: readonly number[];
  /** Coordinate k of chain c at record t, at [(k·numChains + c)·numRecords + t]. */
  readonly #values: Float64Array;
  #count = 0;

  constructor(shape: RecordsShape) {
    const numCoordinates = Math.min(shape.dim, mostCoordinates);
    this.#shape = shape;
    this.#coordinates = Array.from({ length: numCoordinates }, (_, k) =>
      Math.floor((k * shape.dim) / numCoordinates),
    );
    this.#values = new Float64Array(numCoordinates * shape.numChains * shape.numRecords);
  }

  /** @param positions (numChains, dim). Beyond `numRecords` records are not kept. */
  add(positions: Float64Array): void {
    const { numChains, dim, numRecords } = this.#shape;
    if (this.#count === numRecords) return;
    this.#coordinates.forEach((coordinate, k) => {
      for (let chain = 0; chain < numChains; chain++) {
        this.#values[(k * numChains + chain) * numRecords + this.#count] =
          positions[chain * dim + coordinate];
      }
    });
    this.#count += 1;
  }

  /** Mean over coordinates of the autocorrelation time, in records; NaN if fewer than 4, or if it is not resolved. */
  meanAutocorrelationTime(): number {
    const { numChains, numRecords } = this.#shape;
    if (this.#count < 4) return Number.NaN;
    const times = this.#coordinates.map((_, k) => {
      const chains = Array.from({ length: numChains }, (__, chain) => {
        const start = (k * numChains + chain) * numRecords;
        return this.#values.subarray(start, start + this.#count);
      });
      return autocorrelationTime(chains);
    });
    return times.reduce((sum, time) => sum + time, 0) / times.length;
  }

  /** The records as snapshot entries; `restore` reads them back. */
  snapshot(): Snapshot {
    return { recordsCount: this.#count, recordsValues: this.#values.slice() };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    this.#count = numberIn(snapshot, "recordsCount");
    this.#values.set(arrayIn(snapshot, "recordsValues", this.#values.length));
  }
}
