/** Settings of `amclmc`: adjusted microcanonical Hamiltonian Monte Carlo, tuned before the first draw. */
import { z } from "zod";
import { flag, oneOf, orNull, realNumber } from "../fields.ts";
import { adaptStepSize, draws, floorOf, targetAcceptance, thinning, warmup } from "./transitions.ts";

/** Settings of `amclmc` with their defaults. */
export const amclmcSchema = z.strictObject({
  draws: draws.default(1000),
  warmup: warmup.default(500),
  thinning: thinning.default(1),
  L: orNull(realNumber("Mean length of a trajectory.", { above: 0 }), "tuned").default(null),
  step_size: realNumber("First step size, or the step size if it is not adapted.", { above: 0 }).default(
    0.01,
  ),
  adapt_step_size: adaptStepSize.default(true),
  diagonal_preconditioning: flag("Scales coordinates by the standard deviations seen in warmup.").default(
    true,
  ),
  integrator: oneOf("2 gradients a step, or 1.", [
    "isokinetic_mclachlan",
    "isokinetic_velocity_verlet",
  ]).default("isokinetic_mclachlan"),
  target_acceptance: targetAcceptance.default(0.9),
  length_factor: realNumber("L in units of the posterior's size.", { above: 0 }).default(1.3),
  frac_tune3: realNumber(
    "Share of warmup that refines L from autocorrelation times, and the same again for the step size; 0 for none.",
    { min: 0, below: 0.5 },
  ).default(0.1),
  preconditioner_floor: floorOf("preconditioner").default(0.001),
});
