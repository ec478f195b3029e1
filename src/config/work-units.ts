/**
 * How much work a run is by its settings: what its duration is proportional to, on one target and with one sampler.
 *
 * A yardstick between runs of the same sampler, not a count: trees of `nuts` and tuned trajectories have lengths that
 * no configuration tells.
 */
import type { RunConfig } from "./experiment.ts";

/** Chains × data points of an evaluation × evaluations, about. */
export const workUnitsOf = ({ sampler, sampling }: RunConfig, numData: number): number => {
  const numberOr = (key: string, otherwise: number): number => {
    const value = sampler[key];
    return typeof value === "number" ? value : otherwise;
  };
  const rows = Math.min(numData, numberOr("batch_size", numData));
  const transitions = numberOr("warmup", 0) + numberOr("draws", 0) * numberOr("thinning", 1);
  const steps = numberOr("num_integration_steps", 1) * numberOr("rungs", 1) * numberOr("local_steps", 1);
  const perDraw = numberOr("steps_per_draw", 0) * (numberOr("warmup", 0) + numberOr("draws", 0));
  const evaluations =
    perDraw > 0
      ? perDraw + numberOr("num_steps", 0)
      : numberOr("steps", 0) + numberOr("eval_samples", 0) || transitions * steps;
  return sampling.chains * rows * evaluations;
};
