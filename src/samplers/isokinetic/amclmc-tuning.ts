/**
 * Warmup of `amclmc`: step size ε, preconditioner V, and mean length L of trajectories, from all chains together.
 *
 * - `windows`: as `hmc` does, dual averaging of ε and V from slow windows. Until the first V is known L is ten steps: the
 *   posterior's size is not known yet. Then L = `lengthFactor`·√d with preconditioning, else `lengthFactor`·√ΣV.
 * - `lengths`: nothing adapts; autocorrelation time τ in transitions, then L ← ½·L·τ, at most doubled, at least halved;
 *   left as it is if fewer than ten effective transitions a chain were seen.
 * - `retune`: ε by dual averaging at that L (the other order left ε wrong for the final L).
 * ε never exceeds L/2, so that a trajectory has at least two steps on average: with one it would be MALA.
 *
 * Source: BlackJAX, `adjusted_mclmc_adaptation.py`, with the corrections of its issues 939 to 941.
 */
import {
  averagedStepSize,
  currentStepSize,
  type DualAveraging,
  dualAveragingEntries,
  dualAveragingIn,
  limitDualAveraging,
  startDualAveraging,
  updateDualAveraging,
} from "../adaptation/dual-averaging.ts";
import { PositionRecords } from "../adaptation/position-records.ts";
import { type Tunable, WindowAdaptation } from "../adaptation/window-adaptation.ts";
import { numberIn, sentencesEntry, sentencesIn } from "../chains/snapshot-fields.ts";
import { type Stage, stageAt } from "../chains/stages.ts";
import type { Snapshot } from "../sampler.ts";
import { type AmclmcSettings, type AmclmcStage, amclmcStages } from "./amclmc-settings.ts";

/** Mean number of steps of a trajectory while the posterior's size is unknown. */
const stepsOfUnknownSize = 10;
/** Most steps of a mean trajectory: bounds the cost of a step size that is still far too small. */
const mostSteps = 1000;
/** Effective transitions a chain below which an autocorrelation time is noise. */
const leastEffectiveTransitions = 10;

interface Shape {
  readonly numChains: number;
  readonly dim: number;
}

/** ε, L and V. Mutable. */
export class AmclmcTuning {
  readonly warnings: string[] = [];
  readonly #settings: AmclmcSettings;
  readonly #stages: readonly Stage<AmclmcStage>[];
  readonly #tunable: Tunable;
  readonly #windows: WindowAdaptation;
  readonly #records: PositionRecords;
  /** L; null while the posterior's size is unknown. */
  #length: number | null;
  #retuning: DualAveraging;
  /** ε after the windows; null during them. */
  #stepSize: number | null = null;

