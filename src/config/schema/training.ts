/** Keys of `training`: how the weights w*, at which the posterior is centred, are found. */
import { z } from "zod";
import { oneOf, orNull, realNumber, wholeNumber } from "./fields.ts";

/** Schema of a training block with every key. */
export const trainingSchema = z.strictObject({
  optimizer: oneOf("First-order optimiser.", ["adam", "adamw", "sgd"]).default("adam"),
  learning_rate: realNumber("Its step size.", { above: 0 }).default(0.001),
  steps: wholeNumber("Its steps at most.", 0).default(5000),
  batch_size: orNull(wholeNumber("Rows of a minibatch, drawn with replacement.", 1), "all data").default(
    null,
  ),
  early_stop_tol: orNull(
    realNumber("Stops when the last 20 losses have a smaller standard deviation.", { min: 0 }),
    "never",
  ).default(1e-6),
  gradient_tol: orNull(
    realNumber("Stops when the Euclidean norm of the full gradient is smaller.", { min: 0 }),
    "never",
  ).default(1e-6),
  weight_decay: realNumber("Decoupled for adamw, added to the gradient for adam and sgd.", {
    min: 0,
  }).default(0),
  momentum: realNumber("Heavy-ball momentum; sgd only.", { min: 0, below: 1 }).default(0),
  polish_steps: wholeNumber(
    "Full-batch L-BFGS iterations after the optimiser at most; 0 for none.",
    0,
  ).default(1000),
  polish_tol: realNumber(
    "They end when 50 of them lowered n beta L_n (nats, beta = 1 / ln n) by less; 0: only `gradient_tol` counts.",
    { min: 0 },
  ).default(0.01),
  at: orNull(
    oneOf("Where w* is: trained weights, or the parameters that made the data.", ["trained", "teacher"]),
    "trained for mlp, teacher for deep_linear; the closed forms have w* = 0",
  ).default(null),
});

export type TrainingBlock = z.output<typeof trainingSchema>;

/** A training block with `at` decided. */
export type TrainingConfig = Omit<TrainingBlock, "at"> & { readonly at: "trained" | "teacher" };
