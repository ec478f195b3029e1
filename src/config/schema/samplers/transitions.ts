/** Settings that samplers made of Metropolis transitions share; each gives its own defaults. */
import { flag, realNumber, wholeNumber } from "../fields.ts";

/** Recorded draws. */
export const draws = wholeNumber("Recorded draws of each chain.", 1);
/** Adapting transitions. */
export const warmup = wholeNumber(
  "Adapting transitions, dropped; below 20 only the step size adapts, 0 for none.",
  0,
);
/** Transitions a draw. */
export const thinning = wholeNumber("Transitions per recorded draw.", 1);
/** Whether the step size is learnt by dual averaging. */
export const adaptStepSize = flag("Finds the step size in warmup by dual averaging.");
/** What the step size is learnt for. */
export const targetAcceptance = realNumber("Mean acceptance that the step size aims at.", {
  above: 0,
  below: 1,
});
/** Regularisation of learnt variances; `what` names them. */
export const floorOf = (what: string) =>
  realNumber(`Regularisation of the ${what}, relative to the posterior's own scale.`, { min: 0 });
