/** Settings that samplers made of Metropolis transitions share; each gives its own defaults. */
import type { z } from "zod";
import { flag, oneOf, realNumber, wholeNumber } from "../fields.ts";

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
/** Whether the mass matrix is learnt. */
export const adaptMassMatrix = flag("Finds the mass matrix in warmup from all chains.");
/** What is learnt as mass matrix. */
export const massMatrix = oneOf(
  "Mass matrix that is found: variances, or dense: covariances too, d^2 a step, up to 500 parameters.",
  ["diagonal", "dense"],
);
/** Refuses a dense mass matrix that nothing finds. */
export const refuseUnlearntMass = (
  settings: { readonly adapt_mass_matrix: boolean; readonly mass_matrix: string },
  context: z.RefinementCtx,
): void => {
  if (settings.adapt_mass_matrix || settings.mass_matrix === "diagonal") return;
  const message = `got ${settings.mass_matrix} where adapt_mass_matrix is false, which keeps it 1; expected diagonal, or adapt_mass_matrix true.`;
  context.addIssue({ code: "custom", path: ["mass_matrix"], message });
};
/** What the step size is learnt for. */
export const targetAcceptance = realNumber("Mean acceptance that the step size aims at.", {
  above: 0,
  below: 1,
});
/** Regularisation of learnt variances; `what` names them. */
export const floorOf = (what: string) =>
  realNumber(`Regularisation of the ${what}, relative to the posterior's own scale.`, { min: 0 });
