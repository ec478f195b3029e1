/** Settings of `vi`: variational inference with a mixture of factor analysers, or with a normalising flow. */
import { z } from "zod";
import { listOf, oneOf, orNull, realNumber, wholeNumber, worded } from "../fields.ts";

/** Settings of `vi` with their defaults. */
export const viSchema = z
  .strictObject({
    algo: oneOf("Family: mixture of factor analysers, or normalising flow.", ["mfa", "flow"]).default("mfa"),
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
    d_latent: wholeNumber(
      "flow: directions that the flow moves, all if there are no more; else it estimates a random subspace.",
      1,
    ).default(8),
    sigma_perp: realNumber(
      "flow: standard deviation in all other directions, in units of the coordinates' scale.",
      { above: 0 },
    ).default(0.001),
    flow_depth: wholeNumber("flow: coupling layers.", 1).default(4),
    flow_hidden: worded(
      z.array(wholeNumber("Width of a hidden layer.", 1)).min(1),
      "a list of whole numbers >= 1, at least one",
      "flow: hidden widths of each layer's network.",
    ).default([64, 64]),
    flow_type: worded(
      z.literal("realnvp"),
      "realnvp: no other kind of layer is implemented",
      "flow: kind of layers; only realnvp.",
    ).default("realnvp"),
  })
  .superRefine((settings, context) => {
    for (const message of foreignSettings(settings)) {
      context.addIssue({ code: "custom", path: [message.key], message: message.text });
    }
  })
  .superRefine((settings, context) => {
    const { M, r, r_per_component: ranks } = settings;
    if (ranks === null) return;
    if (ranks.length !== M || ranks.some((rank) => rank > r)) {
      const message = `got [${ranks.join(", ")}]; expected ${M} whole numbers (M) from 0 to ${r} (r).`;
      context.addIssue({ code: "custom", path: ["r_per_component"], message });
    }
  });

/** Settings that one family alone reads, with their defaults. */
const ownSettings = {
  mfa: {
    M: 8,
    r: 2,
    r_per_component: null,
    alpha_temperature: 1,
    alpha_dirichlet_prior: null,
    entropy_bonus: 0,
  },
  flow: { d_latent: 8, sigma_perp: 0.001, flow_depth: 4, flow_hidden: [64, 64], flow_type: "realnvp" },
} as const;

/** Settings of the family that is not used and are not at their defaults: they would be ignored. */
const foreignSettings = (
  settings: Readonly<Record<string, unknown>>,
): readonly { readonly key: string; readonly text: string }[] => {
  const [used, other] = settings["algo"] === "flow" ? (["flow", "mfa"] as const) : (["mfa", "flow"] as const);
  return Object.entries(ownSettings[other])
    .filter(([key, value]) => JSON.stringify(settings[key]) !== JSON.stringify(value))
    .map(([key, value]) => ({
      key,
      text: `got ${JSON.stringify(settings[key])} with algo ${used}; expected ${JSON.stringify(value)}: only ${other} has ${key}.`,
    }));
};
