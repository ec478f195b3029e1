/** Settings of `sgld`: stochastic gradient Langevin dynamics, plain or preconditioned. */
import { z } from "zod";
import { flag, oneOf, orNull, realNumber, wholeNumber } from "../fields.ts";

/** Keys that one schedule alone reads. */
const scheduleKeys = [
  ["decay_power", "polynomial"],
  ["decay_offset", "polynomial"],
  ["cycles", "cyclical"],
  ["exploration", "cyclical"],
] as const;

/** Settings of `sgld` with their defaults. */
export const sgldSchema = z
  .strictObject({
    steps: wholeNumber("Steps in all, warmup included.", 1).default(781_250),
    warmup: orNull(wholeNumber("Steps that are dropped.", 0), "one fifth of `steps`").default(null),
    batch_size: orNull(wholeNumber("Rows of a minibatch, drawn with replacement.", 1), "all data").default(
      256,
    ),
    step_size: orNull(
      realNumber("Step size epsilon; the noise of a step has variance epsilon.", { above: 0 }),
      "0.02 / (largest curvature where chains are in warmup, on average); with a preconditioner 1e-6",
    ).default(null),
    precond: oneOf("Preconditioner, from running moments of the loss gradient.", [
      "none",
      "rmsprop",
      "adam",
    ]).default("none"),
    beta1: realNumber("Decay of the first moment (adam).", { min: 0, below: 1 }).default(0.9),
    beta2: realNumber("Decay of the second moment.", { min: 0, below: 1 }).default(0.999),
    eps: realNumber("Floor of the preconditioner's denominator.", { above: 0 }).default(1e-8),
    bias_correction: flag("Corrects the moments for their start.").default(true),
    initial_second_moment: realNumber("Second moment before the first step.", { min: 0 }).default(1),
    freeze_preconditioner: flag("Stops the second moment at the end of warmup.").default(true),
    eval_every: wholeNumber("Steps per recorded draw.", 1).default(100),
    evaluation: oneOf(
      "Loss of a draw: of all data, or batch: L(w*) + that of batch_size rows less that of the same rows at w*.",
      ["full", "batch"],
    ).default("full"),
    schedule: oneOf("Step size over time.", ["constant", "polynomial", "cyclical"]).default("constant"),
    decay_power: orNull(
      realNumber("polynomial: kappa of step_size*(1 + k/decay_offset)^-kappa at step k.", {
        above: 0,
        max: 1,
      }),
      "0.55 for polynomial",
    ).default(null),
    decay_offset: orNull(
      realNumber("polynomial: steps after which the step size begins to fall.", { above: 0 }),
      "a hundredth of `steps` for polynomial",
    ).default(null),
    cycles: orNull(
      wholeNumber("cyclical: how often the step size falls from step_size to 0 along a cosine.", 1),
      "4 for cyclical",
    ).default(null),
    exploration: orNull(
      realNumber("cyclical: first share of each cycle, in which nothing is recorded.", { min: 0, below: 1 }),
      "0.5 for cyclical",
    ).default(null),
  })
  .overwrite((settings) =>
    settings.step_size === null && settings.precond !== "none" ? { ...settings, step_size: 1e-6 } : settings,
  )
  .superRefine((settings, context) => {
    const { steps, eval_every, precond, freeze_preconditioner } = settings;
    const warmup = settings.warmup ?? Math.floor(steps / 5);
    const refuse = (key: string, message: string): void =>
      context.addIssue({ code: "custom", path: [key], message });
    if (warmup >= steps) {
      refuse(
        "warmup",
        `got ${warmup} of ${steps} steps; expected fewer than \`steps\`, so that some are recorded.`,
      );
    } else if (eval_every > steps - warmup) {
      const left = steps - warmup;
      refuse(
        "eval_every",
        `got ${eval_every}, but ${left} steps remain after warmup; expected at most ${left}.`,
      );
    }
    if (settings.evaluation === "batch" && settings.batch_size === null) {
      refuse("evaluation", "got batch without minibatches; expected full, or a batch_size.");
    }
    for (const [key, owner] of scheduleKeys) {
      if (settings[key] === null || settings.schedule === owner) continue;
      refuse(key, `got ${settings[key]}; expected null unless \`schedule\` is ${owner}.`);
    }
    if (precond !== "none" && freeze_preconditioner && warmup === 0) {
      refuse(
        "freeze_preconditioner",
        "got true with no warmup; expected false, or a warmup in which it is learnt.",
      );
    }
  });
