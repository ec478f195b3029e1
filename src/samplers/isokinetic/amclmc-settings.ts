/** Settings of `amclmc`, their checks, and the stages of its warmup. */

import { requirePositive, requireSetting } from "../chains/require-setting.ts";
import type { Stage } from "../chains/stages.ts";
import { checkRunLength, requireFloor, requireTarget } from "../hamiltonian/adapted-hamiltonian.ts";
import type { IsokineticIntegrator } from "./isokinetic.ts";

export interface AmclmcSettings {
  /** Recorded draws a chain. */
  readonly draws: number;
  /** Adapting transitions, dropped. Below 20 only the step size adapts; with 0 nothing does. */
  readonly warmup: number;
  /** Transitions a recorded draw. */
  readonly thinning: number;
  /** L, mean length of a trajectory in the units of `stepSize`; null: tuned. */
  readonly L: number | null;
  /** ε to start from, or the fixed one. In posterior standard deviations if `diagonalPreconditioning`, else in weights. */
  readonly stepSize: number;
  readonly adaptStepSize: boolean;
  /** Whether coordinates are scaled by the standard deviations that warmup saw. */
  readonly diagonalPreconditioning: boolean;
  readonly integrator: "isokinetic_mclachlan" | "isokinetic_velocity_verlet";
  /** Mean acceptance over chains that ε aims at, in (0, 1). */
  readonly targetAcceptance: number;
  /** L in units of the posterior's size √ΣV. */
  readonly lengthFactor: number;
  /** Share of warmup that refines L from autocorrelation times, and the same again for ε at that L; below ½. */
  readonly fracTune3: number;
  /** Regularisation of V relative to the posterior's own scale, unitless. */
  readonly preconditionerFloor: number;
}

/** `windows`: ε and V; `lengths`: L; `retune`: ε again. */
export type AmclmcStage = "windows" | "lengths" | "retune";

/** The integrator's name in the equations. */
export const integratorOf = ({ integrator }: Pick<AmclmcSettings, "integrator">): IsokineticIntegrator =>
  integrator === "isokinetic_mclachlan" ? "mclachlan" : "leapfrog";

/** Warmup in order, one transition a unit. */
export const amclmcStages = ({ warmup, fracTune3, L }: AmclmcSettings): readonly Stage<AmclmcStage>[] => {
  const count = L === null ? Math.floor(fracTune3 * warmup) : 0;
  return [
    { name: "windows", count: warmup - 2 * count },
    { name: "lengths", count },
    { name: "retune", count },
  ];
};

/** @throws CONFIG_INVALID on settings out of range. */
export const checkAmclmcSettings = (settings: AmclmcSettings, dim: number): void => {
  const { L, integrator, fracTune3 } = settings;
  checkRunLength("amclmc", settings);
  if (L !== null) requirePositive("amclmc.L", L);
  requirePositive("amclmc.step_size", settings.stepSize);
  requirePositive("amclmc.length_factor", settings.lengthFactor);
  requireTarget("amclmc.target_acceptance", settings.targetAcceptance);
  requireFloor("amclmc.preconditioner_floor", settings.preconditionerFloor);
  requireSetting(["isokinetic_mclachlan", "isokinetic_velocity_verlet"].includes(integrator), {
    name: "amclmc.integrator",
    value: integrator,
    expected: "isokinetic_mclachlan or isokinetic_velocity_verlet",
  });
  requireSetting(fracTune3 >= 0 && fracTune3 < 0.5, {
    name: "amclmc.frac_tune3",
    value: fracTune3,
    expected: "a number of at least 0 and less than 0.5",
  });
  requireSetting(dim >= 2, {
    name: "amclmc",
    value: `${dim} parameter`,
    expected: "a model of at least 2 parameters (a unit vector in one dimension cannot turn); use hmc",
  });
};
