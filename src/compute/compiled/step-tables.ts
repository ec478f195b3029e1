/** Tables that kernels read beside arrays and numbers: coefficients of integrators, step sizes with bias corrections. */
import type { IsokineticSettings, LangevinSettings } from "../backend.ts";

/** b of McLachlan's second-order minimum-norm integrator (1995). */
const b = 0.1931833275037836;

/** Coefficients of B, A, B, … of one isokinetic step. */
export const paths: Readonly<Record<IsokineticSettings["integrator"], Float64Array>> = {
  leapfrog: Float64Array.of(0.5, 1, 0.5),
  mclachlan: Float64Array.of(b, 0.5, 1 - 2 * b, 0.5, b),
};

/** Numbers of the kernels for preconditioners. */
export const preconditioners: Readonly<Record<LangevinSettings["preconditioner"], number>> = {
  none: 0,
  rmsprop: 1,
  adam: 2,
};

/** (3, numSteps): ε, then the bias corrections 1 − b1^t and 1 − b2^t, or ones. */
export const scheduleOf = (settings: LangevinSettings): Float64Array => {
  const { numSteps, stepSizes, stepsDone, beta1, beta2, biasCorrection } = settings;
  const schedule = new Float64Array(3 * numSteps).fill(1);
  schedule.set(stepSizes.subarray(0, numSteps));
  for (let k = 0; biasCorrection && k < numSteps; k++) {
    schedule[numSteps + k] = 1 - beta1 ** (stepsDone + k + 1);
    schedule[2 * numSteps + k] = 1 - beta2 ** (stepsDone + k + 1);
  }
  return schedule;
};
