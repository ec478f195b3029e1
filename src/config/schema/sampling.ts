/** Keys of `sampling`: what all samplers share. Blocks are layered like `posterior`. */
import { z } from "zod";
import { orNull, realNumber, wholeNumber, worded } from "./fields.ts";

/** Schema of `sampling.until`. */
export const untilSchema = z.strictObject({
  mcse_rel: orNull(
    realNumber("Stops once llc_mcse <= mcse_rel * |llc_mean|, R-hat <= 1.01 and ESS >= 100 a chain.", {
      above: 0,
    }),
    "no such goal",
  ).optional(),
  ess_bulk: orNull(
    realNumber("Stops once the bulk ESS of all chains is this large, R-hat <= 1.01 and ESS >= 100 a chain.", {
      above: 0,
    }),
    "no such goal",
  ).optional(),
  wall_sec: orNull(
    realNumber(
      "Stops after so many seconds of warmup and sampling, before the next draw; in warmup too, then without draws.",
      { above: 0 },
    ),
    "no such limit",
  ).optional(),
});

/** Schema of a sampling layer. */
export const samplingSchema = z.strictObject({
  chains: wholeNumber("Independent chains (of vi: independent fits).", 1).optional(),
  start_scale: realNumber("Standard deviation of the chains' starts around w*.", { min: 0 }).optional(),
  until: orNull(
    worded(
      untilSchema,
      "a mapping of mcse_rel, ess_bulk and wall_sec",
      "Stops before the sampler's own number of draws; see `sampling.until`.",
    ),
    "never",
  ).optional(),
});

/** Values where no layer says otherwise. */
export const samplingDefaults = { chains: 4, start_scale: 0.01 } as const;

export type SamplingLayer = z.output<typeof samplingSchema>;

/** When a run may stop early: goals that are all to be met, and a limit of time. Only what is set is there. */
export type UntilConfig = {
  readonly mcse_rel?: number;
  readonly ess_bulk?: number;
  readonly wall_sec?: number;
};

/** Sampling settings of a run. `until` is absent if it never stops early. */
export type SamplingConfig = {
  readonly chains: number;
  readonly start_scale: number;
  readonly until?: UntilConfig;
};

/** `over` laid on `base`; of `until` key by key, null takes away. */
export const layerSampling = (base: SamplingConfig, over: SamplingLayer): SamplingConfig => {
  const until = over.until === null ? {} : layerUntil(base.until ?? {}, over.until ?? {});
  return {
    chains: over.chains ?? base.chains,
    start_scale: over.start_scale ?? base.start_scale,
    ...(Object.keys(until).length > 0 ? { until } : {}),
  };
};

const layerUntil = (base: UntilConfig, over: z.output<typeof untilSchema>): UntilConfig => {
  const given = Object.entries(over).filter(([, value]) => value !== undefined);
  const layered = { ...base, ...Object.fromEntries(given) };
  return Object.fromEntries(Object.entries(layered).filter(([, value]) => value !== null));
};
