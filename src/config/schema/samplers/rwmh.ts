/** Settings of `rwmh`: random-walk Metropolis, adaptive in warmup. */
import { z } from "zod";
import { flag, oneOf, orNull, realNumber } from "../fields.ts";
import { draws, floorOf, targetAcceptance, thinning, warmup } from "./transitions.ts";

/** Settings of `rwmh` with their defaults. */
export const rwmhSchema = z.strictObject({
  draws: draws.default(1000),
  warmup: warmup.default(2000),
  thinning: thinning.default(20),
  step_size: orNull(
    realNumber("First (or fixed) scale of the walk, in standard deviations.", { above: 0 }),
    "2.38 / sqrt(number of parameters)",
  ).default(null),
  adapt_step_size: flag("Finds the scale in warmup by Robbins-Monro.").default(true),
  covariance: oneOf("Shape of the walk, found in warmup from all chains; dense: up to 500 parameters.", [
    "none",
    "diagonal",
    "dense",
  ]).default("diagonal"),
  target_acceptance: orNull(targetAcceptance, "0.234, with one parameter 0.44").default(null),
  covariance_floor: floorOf("covariance").default(0.001),
});
