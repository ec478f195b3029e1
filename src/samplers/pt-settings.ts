/** Settings of parallel tempering: their meaning, their ranges, and what `null` stands for. */
import { requireInteger, requirePositive, requireSetting } from "./require-setting.ts";
import { checkLadder, type LadderSettings } from "./tempering/ladder.ts";

export interface PtSettings extends LadderSettings {
  /** Recorded draws of each replica, at β = 1. */
  readonly draws: number;
  /** Scans that learn ladder, step sizes and mass matrix; dropped. */
  readonly warmup: number;
  /** Scans a recorded draw. */
  readonly thinning: number;
  /** Transitions of the local kernel between two phases of swaps. */
  readonly localSteps: number;
  /** `hmc` (one leapfrog step: MALA) or `rwmh`. */
  readonly kernel: "hmc" | "rwmh";
  /** hmc: mean leapfrog steps of a transition, ≥ 1; null: `defaultIntegrationSteps`. rwmh has none: null. */
  readonly numIntegrationSteps: number | null;
  /** ε at β = 1, to start from or fixed; other rungs begin with ε·β^(−1/2). */
  readonly stepSize: number;
  readonly adaptStepSize: boolean;
  /** Learns a diagonal mass matrix (rwmh: proposal variances) from the draws at β = 1. */
  readonly adaptMassMatrix: boolean;
  /** Moves the inner rungs in warmup until neighbours swap equally often. */
  readonly adaptLadder: boolean;
  /** Mean acceptance that each rung's step size aims at, in (0, 1); null: 0.8 (hmc) or 0.234 (rwmh). */
  readonly targetAcceptance: number | null;
  /** Regularisation of the mass matrix relative to the posterior's own scale; see `regularisedVariance`. */
  readonly massMatrixFloor: number;
}

export const defaultIntegrationSteps = 8;

/** The acceptance that step sizes aim at. */
export const acceptanceTargetOf = ({ kernel, targetAcceptance }: PtSettings): number =>
  targetAcceptance ?? (kernel === "hmc" ? 0.8 : 0.234);

/** @param gamma of the posterior. @throws CONFIG_INVALID on the first setting out of range. */
export const checkPtSettings = (settings: PtSettings, gamma: number): void => {
  const { kernel, numIntegrationSteps, targetAcceptance, massMatrixFloor } = settings;
  requireInteger("pt.draws", settings.draws, 1);
  requireInteger("pt.warmup", settings.warmup, 0);
  requireInteger("pt.thinning", settings.thinning, 1);
  requireInteger("pt.local_steps", settings.localSteps, 1);
  requirePositive("pt.step_size", settings.stepSize);
  checkLadder(settings);
  requireSetting(kernel === "hmc" || kernel === "rwmh", {
    name: "pt.kernel",
    value: kernel,
    expected: "hmc or rwmh",
  });
  const isLength = numIntegrationSteps !== null && numIntegrationSteps >= 1;
  requireSetting(numIntegrationSteps === null || (kernel === "hmc" && isLength), {
    name: "pt.num_integration_steps",
    value: numIntegrationSteps,
    expected: kernel === "hmc" ? "a number of at least 1, or null" : "null, since rwmh has no trajectories",
  });
  requireSetting(targetAcceptance === null || (targetAcceptance > 0 && targetAcceptance < 1), {
    name: "pt.target_acceptance",
    value: targetAcceptance,
    expected: "a number between 0 and 1, or null",
  });
  requireSetting(Number.isFinite(massMatrixFloor) && massMatrixFloor >= 0, {
    name: "pt.mass_matrix_floor",
    value: massMatrixFloor,
    expected: "a number of at least 0",
  });
  requireSetting(!settings.reference || gamma > 0, {
    name: "pt.reference",
    value: settings.reference,
    expected: `false where posterior.gamma is ${gamma}: without a pull to w* there is nothing to draw from at beta = 0`,
  });
};
