/** Settings of `lmh` and their checks. */

import { requireInteger, requirePositive, requireSetting } from "../chains/require-setting.ts";
import { checkRunLength, requireTarget } from "../hamiltonian/adapted-hamiltonian.ts";

export interface LmhSettings {
  /** Recorded draws a chain. */
  readonly draws: number;
  /** Transitions in which the two scales adapt, dropped. */
  readonly warmup: number;
  /** Transitions a recorded draw. */
  readonly thinning: number;
  /** Probability of a Langevin-gradient proposal, in [0, 1]; otherwise a random walk. */
  readonly lProb: number;
  /** s, standard deviation of the noise around G(w): to start from, or the fixed one. */
  readonly stepSize: number;
  /** Standard deviation of the random walk; null: `stepSize`. */
  readonly walkStepSize: number | null;
  readonly adaptStepSize: boolean;
  /** Mean acceptance of Langevin proposals that s aims at, in (0, 1). */
  readonly targetAcceptance: number;
  /** That of the random walk; null: 0.234, in one dimension 0.44. */
  readonly walkTargetAcceptance: number | null;
  /** Step of the drift on the mean loss; null: s²·nβ/(2·driftSteps), that of Langevin dynamics. */
  readonly learningRate: number | null;
  /** Gradient steps of G; null: 1, or with minibatches one pass over the data. */
  readonly driftSteps: number | null;
  /** Rows of a minibatch of the drift; null: all data. */
  readonly batchSize: number | null;
}

/** @throws CONFIG_INVALID on settings out of range. */
export const checkLmhSettings = (settings: LmhSettings): void => {
  const { lProb, walkStepSize, walkTargetAcceptance, learningRate, driftSteps, batchSize } = settings;
  checkRunLength("lmh", settings);
  requireSetting(lProb >= 0 && lProb <= 1, {
    name: "lmh.l_prob",
    value: lProb,
    expected: "a number from 0 to 1",
  });
  requirePositive("lmh.step_size", settings.stepSize);
  if (walkStepSize !== null) requirePositive("lmh.walk_step_size", walkStepSize);
  requireTarget("lmh.target_acceptance", settings.targetAcceptance);
  if (walkTargetAcceptance !== null) requireTarget("lmh.walk_target_acceptance", walkTargetAcceptance);
  if (learningRate !== null) requirePositive("lmh.learning_rate", learningRate);
  if (driftSteps !== null) requireInteger("lmh.drift_steps", driftSteps, 1);
  if (batchSize !== null) requireInteger("lmh.batch_size", batchSize, 1);
};
