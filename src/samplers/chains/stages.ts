/** A warmup of several stages, numbered through as the units of `SamplerRun.warmup`. */

/** `count` units that are done in the same way. */
export interface Stage<Name extends string> {
  readonly name: Name;
  readonly count: number;
}

/** Where a unit lies: in which stage, the how manieth of its `count` units, and whether it is the last. */
export interface StagePosition<Name extends string> {
  readonly name: Name;
  readonly offset: number;
  readonly count: number;
  readonly isLast: boolean;
}

/** Units of all stages together. */
export const numUnitsOf = (stages: readonly Stage<string>[]): number =>
  stages.reduce((sum, stage) => sum + stage.count, 0);

/** The stage of unit `index`. @throws bug outside [0, numUnits). */
export const stageAt = <Name extends string>(
  stages: readonly Stage<Name>[],
  index: number,
): StagePosition<Name> => {
  let offset = index;
  for (const { name, count } of stages) {
    if (offset < count) return { name, offset, count, isLast: offset === count - 1 };
    offset -= count;
  }
  throw new Error(`bug: warmup unit ${index} of ${numUnitsOf(stages)}`);
};
