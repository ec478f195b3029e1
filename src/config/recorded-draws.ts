/** How many draws a run records by its settings: of one chain, unless `sampling.until` ends it before. */
import type { SamplerSettings } from "./experiment.ts";

const numberOf = (settings: SamplerSettings, key: string): number => {
  const value = settings[key];
  return typeof value === "number" ? value : Number.NaN;
};

/** Steps that are dropped by a sampler that counts steps. */
export const droppedSteps = (settings: SamplerSettings): number =>
  settings["warmup"] === null ? Math.floor(numberOf(settings, "steps") / 5) : numberOf(settings, "warmup");

/** The setting that decides, and the count; NaN where the settings do not tell. */
export const recordedDraws = (settings: SamplerSettings): readonly [key: string, count: number] => {
  const steps = numberOf(settings, "steps");
  if ("eval_samples" in settings) return ["eval_samples", numberOf(settings, "eval_samples")];
  if (Number.isNaN(steps)) return ["draws", numberOf(settings, "draws")];
  const every = numberOf(settings, "eval_every");
  const dropped = droppedSteps(settings);
  const count = Math.max(0, Math.floor((steps - dropped) / every));
  if (settings["schedule"] !== "cyclical") return ["eval_every", count];
  return ["eval_every", cyclicalDraws(settings, { steps, dropped, every, count })];
};

/** Draws k = 1 … count after step `dropped + k·every − 1`, those that the exploring share of a cycle does not drop. */
const cyclicalDraws = (
  settings: SamplerSettings,
  { steps, dropped, every, count }: Readonly<Record<"steps" | "dropped" | "every" | "count", number>>,
): number => {
  const exploration = settings["exploration"] ?? 0.5;
  const length = Math.ceil(steps / Number(settings["cycles"] ?? 4));
  const share = Number(exploration);
  // The first step of a cycle that may be recorded, by the sampler's own comparison.
  let first = Math.ceil(share * length);
  while (first > 0 && (first - 1) / length >= share) first--;
  while (first / length < share) first++;
  const drawsBefore = (step: number): number =>
    Math.min(count, Math.max(0, Math.floor((step - dropped) / every)));
  let total = 0;
  for (let start = 0; start < steps; start += length) {
    total += drawsBefore(start + length) - drawsBefore(start + Math.min(first, length));
  }
  return total;
};
