/** A run's draws on their way from the log, where sampling puts them, to `trace.nc`. */
import type { DrawLogReader } from "./draw-log.ts";
import type { TraceAttributes, TraceSource, TraceVariable } from "./trace-format.ts";

/** Names of L_n(w) and ‖w − w*‖ among the fields of a draw log. */
export const lossField = "loss";
export const distanceField = "distance";

/** Fields of the draw log of a sampler with these statistics. */
export const drawFieldsOf = (statistics: readonly string[]): readonly string[] => [
  lossField,
  distanceField,
  ...statistics,
];

/** What turns losses into llc, and what is written beside the draws. */
export interface TraceFacts {
  readonly nBeta: number;
  /** L_n(w*). */
  readonly initialLoss: number;
  readonly attributes: TraceAttributes;
}

/** The trace of a log: `llc`, `L`, and every other field as a statistic. One variable is in memory at a time. */
export const traceSourceOf = (
  log: DrawLogReader,
  { nBeta, initialLoss, attributes }: TraceFacts,
): TraceSource => {
  const readLlc = (): Float64Array[] =>
    log.column(lossField).map((chain) => chain.map((loss) => nBeta * (loss - initialLoss)));
  const statistics = log.fields
    .filter((field) => field !== lossField)
    .map((name): TraceVariable => ({ group: "sample_stats", name, read: () => log.column(name) }));
  return {
    numChains: log.numChains,
    numDraws: log.numDraws,
    variables: [
      { group: "posterior", name: "llc", read: readLlc },
      { group: "posterior", name: "L", read: () => log.column(lossField) },
      ...statistics,
    ],
    attributes,
  };
};
