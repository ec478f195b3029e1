/**
 * Step sizes over time, as factors of ε, and which steps may be recorded.
 *
 * - `constant`: 1;
 * - `polynomial`: (1 + k/b)^{−κ}: bias that vanishes as the run goes on, at the price of slower and slower chains;
 * - `cyclical`: M cycles of ½(cos(π·r) + 1), r the elapsed share of the cycle: large steps explore, small ones sample; only
 *   steps with r ≥ `exploration` are recorded. Noise is never switched off, so every step is one of SGLD.
 *
 * Step k counts from the first step of warmup. Source: Welling & Teh (2011); Zhang, Li, Zhang, Chen & Wilson (2020).
 */
import { requireInteger, requireSetting } from "../chains/require-setting.ts";

export interface StepSchedule {
  readonly schedule: "constant" | "polynomial" | "cyclical";
  /** κ in (0, 1]; null: 0.55. `polynomial` only. */
  readonly decayPower?: number | null;
  /** b > 0 in steps; null: a hundredth of all steps. `polynomial` only. */
  readonly decayOffset?: number | null;
  /** M ≥ 1; null: 4. `cyclical` only. */
  readonly cycles?: number | null;
  /** Share of each cycle that is not recorded, in [0, 1); null: 0.5. `cyclical` only. */
  readonly exploration?: number | null;
}

const defaults = { decayPower: 0.55, cycles: 4, exploration: 0.5 } as const;

/** Settings that belong to one schedule. */
const ownerOf = {
  decayPower: "polynomial",
  decayOffset: "polynomial",
  cycles: "cyclical",
  exploration: "cyclical",
} as const;
const spelling = {
  decayPower: "decay_power",
  decayOffset: "decay_offset",
  cycles: "cycles",
  exploration: "exploration",
} as const;

/** A schedule over a known number of steps. */
export class StepFactors {
  readonly #schedule: StepSchedule;
  readonly #numSteps: number;

  constructor(schedule: StepSchedule, numSteps: number) {
    this.#schedule = schedule;
    this.#numSteps = numSteps;
  }

  /** Factor of ε at step k, in (0, 1]. */
  at(k: number): number {
    const { schedule, decayPower, decayOffset } = this.#schedule;
    if (schedule === "constant") return 1;
    if (schedule === "cyclical") return (Math.cos(Math.PI * this.#shareOfCycle(k)) + 1) / 2;
    const offset = decayOffset ?? Math.max(1, this.#numSteps / 100);
    return (1 + k / offset) ** -(decayPower ?? defaults.decayPower);
  }

  /** Factors of `count` steps from `first` on. */
  slice(first: number, count: number): Float64Array {
    return Float64Array.from({ length: count }, (_, k) => this.at(first + k));
  }

  /** Whether the state after step k may be recorded. */
  isRecorded(k: number): boolean {
    const { schedule, exploration } = this.#schedule;
    return schedule !== "cyclical" || this.#shareOfCycle(k) >= (exploration ?? defaults.exploration);
  }

  #shareOfCycle(k: number): number {
    const length = Math.ceil(this.#numSteps / (this.#schedule.cycles ?? defaults.cycles));
    return (k % length) / length;
  }
}

/** @param sampler as the user writes it. @throws CONFIG_INVALID on values out of range or of another schedule. */
export const checkStepSchedule = (sampler: string, schedule: StepSchedule): void => {
  requireSetting(["constant", "polynomial", "cyclical"].includes(schedule.schedule), {
    name: `${sampler}.schedule`,
    value: schedule.schedule,
    expected: "constant, polynomial or cyclical",
  });
  for (const key of Object.keys(ownerOf) as (keyof typeof ownerOf)[]) {
    requireSetting((schedule[key] ?? null) === null || schedule.schedule === ownerOf[key], {
      name: `${sampler}.${spelling[key]}`,
      value: schedule[key],
      expected: `null unless schedule is ${ownerOf[key]}`,
    });
  }
  const { decayPower, decayOffset, cycles, exploration } = schedule;
  const within = (value: number | null | undefined, isValid: (number: number) => boolean): boolean =>
    (value ?? null) === null || isValid(value as number);
  requireSetting(
    within(decayPower, (value) => value > 0 && value <= 1),
    {
      name: `${sampler}.decay_power`,
      value: decayPower,
      expected: "a number in (0, 1], or null",
    },
  );
  requireSetting(
    within(decayOffset, (value) => Number.isFinite(value) && value > 0),
    {
      name: `${sampler}.decay_offset`,
      value: decayOffset,
      expected: "a number above 0, or null",
    },
  );
  if ((cycles ?? null) !== null) requireInteger(`${sampler}.cycles`, cycles as number, 1);
  requireSetting(
    within(exploration, (value) => value >= 0 && value < 1),
    {
      name: `${sampler}.exploration`,
      value: exploration,
      expected: "a number in [0, 1), or null",
    },
  );
};

/** Numbers of steps done at which draws are recorded, ascending: every `evalEvery` after warmup, where allowed. */
export const recordedSteps = (
  factors: StepFactors,
  {
    steps,
    warmup,
    evalEvery,
  }: { readonly steps: number; readonly warmup: number; readonly evalEvery: number },
): Float64Array => {
  const count = Math.max(0, Math.floor((steps - warmup) / evalEvery));
  return Float64Array.from({ length: count }, (_, k) => warmup + (k + 1) * evalEvery).filter((done) =>
    factors.isRecorded(done - 1),
  );
};
