/** `analysis.json` of a run: its summary, what its sampler reports beside draws, and why it stopped. */
import type { RunSummary } from "../analysis/summary.ts";
import type { Json } from "../core/canonical-json.ts";
import { snakeKeys } from "../core/case.ts";
import { jsonNumbers } from "../runs/json-numbers.ts";

/** What the summary does not say. Plain JSON, as `manifest.json` keeps it. */
export interface RunExtras {
  /** See `Until.reason`. */
  readonly stop_reason: Json;
  /** Ladders, matrices, …: `SamplerRun.report`; absent if the sampler has none. */
  readonly extras?: Json;
}

/** The content of the file; NaN becomes null. */
export const analysisJsonOf = (
  summary: RunSummary,
  { stop_reason, extras }: RunExtras,
): Record<string, Json> => ({
  ...(jsonNumbers(snakeKeys(summary)) as Record<string, Json>),
  stop_reason,
  ...(extras === undefined ? {} : { extras }),
});
