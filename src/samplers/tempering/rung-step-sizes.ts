/**
 * One step size a rung, learnt by dual averaging from the walkers that are there.
 *
 * They begin at ε·β^(−1/2), the scaling of a Gaussian whose width is all likelihood. The reference rung has none: its walkers are
 * drawn, not moved, and its step is 0.
 */
import {
  averagedStepSize,
  currentStepSize,
  type DualAveraging,
  dualAveragingEntries,
  dualAveragingIn,
  startDualAveraging,
  updateDualAveraging,
} from "../adaptation/dual-averaging.ts";
import type { Snapshot } from "../sampler.ts";
import { arrayIn } from "../snapshot-fields.ts";
import { monotoneCubic } from "./monotone-cubic.ts";

/** ε at each rung for a common factor: proportional to β^(−1/2), 0 at β = 0. */
export const scaledStepSizes = (stepSize: number, betas: Float64Array): Float64Array =>
  betas.map((beta) => (beta > 0 ? stepSize / Math.sqrt(beta) : 0));

const startAverages = (values: Float64Array): readonly DualAveraging[] =>
  Array.from(values, (value) => startDualAveraging(value > 0 ? value : 1));

/** Mutable step sizes; `values` are to be used in the next scan. */
export class RungStepSizes {
  /** ε of each rung, shape (K). */
  values: Float64Array;
  #averages: readonly DualAveraging[];

  constructor(stepSize: number, betas: Float64Array) {
    this.values = scaledStepSizes(stepSize, betas);
    this.#averages = startAverages(this.values);
  }

  /** Begins anew at `values`, which keeps 0 where it is. */
  restart(values: Float64Array): void {
    this.values = values.slice();
    this.#averages = startAverages(values);
  }

  /** @param acceptance mean over the walkers of each rung, shape (K); NaN counts as 0. */
  update(acceptance: Float64Array, target: number): void {
    this.#averages = this.#averages.map((state, rung) =>
      updateDualAveraging(state, acceptance[rung], target),
    );
    this.values = this.values.map((value, rung) => (value === 0 ? 0 : currentStepSize(this.#averages[rung])));
  }

  /** What dual averaging would use for good, shape (K). */
  averaged(): Float64Array {
    return this.values.map((value, rung) => (value === 0 ? 0 : averagedStepSize(this.#averages[rung])));
  }

  snapshot(): Snapshot {
    const names = Object.keys(dualAveragingEntries(startDualAveraging(1)));
    const entries = names.map((name) => [
      `rungs.${name}`,
      Float64Array.from(this.#averages, (state) => dualAveragingEntries(state)[name] as number),
    ]);
    return { ...(Object.fromEntries(entries) as Snapshot), "rungs.stepSize": this.values.slice() };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    const names = Object.keys(dualAveragingEntries(startDualAveraging(1)));
    const numRungs = this.values.length;
    const columns = names.map((name) => [name, arrayIn(snapshot, `rungs.${name}`, numRungs)] as const);
    this.values = arrayIn(snapshot, "rungs.stepSize", numRungs);
    this.#averages = Array.from(this.values, (_, rung) =>
      dualAveragingIn(Object.fromEntries(columns.map(([name, column]) => [name, column[rung]]))),
    );
  }
}

/** Step sizes carried from one ladder to another: log ε as a monotone curve of log β. @param to same ends as `from`. */
export const carriedStepSizes = (
  stepSizes: Float64Array,
  from: Float64Array,
  to: Float64Array,
): Float64Array => {
  const known = Array.from(from.keys()).filter((rung) => stepSizes[rung] > 0);
  if (known.length < 2) return to.map((beta) => (beta > 0 ? stepSizes[0] : 0));
  const curve = monotoneCubic({
    x: known.map((rung) => -Math.log(from[rung])),
    y: known.map((rung) => Math.log(stepSizes[rung])),
  });
  return to.map((beta) => (beta > 0 ? Math.exp(curve(-Math.log(beta))) : 0));
};
