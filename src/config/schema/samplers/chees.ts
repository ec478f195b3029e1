/** Settings of `chees`: Hamiltonian Monte Carlo with trajectories learnt from all chains together. */
import { z } from "zod";
import { orNull, realNumber, wholeNumber } from "../fields.ts";
import {
  adaptMassMatrix,
  adaptStepSize,
  draws,
  floorOf,
  massMatrix,
  refuseUnlearntMass,
  targetAcceptance,
  thinning,
  warmup,
} from "./transitions.ts";

/** Settings of `chees` with their defaults. */
export const cheesSchema = z
  .strictObject({
    draws: draws.default(1000),
    warmup: warmup.default(500),
    thinning: thinning.default(1),
    step_size: realNumber("First step size, or the step size if it is not adapted.", { above: 0 }).default(
      0.01,
    ),
    adapt_step_size: adaptStepSize.default(true),
    adapt_mass_matrix: adaptMassMatrix.default(true),
    mass_matrix: massMatrix.default("diagonal"),
    trajectory_time: orNull(
      realNumber("First trajectory time, or the fixed one without warmup.", { above: 0 }),
      "one step",
    ).default(null),
    max_steps: wholeNumber("Most leapfrog steps of a trajectory.", 1).default(1000),
    target_acceptance: targetAcceptance.default(0.651),
    mass_matrix_floor: floorOf("mass matrix").default(0.001),
  })
  .superRefine(refuseUnlearntMass);
