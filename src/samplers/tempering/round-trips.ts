/**
 * Counts how walkers travel: from the hottest rung to the target (a restart: a new, nearly independent visit) and back
 * (a round trip).
 *
 * A walker counts from its first visit to the hottest rung on. Source: Syed et al. (2021), section 3.5; Pigeons.jl.
 */

import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";

const nowhere = 0;
const fromHottest = 1;
const fromTarget = 2;

/** Mutable recorder of all walkers. */
export class RoundTrips {
  /** Arrivals at the target from the hottest rung. */
  restarts = 0;
  /** Arrivals at the hottest rung from the target, after a restart. */
  roundTrips = 0;
  /** Where each walker was last: nowhere yet, the hottest rung, or the target after it. */
  readonly #last: Float64Array;
  readonly #numRungs: number;

  constructor(numWalkers: number, numRungs: number) {
    this.#last = new Float64Array(numWalkers).fill(nowhere);
    this.#numRungs = numRungs;
  }

  /** @param rungOf rung of each walker after a scan. */
  record(rungOf: Int32Array): void {
    rungOf.forEach((rung, walker) => {
      const last = this.#last[walker];
      if (rung === this.#numRungs - 1) {
        if (last === fromTarget) this.roundTrips += 1;
        this.#last[walker] = fromHottest;
      } else if (rung === 0 && last === fromHottest) {
        this.restarts += 1;
        this.#last[walker] = fromTarget;
      }
    });
  }

  snapshot(): Snapshot {
    return { tripRestarts: this.restarts, tripRounds: this.roundTrips, tripLast: this.#last.slice() };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    this.restarts = numberIn(snapshot, "tripRestarts");
    this.roundTrips = numberIn(snapshot, "tripRounds");
    this.#last.set(arrayIn(snapshot, "tripLast", this.#last.length));
  }
}
