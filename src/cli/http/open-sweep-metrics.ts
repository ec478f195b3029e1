/** The metrics of a sweep behind `--metrics`: nothing of it is loaded where nobody asks. */
import type { Card } from "../../cards/card.ts";
import type { Plan } from "../../plan/plan.ts";
import type { SweepEvent } from "../../queue/sweep-event.ts";
import type { WorkerPool } from "../../queue/worker-heartbeat.ts";
import { slotsOf } from "../sweep/sweep-executor.ts";
import type { ListenAddress } from "./listen.ts";

/** Metrics that are served until closed. */
export interface OpenMetrics {
  /** Where, for people. */
  readonly invitation: string;
  hear(event: SweepEvent): void;
  close(): Promise<void>;
}

/** Null if they were not asked for. @throws SweepError `ENVIRONMENT` if the port cannot be opened. */
export const openSweepMetrics = async (
  options: {
    readonly metrics: ListenAddress | null;
    readonly sweep: { readonly plan: Plan };
    readonly cards: readonly Card[];
  },
  pool: WorkerPool | null,
): Promise<OpenMetrics | null> => {
  if (options.metrics === null) return null;
  const [{ SweepMetrics }, { serveMetrics }] = await Promise.all([
    import("./sweep-metrics.ts"),
    import("./metrics-server.ts"),
  ]);
  const numSlots = slotsOf(options.cards.filter(({ type }) => type === "local"));
  const metrics = new SweepMetrics({ plan: options.sweep.plan, pool, numSlots });
  const server = await serveMetrics(metrics, options.metrics);
  return {
    invitation: `metrics: ${server.url}`,
    hear: (event) => metrics.hear(event),
    close: () => server.close(),
  };
};
