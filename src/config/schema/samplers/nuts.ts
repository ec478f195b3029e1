/** Settings of `nuts`: the no-U-turn sampler with window adaptation pooled over the chains. */
import { z } from "zod";
import { realNumber, wholeNumber } from "../fields.ts";
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

/** Settings of `nuts` with their defaults. */
export const nutsSchema = z
  .strictObject({
    draws: draws.default(1000),
    warmup: warmup.default(500),
    step_size: realNumber("First step size, or the step size if it is not adapted.", { above: 0 }).default(
      0.01,
    ),
    adapt_step_size: adaptStepSize.default(true),
    adapt_mass_matrix: adaptMassMatrix.default(true),
    mass_matrix: massMatrix.default("diagonal"),
    target_acceptance: targetAcceptance.default(0.85),
    max_depth: wholeNumber(
      "Most doublings of a trajectory; it has at most 2^max_depth - 1 steps.",
      1,
      20,
    ).default(10),
    thinning: thinning.default(1),
    mass_matrix_floor: floorOf("mass matrix").default(0.001),
  })
  .superRefine(refuseUnlearntMass);
