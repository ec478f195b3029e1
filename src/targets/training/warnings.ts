/** Sentences about w* that a reader of λ̂ must see: where w* is no minimum, λ̂ comes out too small, even negative. */
import type { TargetConfig } from "../target-config.ts";
import { defaultNBeta, type Minimum } from "./find-minimum.ts";

/** Change of λ̂ that matters, in nats. */
const notable = 0.1;

/** Empty where w* is near enough to a local minimum for the default temperature, or where nothing was trained. */
export const warningsOf = ({ training, data }: TargetConfig, minimum: Minimum): string[] => {
  const { record, gradientNorm } = minimum;
  if (record.stopReason === "not_run") return [];
  if (record.shortfall === null) return unpolishedWarnings(training.gradientTol, gradientNorm);
  const nBeta = defaultNBeta(data.nData);
  const loss = nBeta * record.shortfall;
  if (loss < notable) return [];
  return [
    `the loss at w* can still fall by about ${record.shortfall.toPrecision(2)}, which lowers the llc by about ${loss.toPrecision(2)} at n·beta = ${nBeta.toPrecision(3)}; expected less than ${notable}. Raise training.steps or training.polish_steps.`,
  ];
};

const unpolishedWarnings = (gradientTol: number | null, gradientNorm: number): string[] => {
  if (gradientTol === null || gradientNorm <= gradientTol) return [];
  return [
    `training ended with gradient norm ${gradientNorm.toPrecision(2)}; expected at most gradient_tol ${gradientTol}. Raise training.steps or set training.polish_steps above 0.`,
  ];
};
