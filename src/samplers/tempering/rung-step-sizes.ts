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
import { searchStepSize } from "../adaptation/step-size-search.ts";
import { arrayIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";
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

  /** @param acceptance mean over the walkers of each rung, shape (K); NaN counts as 0. @param targets likewise. */
  update(acceptance: Float64Array, targets: Float64Array): void {
    this.#averages = this.#averages.map((state, rung) =>
      updateDualAveraging(state, acceptance[rung], targets[rung]),
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

/**
 * Scales the step sizes of each kernel's rungs by one factor, that at which a short move is accepted by some 80 % of the
 * walkers there.
 *
 * @param kernels of each rung but the reference.
 * @param acceptanceAt mean over the walkers that move by `kernel`, step sizes of all rungs given.
 */
export const searchedStepSizes = async <Kernel extends string>(
  stepSizes: Float64Array,
  kernels: readonly Kernel[],
  acceptanceAt: (kernel: Kernel, stepSizes: Float64Array) => Promise<number>,
): Promise<Float64Array> => {
  const values = stepSizes.slice();
  for (const kernel of new Set(kernels)) {
    const first = values[kernels.indexOf(kernel)];
    const scaled = (stepSize: number): Float64Array =>
      values.map((value, rung) => (kernels[rung] === kernel ? (value / first) * stepSize : value));
    const found = await searchStepSize(first, (stepSize) => acceptanceAt(kernel, scaled(stepSize)));
    values.set(scaled(found));
  }
  return values;
};

/** Two ladders with the same ends, and the kernel of each rung but the reference. */
export interface LadderChange {
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly kernels: readonly string[];
}

/**
 * Step sizes carried from one ladder to another: log ε as a monotone curve of log β through the rungs of the same kernel;
 * where a kernel has one rung alone, its step size.
 */
export const carriedStepSizes = (
  stepSizes: Float64Array,
  { from, to, kernels }: LadderChange,
): Float64Array => {
  const curves = new Map(
    kernels.map((kernel) => {
      const known = Array.from(from.keys()).filter((rung) => kernels[rung] === kernel);
      return [kernel, curveThrough(known, stepSizes, from)] as const;
    }),
  );
  return to.map((beta, rung) => curves.get(kernels[rung])?.(beta) ?? 0);
};

const curveThrough = (
  rungs: readonly number[],
  stepSizes: Float64Array,
  betas: Float64Array,
): ((beta: number) => number) => {
  if (rungs.length < 2) return () => stepSizes[rungs[0]];
  const curve = monotoneCubic({
    x: rungs.map((rung) => -Math.log(betas[rung])),
    y: rungs.map((rung) => Math.log(stepSizes[rung])),
  });
  return (beta) => Math.exp(curve(-Math.log(beta)));
};
