/** Settings of stochastic gradient dynamics with momentum (`sghmc`, `sgnht`): meaning, ranges, and what `null` stands for. */
import { requireInteger, requirePositive, requireSetting } from "../chains/require-setting.ts";

export interface MomentumSettings {
  /** Steps in all, warmup included; what is left over after the last whole draw is not done. */
  readonly steps: number;
  /** Steps dropped; null: a fifth of `steps`, rounded down. */
  readonly warmup: number | null;
  /** Rows of a minibatch, drawn with replacement; null, or not fewer than there are data: all data, once each. */
  readonly batchSize: number | null;
  /** ε, time of one step; null: chosen for a variance 0.5 % too large in the stiffest direction where chains are in warmup. */
  readonly stepSize: number | null;
  /** ε·α: share of its momentum that a chain loses each step to friction, in (0, 1]. */
  readonly friction: number;
  /** Steps a recorded draw. */
  readonly evalEvery: number;
}

export interface SghmcSettings extends MomentumSettings {
  /** β̂: variance of the gradient noise that is already there and need not be injected, ≥ 0. */
  readonly noiseEstimate: number;
}

export type SgnhtSettings = MomentumSettings;

/** Steps dropped, `null` resolved. */
export const momentumWarmupOf = ({ warmup, steps }: MomentumSettings): number =>
  warmup ?? Math.floor(steps / 5);

/** @param sampler as the user writes it. @throws CONFIG_INVALID on settings out of range. */
export const checkMomentumSettings = (sampler: string, settings: MomentumSettings): void => {
  const { steps, batchSize, stepSize, friction, evalEvery } = settings;
  const warmup = momentumWarmupOf(settings);
  requireInteger(`${sampler}.steps`, steps, 1);
  requireInteger(`${sampler}.warmup`, warmup, 0);
  requireInteger(`${sampler}.eval_every`, evalEvery, 1);
  if (batchSize !== null) requireInteger(`${sampler}.batch_size`, batchSize, 1);
  if (stepSize !== null) requirePositive(`${sampler}.step_size`, stepSize);
  requireSetting(friction > 0 && friction <= 1, {
    name: `${sampler}.friction`,
    value: friction,
    expected: "a number in (0, 1]",
  });
  requireSetting(steps - warmup >= evalEvery, {
    name: `${sampler}.steps`,
    value: steps,
    expected: `at least warmup + eval_every = ${warmup + evalEvery}, so that there is a draw`,
  });
};
