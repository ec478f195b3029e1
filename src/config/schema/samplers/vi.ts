/** Settings of `vi`: variational inference with a mixture of factor analysers. */
import { z } from "zod";
import { listOf, oneOf, orNull, realNumber, wholeNumber, worded } from "../fields.ts";

/** Settings of `vi` with their defaults. */
export const viSchema = z
  .strictObject({
    algo: oneOf("Family: mixture of factor analysers.", ["mfa"]).default("mfa"),
    M: wholeNumber("Components of the mixture.", 1).default(8),
    r: wholeNumber("Rank of each component: columns of its factor loading.", 0).default(2),
    r_per_component: orNull(
      listOf(
        wholeNumber("Rank of a component.", 0),
        "a list of M whole numbers from 0 to r",
        "Rank of each component.",
      ),
      "`r` for all",
    ).default(null),
    steps: wholeNumber("Steps of the optimiser.", 1).default(5000),
    samples_per_step: wholeNumber("Draws of the family averaged in one gradient.", 1).default(1),
    batch_size: orNull(wholeNumber("Rows of a minibatch, drawn with replacement.", 1), "all data").default(
      256,
    ),
    lr: realNumber("Learning rate of Adam.", { above: 0 }).default(0.01),
    lr_schedule: orNull(
      oneOf("Learning rate over time.", ["constant", "cosine", "linear_decay"]),
      "constant",
    ).default("cosine"),
    lr_warmup_frac: realNumber("Share of the steps in which the rate rises from 0.", {
      min: 0,
      below: 1,
    }).default(0.05),
    clip_global_norm: orNull(
      realNumber("Largest norm of a gradient, nats; where it is always active it shifts the fit.", {
        above: 0,
      }),
      "no limit",
    ).default(null),
    eval_every: wholeNumber(
      "Steps of a block whose mean ELBO is recorded; the blocks tell convergence.",
      1,
    ).default(50),
    eval_samples: wholeNumber("Recorded independent draws of each fit.", 1).default(256),
    whitening_mode: oneOf("Scale of the coordinates, from gradients at w*.", [
      "none",
      "rmsprop",
      "adam",
    ]).default("none"),
    whitening_decay: realNumber("Memory of that running mean square.", { min: 0, below: 1 }).default(0.99),
    alpha_temperature: realNumber("Mixture weights are softmax(logits / alpha_temperature).", {
      above: 0,
    }).default(1),
    alpha_dirichlet_prior: orNull(
      realNumber("Concentration of a Dirichlet prior on the mixture weights.", { above: 0 }),
      "no prior",
    ).default(null),
    entropy_bonus: realNumber("Weight of the mixture weights' entropy in the objective.", { min: 0 }).default(
      0,
    ),
    tensorboard: worded(
      z.literal(false),
      "false: no TensorBoard files are written. The same scalars are in the run's trace.nc",
      "TensorBoard files; only false, the scalars are in the run's trace.nc.",
    ).default(false),
  })
  .superRefine((settings, context) => {
    const { M, r, r_per_component: ranks } = settings;
    if (ranks === null) return;
    if (ranks.length !== M || ranks.some((rank) => rank > r)) {
      const message = `got [${ranks.join(", ")}]; expected ${M} whole numbers (M) from 0 to ${r} (r).`;
      context.addIssue({ code: "custom", path: ["r_per_component"], message });
    }
  });
