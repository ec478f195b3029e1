/** Settings of `lmh`: Langevin-gradient Metropolis-Hastings mixed with a random walk. */
import { z } from "zod";
import { flag, orNull, realNumber, wholeNumber } from "../fields.ts";
import { draws, targetAcceptance, thinning } from "./transitions.ts";

/** Settings of `lmh` with their defaults. */
export const lmhSchema = z.strictObject({
  draws: draws.default(1000),
  warmup: wholeNumber("Transitions in which the scales adapt, dropped.", 0).default(1000),
  thinning: thinning.default(10),
  l_prob: realNumber("Probability of a Langevin-gradient proposal; otherwise a random walk.", {
    min: 0,
    max: 1,
  }).default(0.5),
  step_size: realNumber("First (or fixed) standard deviation of the noise around the drift.", {
    above: 0,
  }).default(0.025),
  walk_step_size: orNull(
    realNumber("First (or fixed) standard deviation of the random walk.", { above: 0 }),
    "`step_size`",
  ).default(null),
  adapt_step_size: flag("Finds both scales in warmup by Robbins-Monro.").default(true),
  target_acceptance: targetAcceptance.default(0.574),
  walk_target_acceptance: orNull(
    realNumber("Mean acceptance that the random walk aims at.", { above: 0, below: 1 }),
    "0.234, with one parameter 0.44",
  ).default(null),
  learning_rate: orNull(
    realNumber("Step of the drift on the mean loss.", { above: 0 }),
    "that of Langevin dynamics: step_size^2 n beta / (2 drift_steps)",
  ).default(null),
  drift_steps: orNull(
    wholeNumber("Gradient steps of the drift.", 1),
    "1, or with minibatches one pass over the data",
  ).default(null),
  batch_size: orNull(wholeNumber("Rows of a minibatch of the drift.", 1), "all data").default(null),
});
