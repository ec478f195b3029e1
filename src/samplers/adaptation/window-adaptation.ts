/**
 * Warmup of a trajectory sampler: one step size and one diagonal mass matrix, learnt from all chains together.
 *
 * States, in order of `windowSchedule`:
 * - fast window: after each transition the mean acceptance over chains goes to dual averaging;
 * - slow window: the same, and all positions go to the pooled variance; at its end the inverse mass is published, the
 *   variance emptied, the step size searched anew and dual averaging restarted;
 * - after the last window: the averaged step size; nothing adapts any more, so draws come from a fixed kernel.
 */
import type { Snapshot } from "../sampler.ts";
import { arrayIn, numberIn } from "../snapshot-fields.ts";
import type { DualAveraging } from "./dual-averaging.ts";
import {
  averagedStepSize,
  currentStepSize,
  dualAveragingEntries,
  dualAveragingIn,
  limitDualAveraging,
  startDualAveraging,
  updateDualAveraging,
} from "./dual-averaging.ts";
import { searchStepSize } from "./step-size-search.ts";
import type { Welford } from "./welford.ts";
import {
  addRows,
  createWelford,
  regularisedVariance,
  resetWelford,
  restoreWelford,
  welfordEntries,
} from "./welford.ts";
import type { AdaptationWindow } from "./window-schedule.ts";
import { windowSchedule } from "./window-schedule.ts";

export interface WindowAdaptationSettings {
  /** Length of warmup in transitions. */
  readonly numWarmup: number;
  readonly numChains: number;
  readonly dim: number;
  /** ε to start from. */
  readonly stepSize: number;
  readonly adaptStepSize: boolean;
  readonly adaptMassMatrix: boolean;
  readonly targetAcceptance: number;
  /** Unitless; see `regularisedVariance`. */
  readonly massMatrixFloor: number;
}

/** What warmup needs of the kernel that it tunes. */
export interface Tunable {
  /** Mean acceptance over chains of one leapfrog step with fresh momenta, nothing kept. */
  readonly probe: (stepSize: number) => Promise<number>;
  /** Positions of all chains, (numChains, dim). */
  readonly positions: () => Promise<Float64Array>;
  readonly setInverseMass: (inverseMass: Float64Array) => void;
  /** Upper limit of the step size at this moment, > 0. Absent: none. */
  readonly largestStepSize?: () => number;
}

/** Mutable state of warmup. `stepSize` and `inverseMass` are to be used in the next transition. */
export class WindowAdaptation {
  stepSize: number;
  /** V, shape (dim). */
  inverseMass: Float64Array;
  readonly #settings: WindowAdaptationSettings;
  readonly #windows: readonly AdaptationWindow[];
  readonly #variance: Welford;
  #averaging: DualAveraging;

  constructor(settings: WindowAdaptationSettings) {
    this.#settings = settings;
    this.#windows = windowSchedule(settings.numWarmup, settings.numChains);
    this.#variance = createWelford(settings.dim);
    this.#averaging = startDualAveraging(settings.stepSize);
    this.stepSize = settings.stepSize;
    this.inverseMass = new Float64Array(settings.dim).fill(1);
  }

  /** Before the first transition: searches a step size, unless there is no warmup. */
  async begin(kernel: Tunable): Promise<void> {
    if (this.#settings.numWarmup > 0) await this.#restartStepSize(kernel);
  }

  /** After the `index`-th transition of warmup. @param acceptance mean probability over chains; NaN counts as 0. */
  async update(kernel: Tunable, index: number, acceptance: number): Promise<void> {
    const { adaptStepSize, adaptMassMatrix, targetAcceptance, numWarmup } = this.#settings;
    if (adaptStepSize) {
      this.#averaging = limitDualAveraging(
        updateDualAveraging(this.#averaging, acceptance, targetAcceptance),
        kernel.largestStepSize?.() ?? Number.POSITIVE_INFINITY,
      );
      this.stepSize = currentStepSize(this.#averaging);
    }
    const window = this.#windows.find(({ start, end }) => start <= index && index < end);
    if (adaptMassMatrix && window?.isSlow === true) {
      addRows(this.#variance, await kernel.positions());
      if (index + 1 === window.end) await this.#publishInverseMass(kernel);
    }
    if (adaptStepSize && index + 1 === numWarmup) this.stepSize = averagedStepSize(this.#averaging);
  }

  async #publishInverseMass(kernel: Tunable): Promise<void> {
    const variance = regularisedVariance(this.#variance, { floor: this.#settings.massMatrixFloor });
    resetWelford(this.#variance);
    if (variance === null) return;
    this.inverseMass = variance;
    kernel.setInverseMass(variance);
    if (this.#settings.adaptStepSize) this.stepSize = averagedStepSize(this.#averaging);
    await this.#restartStepSize(kernel);
  }

  async #restartStepSize(kernel: Tunable): Promise<void> {
    if (!this.#settings.adaptStepSize) return;
    const found = await searchStepSize(this.stepSize, (stepSize) => kernel.probe(stepSize));
    this.stepSize = Math.min(found, kernel.largestStepSize?.() ?? found);
    this.#averaging = startDualAveraging(this.stepSize);
  }

  /** The state as snapshot entries; `restore` reads them back. */
  snapshot(): Snapshot {
    return {
      ...dualAveragingEntries(this.#averaging),
      ...welfordEntries(this.#variance),
      stepSize: this.stepSize,
      inverseMass: this.inverseMass.slice(),
    };
  }

  /** Also hands the inverse mass to the kernel. @throws TRACE_INVALID if an entry is missing. */
  restore(kernel: Pick<Tunable, "setInverseMass">, snapshot: Snapshot): void {
    this.#averaging = dualAveragingIn(snapshot);
    restoreWelford(this.#variance, snapshot);
    this.stepSize = numberIn(snapshot, "stepSize");
    this.inverseMass = arrayIn(snapshot, "inverseMass", this.#settings.dim);
    kernel.setInverseMass(this.inverseMass);
  }
}