  /** @param tunable the kernel; its `setInverseMass` takes the preconditioner V. */
  constructor(settings: AmclmcSettings, shape: Shape, tunable: Tunable) {
    const { L, warmup, diagonalPreconditioning, preconditionerFloor } = settings;
    this.#settings = settings;
    this.#stages = amclmcStages(settings);
    const [windows, lengths] = this.#stages;
    this.#windows = new WindowAdaptation({
      ...settings,
      ...shape,
      numWarmup: windows.count,
      adaptMassMatrix: diagonalPreconditioning || L === null,
      massMatrixFloor: preconditionerFloor,
    });
    this.#records = new PositionRecords({ ...shape, numRecords: lengths.count });
    this.#length = diagonalPreconditioning && warmup > 0 ? null : L;
    this.#retuning = startDualAveraging(settings.stepSize);
    this.#tunable = {
      ...tunable,
      setInverseMass: (inverseMass) => this.#adopt(inverseMass, tunable),
      largestStepSize: () => this.#largestStepSize,
    };
  }

  /** ε of the next transition. */
  get stepSize(): number {
    const stepSize = this.#stepSize ?? this.#windows.stepSize;
    return Math.min(stepSize, this.#largestStepSize);
  }

  get #largestStepSize(): number {
    return this.#length === null ? Number.POSITIVE_INFINITY : this.#length / 2;
  }

  /** L of the next transition. */
  get decoherenceLength(): number {
    return this.#length ?? stepsOfUnknownSize * this.stepSize;
  }

  /** Mean number of steps of the next trajectory, ≥ 1. */
  get meanNumSteps(): number {
    return Math.min(mostSteps, Math.max(1, this.decoherenceLength / this.stepSize));
  }

  /** Variances that the preconditioner is made of, shape (dim); 1 without. */
  get variances(): Float64Array {
    const { inverseMass } = this.#windows;
    return this.#settings.diagonalPreconditioning ? inverseMass : inverseMass.map(() => 1);
  }

  /** Before the first transition. */
  begin(): Promise<void> {
    return this.#windows.begin(this.#tunable);
  }

  /** After the `index`-th transition of warmup. @param acceptance mean probability over chains. */
  async update(index: number, acceptance: number): Promise<void> {
    const { name, isLast } = stageAt(this.#stages, index);
    if (name === "windows") {
      await this.#windows.update(this.#tunable, index, acceptance);
      if (isLast) this.#endWindows();
    } else if (name === "lengths") {
      this.#records.add(await this.#tunable.positions());
      if (isLast) this.#adoptLength();
    } else {
      this.#retune(acceptance, isLast);
    }
  }

  #adopt(variances: Float64Array, kernel: Tunable): void {
    const { diagonalPreconditioning, L, lengthFactor } = this.#settings;
    if (diagonalPreconditioning) kernel.setInverseMass(variances);
    const size = diagonalPreconditioning
      ? variances.length
      : variances.reduce((sum, value) => sum + value, 0);
    this.#length = L ?? lengthFactor * Math.sqrt(size);
  }

  #endWindows(): void {
    // A user's L holds in the final coordinates, also where no variance could be learnt.
    this.#length ??= this.#settings.L;
    this.#stepSize = this.#windows.stepSize;
    this.#retuning = startDualAveraging(this.stepSize);
  }

  #adoptLength(): void {
    const time = this.#records.meanAutocorrelationTime();
    const numRecords = this.#stages[1].count;
    if (this.#length === null || !(numRecords >= leastEffectiveTransitions * time)) {
      this.warnings.push(
        `amclmc: L was not refined, because its stage saw fewer than ${leastEffectiveTransitions} effective transitions a chain; raise warmup or frac_tune3.`,
      );
      return;
    }
    this.#length *= Math.min(2, Math.max(0.5, 0.5 * time));
    this.#retuning = startDualAveraging(this.stepSize);
  }

  #retune(acceptance: number, isLast: boolean): void {
    if (!this.#settings.adaptStepSize) return;
    const { targetAcceptance } = this.#settings;
    this.#retuning = limitDualAveraging(
      updateDualAveraging(this.#retuning, acceptance, targetAcceptance),
      this.#largestStepSize,
    );
    this.#stepSize = isLast ? averagedStepSize(this.#retuning) : currentStepSize(this.#retuning);
  }

  snapshot(): Snapshot {
    const retuning = Object.entries(dualAveragingEntries(this.#retuning));
    return {
      ...this.#windows.snapshot(),
      ...this.#records.snapshot(),
      ...Object.fromEntries(retuning.map(([name, value]) => [`retuning.${name}`, value])),
      tuningLength: this.#length ?? Number.NaN,
      tuningStepSize: this.#stepSize ?? Number.NaN,
      tuningWarnings: sentencesEntry(this.warnings),
    };
  }

  /** Also hands V to the kernel. @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    const numberOrNull = (name: string): number | null => {
      const value = numberIn(snapshot, name);
      return Number.isNaN(value) ? null : value;
    };
    const retuning = Object.entries(snapshot).filter(([name]) => name.startsWith("retuning."));
    this.#windows.restore(this.#tunable, snapshot);
    this.#records.restore(snapshot);
    this.#retuning = dualAveragingIn(
      Object.fromEntries(retuning.map(([name, value]) => [name.slice("retuning.".length), value])),
    );
    this.#length = numberOrNull("tuningLength");
    this.#stepSize = numberOrNull("tuningStepSize");
    this.warnings.splice(0, this.warnings.length, ...sentencesIn(snapshot, "tuningWarnings"));
  }
}
