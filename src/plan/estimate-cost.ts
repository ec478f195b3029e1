/**
 * How long tasks may take, from how long earlier ones took, and how long they take at least.
 *
 * Seconds grow about in proportion to the number of parameters and to the work that settings ask for, so an estimate is
 * the median over the history of the same kind, algorithm and speed class, each entry scaled by the ratios of both,
 * entries of the nearest size counting alone where there are any within a factor of two. No such history: no estimate.
 */
import type { Work } from "../config/work-units.ts";
import { topologicalOrder } from "./graph.ts";
import type { Task, TaskKind } from "./task.ts";

/** Work that was done, and where. */
export interface PastWork extends Omit<Work, "draws"> {
  /** Units that the run counted; `units` are those of its settings. */
  readonly counted: number;
  /** The backend that was asked for, and threads that it had. */
  readonly backend: string;
  readonly threads: number;
}

/** One finished task. */
export interface TaskDuration {
  readonly kind: TaskKind;
  /** Algorithm of a run; null for a build. */
  readonly sampler: string | null;
  /** Parameters of the network that were sampled. */
  readonly dims: number;
  readonly seconds: number;
  /** Absent for builds, and where it is not known. */
  readonly work?: PastWork | null;
}

/** A task whose duration is asked for. `dims` null: not known before the build. */
export interface DurationQuery {
  readonly kind: TaskKind;
  readonly sampler: string | null;
  readonly dims: number | null;
  /** What the settings ask for, and where it is to be done; absent for builds. */
  readonly work?: Work & Pick<PastWork, "backend" | "threads">;
}

/** Expected seconds, or null without a usable history. */
export const estimateSeconds = (query: DurationQuery, history: readonly TaskDuration[]): number | null => {
  const { dims, work } = query;
  const isOfClass = ({ work: done }: TaskDuration): boolean =>
    work === undefined || done?.speedClass === work.speedClass;
  const usable = history.filter((entry) => isOfKind(query, entry) && isOfClass(entry));
  const atWork = ({ seconds, work: done }: TaskDuration): number =>
    work && done && work.units > 0 && done.units > 0 ? (seconds * work.units) / done.units : seconds;
  if (dims === null || dims <= 0) return medianOf(usable.map(atWork));
  const near = usable.filter((entry) => Math.abs(Math.log2(entry.dims / dims)) <= 1);
  const nearest = near.length > 0 ? near : usable;
  return medianOf(nearest.map((entry) => (atWork(entry) * dims) / entry.dims));
};

const isOfKind = (query: DurationQuery, { kind, sampler, dims, seconds }: TaskDuration): boolean =>
  kind === query.kind && sampler === query.sampler && dims > 0 && Number.isFinite(seconds) && seconds >= 0;

/** Start-up and compilation may be most of a run this short: at least this share of it is taken as work. */
const shortRun = { seconds: 5, leastShare: 0.2 } as const;

/**
 * Seconds at the speed of the fastest run that tells it, null where none does.
 *
 * A run tells it that did the same per unit on the same backend, counted its units, and did not do them in smaller
 * portions: portions of half the size or less are slower, unit by unit, and say nothing about larger ones.
 */
export const fastestSeconds = (
  { work, dims, ...query }: DurationQuery,
  history: readonly TaskDuration[],
): number | null => {
  if (work === undefined || dims === null || !(work.units > 0)) return null;
  const isLarge = (past: number, asked: number): boolean => past >= asked / 2;
  const seconds = history.flatMap((entry) => {
    const done = entry.work;
    if (!done || !(done.counted > 0) || !isOfKind({ ...query, dims }, entry)) return [];
    const tells =
      done.speedClass === work.speedClass &&
      done.backend === work.backend &&
      isLarge(entry.dims, dims) &&
      isLarge(done.unitsPerCall, work.unitsPerCall) &&
      isLarge(done.unitsPerDraw, work.unitsPerDraw);
    if (!tells) return [];
    const working = entry.seconds < shortRun.seconds ? entry.seconds * shortRun.leastShare : entry.seconds;
    const share =
      (work.units / done.counted) * (dims / entry.dims) * Math.min(1, done.threads / work.threads);
    return [working * share];
  });
  return seconds.length === 0 ? null : Math.min(...seconds);
};

/** Faster than any machine: operations a second of one thread, and seconds to hand on and write one draw of all chains. */
const noMachine = { flopPerSec: 1e12, secondsPerDraw: 0.2e-6 } as const;
/** Of a gradient, for each parameter and data point: two forward, four backward. */
const flopPerUnit = 6;

/** Seconds that a run takes at least, on whatever machine. `dims` null: one parameter. */
export const leastSeconds = (
  { units, draws }: Pick<Work, "units" | "draws">,
  { dims, threads }: { readonly dims: number | null; readonly threads: number },
): number => {
  const flop = units * (dims ?? 1) * flopPerUnit;
  return flop / (noMachine.flopPerSec * Math.max(1, threads)) + draws * noMachine.secondsPerDraw;
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
