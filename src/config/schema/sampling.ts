/** Keys of `sampling`: what all samplers share. Blocks are layered like `posterior`. */
import { z } from "zod";
import { realNumber, wholeNumber } from "./fields.ts";

/** Schema of a sampling layer. */
export const samplingSchema = z.strictObject({
  chains: wholeNumber("Independent chains (of vi: independent fits).", 1).optional(),
  start_scale: realNumber("Standard deviation of the chains' starts around w*.", { min: 0 }).optional(),
});

/** Values where no layer says otherwise. */
export const samplingDefaults = { chains: 4, start_scale: 0.01 } as const;

export type SamplingLayer = z.output<typeof samplingSchema>;

/** Sampling settings of a run. */
export type SamplingConfig = { readonly chains: number; readonly start_scale: number };

/** `over` laid on `base`. */
export const layerSampling = (base: SamplingConfig, over: SamplingLayer): SamplingConfig => ({
  chains: over.chains ?? base.chains,
  start_scale: over.start_scale ?? base.start_scale,
});
