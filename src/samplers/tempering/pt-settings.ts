/** Settings of parallel tempering: their meaning, their ranges, and what `null` stands for. */
import { requireInteger, requirePositive, requireSetting } from "../chains/require-setting.ts";
import { checkLadder, type LadderSettings, numRungsOf } from "./ladder.ts";
import { type MoveName, moveNames } from "./moves/move.ts";

export interface PtSettings extends LadderSettings {
  /** Recorded draws of each replica, at β = 1. */
  readonly draws: number;
  /** Scans that learn ladder, step sizes and mass matrix; dropped. */
  readonly warmup: number;
  /** Scans a recorded draw. */
  readonly thinning: number;
  /** Transitions of the local kernel between two phases of swaps. */
  readonly localSteps: number;
  /** How all rungs move; `custom`: as `kernels` says. */
  readonly kernel: MoveName | "custom";
  /** For `custom`: the kernel of each rung from the target to the hottest, without the reference, which is drawn. */
  readonly kernels: readonly MoveName[] | null;
  /** hmc: mean leapfrog steps of a transition, ≥ 1; null: 8. Others have none: null. */
  readonly numIntegrationSteps: number | null;
  /** nuts: most doublings of a trajectory, 1 to 20; null: 10. Others have none: null. */
  readonly maxDepth: number | null;
  /**
   * ε at β = 1, to start from or fixed; other rungs begin with ε·β^(−1/2). Leapfrog step (of `mala` as well: the root of
   * that sampler's own), or of rwmh the standard deviation in units of √V.
   */
  readonly stepSize: number;
  readonly adaptStepSize: boolean;
  /** Learns a diagonal mass matrix (rwmh: proposal variances) from the draws at β = 1. */
  readonly adaptMassMatrix: boolean;
  /** Moves the inner rungs in warmup until neighbours swap equally often. */
  readonly adaptLadder: boolean;
  /** Mean acceptance that each rung's step size aims at, in (0, 1); null: that of its kernel, `acceptanceTargets`. */
  readonly targetAcceptance: number | null;
  /** Regularisation of the mass matrix relative to the posterior's own scale; see `regularisedVariance`. */
  readonly massMatrixFloor: number;
}

const acceptanceTargets: Readonly<Record<MoveName, number>> = {
  hmc: 0.8,
  mala: 0.574,
  nuts: 0.8,
  rwmh: 0.234,
};

/** Kernel of each rung, from the target to the hottest but for the reference. */
export const kernelsOf = (settings: PtSettings): readonly MoveName[] => {
  const { kernel, kernels } = settings;
  if (kernel === "custom") return kernels ?? [];
  return Array.from({ length: numMovedOf(settings) }, () => kernel);
};

/** Rungs without the reference. */
const numMovedOf = (settings: PtSettings): number => numRungsOf(settings) - (settings.reference ? 1 : 0);

/** The acceptance that each rung's step size aims at; at the reference, which has none, 1. */
export const acceptanceTargetsOf = (settings: PtSettings): Float64Array => {
  const targets = kernelsOf(settings).map((kernel) => settings.targetAcceptance ?? acceptanceTargets[kernel]);
  return Float64Array.from(settings.reference ? [...targets, 1] : targets);
};

const checkKernels = (settings: PtSettings): void => {
  const { kernel, kernels, reference } = settings;
  const isKnown = (name: string): boolean => (moveNames as readonly string[]).includes(name);
  requireSetting(kernel === "custom" || isKnown(kernel), {
    name: "pt.kernel",
    value: kernel,
    expected: `one of ${moveNames.join(", ")}, or custom`,
  });
  const numMoved = numMovedOf(settings);
  const isList = kernels !== null && kernels.length === numMoved && kernels.every(isKnown);
  requireSetting(kernel === "custom" ? isList : kernels === null, {
    name: "pt.kernels",
    value: kernels,
    expected:
      kernel === "custom"
        ? `${numMoved} of ${moveNames.join(", ")}, one for each rung${reference ? " but the reference" : ""}`
        : "null, or kernel: custom",
  });
  checkLengths(settings, kernelsOf(settings));
};

const checkLengths = (
  { numIntegrationSteps: steps, maxDepth: depth }: PtSettings,
  used: readonly MoveName[],
): void => {
  const hasTrajectories = used.includes("hmc");
  requireSetting(steps === null || (hasTrajectories && steps >= 1), {
    name: "pt.num_integration_steps",
    value: steps,
    expected: hasTrajectories ? "a number of at least 1, or null" : "null where no rung moves by hmc",
  });
  const hasTrees = used.includes("nuts");
  const isDepth = depth !== null && Number.isInteger(depth) && depth >= 1 && depth <= 20;
  requireSetting(depth === null || (hasTrees && isDepth), {
    name: "pt.max_depth",
    value: depth,
    expected: hasTrees ? "an integer from 1 to 20, or null" : "null where no rung moves by nuts",
  });
};

/** @param gamma of the posterior. @throws CONFIG_INVALID on the first setting out of range. */
export const checkPtSettings = (settings: PtSettings, gamma: number): void => {
  const { targetAcceptance, massMatrixFloor } = settings;
  requireInteger("pt.draws", settings.draws, 1);
  requireInteger("pt.warmup", settings.warmup, 0);
  requireInteger("pt.thinning", settings.thinning, 1);
  requireInteger("pt.local_steps", settings.localSteps, 1);
  requirePositive("pt.step_size", settings.stepSize);
  checkLadder(settings);
  checkKernels(settings);
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
