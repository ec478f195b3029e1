/** Settings of SGLD: their meaning, their ranges, and what `null` stands for. */
import { requireInteger, requirePositive, requireSetting } from "../chains/require-setting.ts";
import { checkStepSchedule, recordedSteps, StepFactors, type StepSchedule } from "./step-schedule.ts";

export interface SgldSettings extends StepSchedule {
  /** Steps in all, warmup included; what is left over after the last whole draw is not done. */
  readonly steps: number;
  /** Steps dropped; null: a fifth of `steps`, rounded down. */
  readonly warmup: number | null;
  /** Rows of a minibatch, drawn with replacement; null, or not fewer than there are data: all data, once each. */
  readonly batchSize: number | null;
  /** ε; null (with precond none): chosen so that ε·A = 0.02, A the largest curvature where chains are in warmup. */
  readonly stepSize: number | null;
  readonly precond: "none" | "rmsprop" | "adam";
  /** Decay of the running mean of g (adam). */
  readonly beta1: number;
  /** Decay of the running mean of g². */
  readonly beta2: number;
  /** a in P = 1/(√v + a). */
  readonly eps: number;
  readonly biasCorrection: boolean;
  /** v before the first step. 1, as Hitchcock & Hoogland have it, shrinks the first steps; 0 is RMSProp's own. */
  readonly initialSecondMoment: number;
  /** Steps a recorded draw. */
  readonly evalEvery: number;
  /** What a draw records, see `loss-evaluation.ts`; `batch` needs a `batchSize`. Default full. */
  readonly evaluation?: "full" | "batch";
  /** v stops at the end of warmup, which removes the bias of a moving preconditioner. */
  readonly freezePreconditioner: boolean;
}

/** Steps dropped, `null` resolved. */
export const warmupOf = ({ warmup, steps }: SgldSettings): number => warmup ?? Math.floor(steps / 5);

const isDecay = (value: number): boolean => value >= 0 && value < 1;

const checkEvaluation = ({ evaluation = "full", batchSize }: SgldSettings): void =>
  requireSetting(evaluation === "full" || (evaluation === "batch" && batchSize !== null), {
    name: "sgld.evaluation",
    value: evaluation,
    expected: "full, or batch with a batch_size",
  });

/** @throws CONFIG_INVALID on settings out of range. */
export const checkSgldSettings = (settings: SgldSettings): void => {
  const { steps, stepSize, precond, beta1, beta2, initialSecondMoment } = settings;
  requireInteger("sgld.steps", steps, 1);
  requireInteger("sgld.eval_every", settings.evalEvery, 1);
  if (stepSize !== null) requirePositive("sgld.step_size", stepSize);
  requirePositive("sgld.eps", settings.eps);
  if (settings.batchSize !== null) requireInteger("sgld.batch_size", settings.batchSize, 1);
  requireSetting(isDecay(beta1), { name: "sgld.beta1", value: beta1, expected: "a number in [0, 1)" });
  requireSetting(isDecay(beta2), { name: "sgld.beta2", value: beta2, expected: "a number in [0, 1)" });
  requireSetting(Number.isFinite(initialSecondMoment) && initialSecondMoment >= 0, {
    name: "sgld.initial_second_moment",
    value: initialSecondMoment,
    expected: "a number of at least 0",
  });
  requireSetting(["none", "rmsprop", "adam"].includes(precond), {
    name: "sgld.precond",
    value: precond,
    expected: "none, rmsprop or adam",
  });
  requireSetting(stepSize !== null || precond === "none", {
    name: "sgld.step_size",
    value: stepSize,
    expected: "a number: with precond rmsprop or adam no step size can be chosen",
  });
  checkEvaluation(settings);
  checkStepSchedule("sgld", settings);
  checkWarmup(settings);
};

const checkWarmup = (settings: SgldSettings): void => {
  const { steps, evalEvery, precond, freezePreconditioner } = settings;
  const warmup = warmupOf(settings);
  requireInteger("sgld.warmup", warmup, 0);
  requireSetting(steps - warmup >= evalEvery, {
    name: "sgld.steps",
    value: steps,
    expected: `at least warmup + eval_every = ${warmup + evalEvery}, so that there is a draw`,
  });
  const factors = new StepFactors(settings, steps);
  requireSetting(recordedSteps(factors, { steps, warmup, evalEvery }).length > 0, {
    name: "sgld.eval_every",
    value: evalEvery,
    expected: "so few steps that a draw falls into the recorded part of a cycle",
  });
  requireSetting(warmup > 0 || precond === "none" || !freezePreconditioner, {
    name: "sgld.warmup",
    value: warmup,
    expected:
      "at least 1 with precond rmsprop or adam, or freeze_preconditioner false: nothing is adapted without it",
  });
};
