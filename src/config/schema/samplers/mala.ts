/** Settings of `mala`: the Metropolis-adjusted Langevin algorithm, diagonally preconditioned. */
import { z } from "zod";
import { flag, realNumber } from "../fields.ts";
import { adaptStepSize, draws, floorOf, targetAcceptance, thinning, warmup } from "./transitions.ts";

/** Settings of `mala` with their defaults. */
export const malaSchema = z.strictObject({
  draws: draws.default(1000),
  warmup: warmup.default(1000),
  thinning: thinning.default(10),
  step_size: realNumber("First (or fixed) epsilon: noise of variance epsilon, drift of epsilon/2.", {
    above: 0,
  }).default(1e-4),
  adapt_step_size: adaptStepSize.default(true),
  diagonal_preconditioning: flag("Scales coordinates by variances found in warmup from all chains.").default(
    true,
  ),
  target_acceptance: targetAcceptance.default(0.574),
  preconditioner_floor: floorOf("preconditioner").default(0.001),
});
