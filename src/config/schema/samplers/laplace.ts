/** Settings of `laplace`: independent draws of the Gaussian with the posterior's curvature at w*. */
import { z } from "zod";
import { oneOf, orNull, realNumber, wholeNumber } from "../fields.ts";
import { draws } from "./transitions.ts";

/** Settings of `laplace` with their defaults. */
export const laplaceSchema = z.strictObject({
  draws: draws.default(1000),
  hessian: oneOf("Hessian of the loss at w*: auto is dense up to max_dense_dim parameters, low_rank above.", [
    "auto",
    "dense",
    "low_rank",
    "diagonal",
  ]).default("auto"),
  max_dense_dim: wholeNumber("Most parameters of a dense Hessian, which costs 2 gradients each.", 1).default(
    512,
  ),
  rank: wholeNumber("Leading directions of low_rank; all others share one curvature.", 1).default(32),
  probes: wholeNumber("Random probes for that shared curvature, or for the diagonal.", 1).default(16),
  difference_step: orNull(
    realNumber("Distance from w* over which gradients are differenced.", { above: 0 }),
    "1e-4, in float32 1e-2",
  ).default(null),
});
