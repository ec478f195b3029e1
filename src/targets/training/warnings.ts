/** Sentences about w* that a reader of λ̂ must see: a slope or a saddle at w* makes λ̂ too small, even negative. */
import type { TargetConfig } from "../target-config.ts";
import type { Minimum } from "./find-minimum.ts";

/** Curvature below this share of the largest, on the negative side, is a saddle and not rounding. */
const SADDLE_SHARE = 1e-3;

/** Empty where w* is what was asked for. */
export const warningsOf = ({ training }: Pick<TargetConfig, "training">, minimum: Minimum): string[] => {
  const { record, gradientNorm, curvature } = minimum;
  if (record.stopReason === "not_run") return [];
  const warnings: string[] = [];
  if (training.gradientTol !== null && gradientNorm > training.gradientTol) {
    const advice =
      record.polishStopReason === "no_progress"
        ? "No direction tried lowers the loss further (a kink of relu, or rounding)."
        : "Raise training.steps or training.polish_steps.";
    warnings.push(
      `training ended with gradient norm ${gradientNorm.toExponential(2)}; expected at most gradient_tol ${training.gradientTol}. ${advice}`,
    );
  }
  if (curvature.smallest < -SADDLE_SHARE * Math.abs(curvature.largest)) {
    warnings.push(
      `the Hessian at w* has an eigenvalue of about ${curvature.smallest.toExponential(2)} (largest ${curvature.largest.toExponential(2)}); expected none below 0. The llc may come out too small.`,
    );
  }
  return warnings;
};
