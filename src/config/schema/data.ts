/** Keys of `data`: sizes of the synthetic data set, law of the inputs, noise of the labels. */
import { z } from "zod";
import { oneOf, realNumber, wholeNumber } from "./fields.ts";

/** Laws of the inputs. */
export const inputLaws = [
  "gauss_iso",
  "gauss_aniso",
  "mixture",
  "lowdim_manifold",
  "heavy_tail",
  "uniform",
] as const;

/** Schema of a data block with every key. */
export const dataSchema = z.strictObject({
  n_data: wholeNumber("Training points; n of the posterior.", 1),
  n_test: wholeNumber("Test points; 0 for no test set.", 0).default(0),
  x_dist: oneOf("Law of the inputs.", inputLaws).default("gauss_iso"),
  cov_decay: realNumber("gauss_aniso: input j has variance cov_decay^j.", { above: 0 }).default(0.95),
  mixture_k: wholeNumber("mixture: number of centres.", 1).default(4),
  mixture_spread: realNumber("mixture: distance of the centres from 0.", { min: 0 }).default(2),
  x_dim_latent: wholeNumber("lowdim_manifold: dimension of the manifold.", 1).default(2),
  noise_model: oneOf("Noise of the labels.", ["gauss", "hetero", "student_t", "outliers", "none"]).default(
    "gauss",
  ),
  noise_scale: realNumber("Scale of the noise; also the scale of the loss t_regression.", { min: 0 }).default(
    0.1,
  ),
  hetero_scale: realNumber("hetero: growth of the noise with the norm of the input.", { min: 0 }).default(
    0.1,
  ),
  student_df: realNumber(
    "Degrees of freedom of heavy_tail inputs, of student_t noise and of the loss t_regression.",
    { above: 0 },
  ).default(4),
  outlier_frac: realNumber("outliers: share of the labels with the larger noise.", {
    min: 0,
    max: 1,
  }).default(0.05),
  outlier_scale: realNumber("outliers: scale of the larger noise.", { min: 0 }).default(2),
  label_kind: oneOf(
    "Losses bce and cross_entropy: labels drawn from the probabilities, the likeliest class, or the probabilities.",
    ["sampled", "hard", "soft"],
  ).default("sampled"),
});

export type DataConfig = z.output<typeof dataSchema>;
