/**
 * Warmup of `rwmh`: the scale s of the walk and the shape of its noise, learnt from all chains together.
 *
 * s follows Robbins–Monro in every transition of warmup. In the slow windows of `windowSchedule` positions are
 * accumulated; at a slow window's end the shape (standard deviations, or a Cholesky factor) is published and the search
 * of s begins anew at 2.38/√d. After the last transition nothing adapts, so draws come from a fixed kernel.
 */
import {
  addDenseRows,
  createDenseMoments,
  type DenseMoments,
  denseMomentsEntries,
  regularisedFactor,
  resetDenseMoments,
  restoreDenseMoments,
} from "../adaptation/dense-covariance.ts";
import {
  idealWalkScale,
  type ScaleSearch,
  scaleSearchEntries,
  scaleSearchIn,
  startScaleSearch,
  updateScaleSearch,
} from "../adaptation/robbins-monro.ts";
import {
  addRows,
  createWelford,
  regularisedVariance,
  resetWelford,
  restoreWelford,
  type Welford,
  welfordEntries,
} from "../adaptation/welford.ts";
import { type AdaptationWindow, windowSchedule } from "../adaptation/window-schedule.ts";
import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";

/** Covariance of the noise up to s²: identity, diagonal or full. */
export type WalkCovariance = "none" | "diagonal" | "dense";

/** What warmup is told. */
export interface WalkAdaptationSettings {
  /** Length of warmup in transitions. */
  readonly warmup: number;
  readonly adaptStepSize: boolean;
  readonly covariance: WalkCovariance;
  readonly targetAcceptance: number;
  /** Unitless; see `regularisedVariance`. */
  readonly covarianceFloor: number;
  readonly numChains: number;
  readonly dim: number;
}

/** Mutable state of warmup. */
export class WalkAdaptation {
  /** s of the next transition. */
  stepSize: number;
  /** Standard deviations (dim) for `none` and `diagonal`; lower Cholesky factor (dim, dim) for `dense`. */
  shape: Float64Array;
  readonly #settings: WalkAdaptationSettings;
  readonly #windows: readonly AdaptationWindow[];
  readonly #variance: Welford;
  readonly #dense: DenseMoments;
  #search: ScaleSearch;

  constructor(settings: WalkAdaptationSettings, stepSize: number) {
    const { dim, covariance, warmup, numChains } = settings;
    const isDense = covariance === "dense";
    this.#settings = settings;
    this.#windows = windowSchedule(warmup, numChains);
    this.#variance = createWelford(isDense ? 0 : dim);
    this.#dense = createDenseMoments(isDense ? dim : 0);
    this.shape = isDense ? identity(dim) : new Float64Array(dim).fill(1);
    this.stepSize = stepSize;
    this.#search = startScaleSearch(stepSize);
  }

  /** Adopts a step size found by trial, from which the search goes on. */
  restartAt(stepSize: number): void {
    this.stepSize = stepSize;
    this.#search = startScaleSearch(stepSize);
  }

  /**
   * After the `index`-th transition of warmup.
   *
   * @param acceptance mean probability over chains.
   * @param positions of all chains, (numChains, dim); asked for in slow windows only.
   */
  async update(index: number, acceptance: number, positions: () => Promise<Float64Array>): Promise<void> {
    const { adaptStepSize, covariance, targetAcceptance } = this.#settings;
    if (adaptStepSize) {
      this.#search = updateScaleSearch(this.#search, acceptance, targetAcceptance);
      this.stepSize = this.#search.scale;
    }
    const window = this.#windows.find(({ start, end }) => start <= index && index < end);
    if (covariance === "none" || window?.isSlow !== true) return;
    const rows = await positions();
    if (covariance === "dense") addDenseRows(this.#dense, rows);
    else addRows(this.#variance, rows);
    if (index + 1 === window.end) this.#publish();
  }

  #publish(): void {
    const { covarianceFloor: floor, covariance, adaptStepSize, dim } = this.#settings;
    const shape =
      covariance === "dense"
        ? regularisedFactor(this.#dense, floor)
        : (regularisedVariance(this.#variance, { floor })?.map(Math.sqrt) ?? null);
    resetWelford(this.#variance);
    resetDenseMoments(this.#dense);
    if (shape === null) return;
    this.shape = shape;
    if (adaptStepSize) this.restartAt(idealWalkScale(dim));
  }

  /** The state as snapshot entries; `restore` reads them back. */
  snapshot(): Snapshot {
    return {
      ...welfordEntries(this.#variance),
      ...denseMomentsEntries(this.#dense),
      ...scaleSearchEntries(this.#search),
      stepSize: this.stepSize,
      shape: this.shape.slice(),
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    restoreWelford(this.#variance, snapshot);
    restoreDenseMoments(this.#dense, snapshot);
    this.#search = scaleSearchIn(snapshot);
    this.stepSize = numberIn(snapshot, "stepSize");
    this.shape = arrayIn(snapshot, "shape", this.shape.length);
  }
}

const identity = (dim: number): Float64Array => {
  const matrix = new Float64Array(dim * dim);
  for (let i = 0; i < dim; i++) matrix[i * dim + i] = 1;
  return matrix;
};
