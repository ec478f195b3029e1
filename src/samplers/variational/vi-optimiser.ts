/**
 * Adam, climbing: the optimiser of `vi`, with its learning-rate schedules and gradient clipping.
 *
 * m ← b1·m + (1 − b1)g, v ← b2·v + (1 − b2)g², θ ← θ + lr·m̂/(√v̂ + 1e-8), m̂ = m/(1 − b1^t), v̂ = v/(1 − b2^t).
 *
 * Source: Kingma & Ba (2015).
 */

import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";

const beta1 = 0.9;
const beta2 = 0.999;
const denominatorFloor = 1e-8;

/** Rates over the steps of a fit. */
export interface Schedule {
  readonly lr: number;
  /** null is constant. */
  readonly lrSchedule: null | "constant" | "cosine" | "linear_decay";
  /** Share of the steps over which the rate first rises linearly. */
  readonly lrWarmupFrac: number;
  readonly steps: number;
}

/**
 * Rate of step t = 0 … steps − 1: a linear rise to `lr` over W = ⌊lrWarmupFrac·steps⌋ steps, then constant, or falling
 * from `lr` at t = W towards 0 at t = steps (which is never taken): cosine, lr·½(1 + cos πx), or linear, lr·(1 − x),
 * x = (t − W)/(steps − W).
 */
export const learningRateAt = ({ lr, lrSchedule, lrWarmupFrac, steps }: Schedule, step: number): number => {
  const rise = Math.floor(lrWarmupFrac * steps);
  if (step < rise) return (lr * (step + 1)) / rise;
  const elapsed = (step - rise) / (steps - rise);
  if (lrSchedule === "cosine") return lr * 0.5 * (1 + Math.cos(Math.PI * elapsed));
  return lrSchedule === "linear_decay" ? lr * (1 - elapsed) : lr;
};

/** Shortens `gradient` to length `bound` if it is longer, in place; null: never. Returns its length before. */
export const clipNorm = (gradient: Float64Array, bound: number | null): number => {
  let square = 0;
  for (let i = 0; i < gradient.length; i++) square += gradient[i] * gradient[i];
  const norm = Math.sqrt(square);
  if (bound === null || !(norm > bound)) return norm;
  for (let i = 0; i < gradient.length; i++) gradient[i] *= bound / norm;
  return norm;
};

/** Moments of one fit. Mutable. */
export class AdamAscent {
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  #count = 0;

  /** @param size number of parameters. */
  constructor(size: number) {
    this.#first = new Float64Array(size);
    this.#second = new Float64Array(size);
  }

  /** One step up `gradient`, in place on `values`. */
  climb(values: Float64Array, gradient: Float64Array, rate: number): void {
    const first = this.#first;
    const second = this.#second;
    this.#count++;
    const firstScale = rate / (1 - beta1 ** this.#count);
    const secondScale = 1 / (1 - beta2 ** this.#count);
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i];
      first[i] += (1 - beta1) * (g - first[i]);
      second[i] += (1 - beta2) * (g * g - second[i]);
      values[i] += (firstScale * first[i]) / (Math.sqrt(secondScale * second[i]) + denominatorFloor);
    }
  }

  /** Snapshot entries whose names begin with `prefix`. */
  snapshot(prefix: string): Snapshot {
    return {
      [`${prefix}First`]: this.#first.slice(),
      [`${prefix}Second`]: this.#second.slice(),
      [`${prefix}Count`]: this.#count,
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another size. */
  restore(snapshot: Snapshot, prefix: string): void {
    this.#first.set(arrayIn(snapshot, `${prefix}First`, this.#first.length));
    this.#second.set(arrayIn(snapshot, `${prefix}Second`, this.#second.length));
    this.#count = numberIn(snapshot, `${prefix}Count`);
  }
}
