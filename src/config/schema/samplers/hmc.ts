/** Settings of `hmc`: Hamiltonian Monte Carlo with window adaptation pooled over the chains. */
import { z } from "zod";
import { flag, realNumber, wholeNumber } from "../fields.ts";
import { adaptMassMatrix, massMatrix, refuseUnlearntMass } from "./transitions.ts";

/** Settings of `hmc` with their defaults. */
export const hmcSchema = z
  .strictObject({
    draws: wholeNumber("Recorded draws of each chain.", 1).default(1000),
    warmup: wholeNumber(
      "Adapting transitions, dropped; below 20 only the step size adapts, 0 for none.",
      0,
    ).default(500),
    num_integration_steps: realNumber("Mean number of leapfrog steps of a transition.", { min: 1 }).default(
      16,
    ),
    trajectory_jitter: flag(
      "Draws the number of steps anew for each transition, uniform with that mean.",
    ).default(true),
    step_size: realNumber("First step size, or the step size if it is not adapted.", { above: 0 }).default(
      0.01,
    ),
    adapt_step_size: flag("Finds the step size in warmup by dual averaging.").default(true),
    adapt_mass_matrix: adaptMassMatrix.default(true),
    mass_matrix: massMatrix.default("diagonal"),
    target_acceptance: realNumber("Mean acceptance that the step size aims at.", {
      above: 0,
      below: 1,
    }).default(0.85),
    thinning: wholeNumber("Transitions per recorded draw.", 1).default(1),
    mass_matrix_floor: realNumber(
      "Regularisation of the mass matrix, relative to the posterior's own scale.",
      {
        min: 0,
      },
    ).default(0.001),
  })
  .superRefine((settings, context) => {
    refuseUnlearntMass(settings, context);
    if (settings.trajectory_jitter || Number.isInteger(settings.num_integration_steps)) return;
    const message = `got ${settings.num_integration_steps}; expected a whole number where trajectory_jitter is false.`;
    context.addIssue({ code: "custom", path: ["num_integration_steps"], message });
  });
