/**
 * How long tasks may take, from how long earlier ones took.
 *
 * Seconds grow about in proportion to the number of parameters and to the work that settings ask for, so an estimate is
 * the median over the history of the same kind and algorithm, each entry scaled by the ratios of both, entries of the
 * nearest size counting alone where there are any within a factor of two. No history of the kind: no estimate.
 */
import { topologicalOrder } from "./graph.ts";
import type { Task, TaskKind } from "./task.ts";

/** One finished task. */
export interface TaskDuration {
  readonly kind: TaskKind;
  /** Algorithm of a run; null for a build. */
  readonly sampler: string | null;
  /** Parameters of the network. */
  readonly dims: number;
  readonly seconds: number;
  /** What the settings asked for (`workUnitsOf` in src/config); absent where it is not known. */
  readonly workUnits?: number | null;
}

/** A task whose duration is asked for. `dims` null: not known before the build. */
export interface DurationQuery {
  readonly kind: TaskKind;
  readonly sampler: string | null;
  readonly dims: number | null;
  readonly workUnits?: number | null;
}

/** Expected seconds, or null without a usable history. */
export const estimateSeconds = (query: DurationQuery, history: readonly TaskDuration[]): number | null =>
  medianOf(scaledSeconds(query, history));

/** Start-up and compilation may be most of a run this short: at least this share of it is taken as work. */
const shortRun = { seconds: 5, leastShare: 0.2 } as const;

/** Seconds at the speed of the fastest of the runs that tell it: null where none has both its size and its work. */
export const fastestSeconds = (query: DurationQuery, history: readonly TaskDuration[]): number | null => {
  if (query.dims === null || !isKnown(query.workUnits)) return null;
  const telling = history.filter(({ workUnits }) => isKnown(workUnits));
  const working = telling.map((entry) =>
    entry.seconds < shortRun.seconds ? { ...entry, seconds: entry.seconds * shortRun.leastShare } : entry,
  );
  const seconds = scaledSeconds(query, working);
  return seconds.length === 0 ? null : Math.min(...seconds);
};

const isKnown = (workUnits: number | null | undefined): workUnits is number =>
  workUnits !== null && workUnits !== undefined && workUnits > 0;

/** What each comparable entry would make of the query. */
const scaledSeconds = (query: DurationQuery, history: readonly TaskDuration[]): number[] => {
  const alike = history.filter(
    ({ kind, sampler, dims, seconds }) =>
      kind === query.kind &&
      sampler === query.sampler &&
      dims > 0 &&
      Number.isFinite(seconds) &&
      seconds >= 0,
  );
  const { dims, workUnits } = query;
  const atWork = ({ seconds, workUnits: done }: TaskDuration): number =>
    isKnown(workUnits) && isKnown(done) ? (seconds * workUnits) / done : seconds;
  if (dims === null || dims <= 0) return alike.map(atWork);
  const near = alike.filter((entry) => Math.abs(Math.log2(entry.dims / dims)) <= 1);
  return (near.length > 0 ? near : alike).map((entry) => (atWork(entry) * dims) / entry.dims);
};

const medianOf = (values: readonly number[]): number | null => {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
};

/** Cost of the open tasks of a plan. */
export interface CostEstimate {
  /** Sum over tasks, seconds of one slot. */
  readonly slotSeconds: number;
  /** From start to end on `slots` slots, seconds: builds and needs respected, longest task first. */
  readonly wallSeconds: number;
  /** Tasks without an estimate; they count as 0 above. */
  readonly numUnknown: number;
}

/** Plays the open tasks through `slots` slots. `secondsOf`: expected seconds by task id; absent: unknown. */
export const estimateCost = (
  openTasks: readonly Task[],
  secondsOf: ReadonlyMap<string, number>,
  slots: number,
): CostEstimate => {
  const open = new Set(openTasks.map(({ id }) => id));
  const graph = topologicalOrder(
    openTasks.map(({ id, needs }) => ({ id, needs: needs.filter((need) => open.has(need)) })),
  );
  const finish = new Map<string, number>();
  const slotFreeAt = Array.from({ length: Math.max(1, slots) }, () => 0);
  // Tasks without open needs go first, longest first; the others follow in the plan's order, also longest first.
  const depth = new Map<string, number>();
  for (const { id, needs } of graph)
    depth.set(id, Math.max(0, ...needs.map((need) => (depth.get(need) as number) + 1)));
  const order = graph.toSorted(
    (a, b) =>
      (depth.get(a.id) as number) - (depth.get(b.id) as number) ||
      (secondsOf.get(b.id) ?? 0) - (secondsOf.get(a.id) ?? 0),
  );
  for (const { id, needs } of order) {
    const slot = slotFreeAt.indexOf(Math.min(...slotFreeAt));
    const start = Math.max(slotFreeAt[slot] as number, ...needs.map((need) => finish.get(need) as number));
    const end = start + (secondsOf.get(id) ?? 0);
    slotFreeAt[slot] = end;
    finish.set(id, end);
  }
  return {
    slotSeconds: openTasks.reduce((sum, { id }) => sum + (secondsOf.get(id) ?? 0), 0),
    wallSeconds: Math.max(0, ...finish.values()),
    numUnknown: openTasks.filter(({ id }) => !secondsOf.has(id)).length,
  };
};
