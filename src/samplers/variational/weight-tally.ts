/**
 * What the importance weights w = π/q of independent draws say, summed up as they come: the ELBO (mean log w), the
 * effective size (Σw)²/Σw², and λ̂ under the posterior instead of under q, Σ w·llc/Σw.
 *
 * Sums are kept relative to the largest weight so far. Draws whose weight is not finite are left out.
 */

import { arrayIn } from "../chains/snapshot-fields.ts";
import type { Snapshot, TunedSettings } from "../sampler.ts";

/** Mutable; order of draws matters to the last bit. */
export class WeightTally {
  /** Largest log w, then Σw, Σw², Σw·llc relative to it, Σ log w, and the number of draws. */
  readonly #sums = Float64Array.of(Number.NEGATIVE_INFINITY, 0, 0, 0, 0, 0);

  /** Takes in one draw: log π − log q (the constant of π matters to the ELBO alone) and its llc. */
  add(logWeight: number, llc: number): void {
    if (!Number.isFinite(logWeight)) return;
    const sums = this.#sums;
    if (logWeight > sums[0]) {
      const shrink = Math.exp(sums[0] - logWeight);
      sums[0] = logWeight;
      sums[1] *= shrink;
      sums[2] *= shrink * shrink;
      sums[3] *= shrink;
    }
    const weight = Math.exp(logWeight - sums[0]);
    sums[1] += weight;
    sums[2] += weight * weight;
    sums[3] += weight * llc;
    sums[4] += logWeight;
    sums[5]++;
  }

  /** NaN before the first finite draw. */
  summary(): TunedSettings {
    const [, total, squares, weighted, logs, count] = this.#sums;
    return {
      elbo: logs / count,
      importance_ess: (total * total) / squares,
      importance_llc: weighted / total,
    };
  }

  snapshot(): Snapshot {
    return { weightTally: this.#sums.slice() };
  }

  /** @throws TRACE_INVALID if the entry is missing. */
  restore(snapshot: Snapshot): void {
    this.#sums.set(arrayIn(snapshot, "weightTally", this.#sums.length));
  }
}
