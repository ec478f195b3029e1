/** Settings of `mclmc`, their checks, and the stages of tuning that they ask for. */

import { requireInteger, requirePositive, requireSetting } from "../chains/require-setting.ts";
import type { Stage } from "../chains/stages.ts";
import type { IsokineticIntegrator } from "./isokinetic.ts";

export interface MclmcSettings {
  /** Recorded draws a chain. */
  readonly draws: number;
  /** Steps after tuning and before the first draw, dropped. */
  readonly warmup: number;
  /** Integrator steps a recorded draw. */
  readonly stepsPerDraw: number;
  /** L, decoherence length, in the units of `stepSize`; null: tuned. */
  readonly L: number | null;
  /** ε; null: tuned. In posterior standard deviations if `diagonalPreconditioning`, else in weights. */
  readonly stepSize: number | null;
  readonly integrator: "isokinetic_mclachlan" | "isokinetic_velocity_verlet";
  /** Whether coordinates are scaled by the standard deviations that tuning saw. */
  readonly diagonalPreconditioning: boolean;
  /** Budget of tuning, in steps; each phase takes its fraction. */
  readonly numSteps: number;
  /** Phase 1: step size. */
  readonly fracTune1: number;
  /** Phase 2: variances, hence L and the preconditioner. */
  readonly fracTune2: number;
  /** Phase 3: L from the autocorrelation time. 0: not done. */
  readonly fracTune3: number;
  /** Wanted energy-error variance per dimension, unitless; the bias of the draws grows with it. */
  readonly desiredEnergyVar: number;
  readonly trustInEstimate: number;
  readonly numEffectiveSamples: number;
}

/** `explore`, `spread`, `refine`: phases 1, 2 and 2's second half; `lengths`: phase 3; `settle`: dropped steps. */
export type MclmcStage = "explore" | "spread" | "refine" | "lengths" | "settle";

/** The integrator's name in the equations. */
export const integratorOf = ({ integrator }: MclmcSettings): IsokineticIntegrator =>
  integrator === "isokinetic_mclachlan" ? "mclachlan" : "leapfrog";

/** True if variances are needed: for the preconditioner or for L. */
const needsSpread = (settings: MclmcSettings): boolean =>
  settings.diagonalPreconditioning || settings.L === null;

/** True if ε must be found in the coordinates of the weights, be it only to explore them. */
const needsExploration = (settings: MclmcSettings): boolean =>
  settings.diagonalPreconditioning || settings.stepSize === null;

/**
 * Warmup in order. Units are single steps while step sizes adapt, then records of `stepsPerDraw` steps.
 * A stage that has nothing to find out has no units.
 */
export const mclmcStages = (settings: MclmcSettings): readonly Stage<MclmcStage>[] => {
  const { numSteps, fracTune1, fracTune2, fracTune3, warmup, stepsPerDraw } = settings;
  const explores = needsExploration(settings);
  const spreads = explores || needsSpread(settings);
  const refines = settings.diagonalPreconditioning && settings.stepSize === null;
  return [
    { name: "explore", count: explores ? Math.floor(fracTune1 * numSteps) + 1 : 0 },
    { name: "spread", count: spreads ? Math.floor(fracTune2 * numSteps) + 1 : 0 },
    { name: "refine", count: refines ? Math.floor((fracTune2 * numSteps) / 3) + 1 : 0 },
    {
      name: "lengths",
      count: settings.L === null ? Math.floor((fracTune3 * numSteps) / lengthsThinning(settings)) : 0,
    },
    { name: "settle", count: Math.ceil(warmup / stepsPerDraw) },
  ];
};

/** Most positions a chain that phase 3 keeps; thinning hides autocorrelation times shorter than itself. */
const maxLengthRecords = 1024;

/** Steps between the positions that phase 3 keeps, at least 1. */
export const lengthsThinning = ({ fracTune3, numSteps }: MclmcSettings): number =>
  Math.max(1, Math.ceil((fracTune3 * numSteps) / maxLengthRecords));

/** @throws CONFIG_INVALID on settings out of range. */
export const checkMclmcSettings = (settings: MclmcSettings, dim: number): void => {
  requireInteger("mclmc.draws", settings.draws, 1);
  requireInteger("mclmc.warmup", settings.warmup, 0);
  requireInteger("mclmc.steps_per_draw", settings.stepsPerDraw, 1);
  requireInteger("mclmc.num_steps", settings.numSteps, 1);
  if (settings.L !== null) requirePositive("mclmc.L", settings.L);
  if (settings.stepSize !== null) requirePositive("mclmc.step_size", settings.stepSize);
  requirePositive("mclmc.desired_energy_var", settings.desiredEnergyVar);
  requirePositive("mclmc.trust_in_estimate", settings.trustInEstimate);
  requireSetting(settings.numEffectiveSamples > 1 && Number.isFinite(settings.numEffectiveSamples), {
    name: "mclmc.num_effective_samples",
    value: settings.numEffectiveSamples,
    expected: "a number greater than 1",
  });
  const isKnown = ["isokinetic_mclachlan", "isokinetic_velocity_verlet"].includes(settings.integrator);
  requireSetting(isKnown, {
    name: "mclmc.integrator",
    value: settings.integrator,
    expected: "isokinetic_mclachlan or isokinetic_velocity_verlet",
  });
  requireSetting(dim >= 2, {
    name: "mclmc",
    value: `${dim} parameter`,
    expected: "a model of at least 2 parameters (a unit vector in one dimension cannot turn); use hmc",
  });
  checkFractions(settings);
};

const checkFractions = (settings: MclmcSettings): void => {
  const fractions = [settings.fracTune1, settings.fracTune2, settings.fracTune3];
  fractions.forEach((value, i) =>
    requireSetting(value >= 0 && value <= 1, {
      name: `mclmc.frac_tune${i + 1}`,
      value,
      expected: "a number from 0 to 1",
    }),
  );
  const total = fractions[0] + fractions[1] + fractions[2];
  requireSetting(total <= 1 + 1e-12, {
    name: "mclmc.frac_tune1 + frac_tune2 + frac_tune3",
    value: total,
    expected: "at most 1",
  });
  requireSetting(!needsExploration(settings) || fractions[0] > 0, {
    name: "mclmc.frac_tune1",
    value: fractions[0],
    expected: "more than 0 unless step_size is given and diagonal_preconditioning is off",
  });
  requireSetting(!needsSpread(settings) || fractions[1] > 0, {
    name: "mclmc.frac_tune2",
    value: fractions[1],
    expected: "more than 0 unless L is given and diagonal_preconditioning is off",
  });
};
