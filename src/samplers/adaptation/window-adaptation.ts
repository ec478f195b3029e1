/**
 * Warmup of a trajectory sampler: one step size and one mass matrix, learnt from all chains together.
 *
 * States, in order of `windowSchedule`:
 * - fast window: after each transition the mean acceptance over chains goes to dual averaging;
 * - slow window: the same, and all positions go to the pooled estimate; at its end the mass matrix is published, the
 *   estimate emptied, the step size searched anew and dual averaging restarted;
 * - after the last window: the averaged step size; nothing adapts any more, so draws come from a fixed kernel.
 */

import { numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";
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
import { createMassEstimate, type Mass, type MassEstimate, type MassForm } from "./mass-estimate.ts";
import { searchStepSize } from "./step-size-search.ts";
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
  /** Absent: diagonal. */
  readonly massMatrix?: MassForm;
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
  /** Takes V of a diagonal mass matrix, shape (dim). */
  readonly setInverseMass: (inverseMass: Float64Array) => void;
  /** Takes F of a dense one, shape (dim, dim), V being 1. Needed where `massMatrix` is dense. */
  readonly setFactor?: (factor: Float64Array) => void;
  /** Upper limit of the step size at this moment, > 0. Absent: none. */
  readonly largestStepSize?: () => number;
}

/** Mutable state of warmup. `stepSize` and `mass` are to be used in the next transition. */
export class WindowAdaptation {
  stepSize: number;
  mass: Mass;
  readonly #settings: WindowAdaptationSettings;
  readonly #windows: readonly AdaptationWindow[];
  readonly #estimate: MassEstimate;
  #averaging: DualAveraging;

  constructor(settings: WindowAdaptationSettings) {
    this.#settings = settings;
    this.#windows = windowSchedule(settings.numWarmup, settings.numChains);
    this.#estimate = createMassEstimate(settings.massMatrix ?? "diagonal", settings.dim);
    this.#averaging = startDualAveraging(settings.stepSize);
    this.stepSize = settings.stepSize;
    this.mass = this.#estimate.unit;
  }

  /** V, shape (dim). */
  get inverseMass(): Float64Array {
    return this.mass.inverseMass;
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
      this.#estimate.add(await kernel.positions());
      if (index + 1 === window.end) await this.#publishMass(kernel);
    }
    if (adaptStepSize && index + 1 === numWarmup) this.stepSize = averagedStepSize(this.#averaging);
  }

  async #publishMass(kernel: Tunable): Promise<void> {
    const mass = this.#estimate.take(this.#settings.massMatrixFloor);
    if (mass === null) return;
    this.mass = mass;
    handMass(mass, kernel);
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
      ...this.#estimate.entries(this.mass),
      stepSize: this.stepSize,
    };
  }

  /** Also hands the mass matrix to the kernel. @throws TRACE_INVALID if an entry is missing. */
  restore(kernel: MassTaker, snapshot: Snapshot): void {
    this.#averaging = dualAveragingIn(snapshot);
    this.mass = this.#estimate.restore(snapshot);
    this.stepSize = numberIn(snapshot, "stepSize");
    handMass(this.mass, kernel);
  }
}

type MassTaker = Pick<Tunable, "setInverseMass" | "setFactor">;

const handMass = ({ inverseMass, factor }: Mass, kernel: MassTaker): void => {
  if (factor === null) kernel.setInverseMass(inverseMass);
  else if (kernel.setFactor !== undefined) kernel.setFactor(factor);
  else throw new Error("bug: this kernel takes no dense mass matrix");
};
