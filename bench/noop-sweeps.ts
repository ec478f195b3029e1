/** Sweeps of no-op tasks for the benchmarks of queues, what is read off their records, and the lines that are printed. */
import type { NoopTask } from "../src/plan/task.ts";
import type { TaskRecord } from "../src/queue/broker.ts";
import type { NoopSummary } from "../src/tasks/run-noop.ts";

const aTask = (id: string, needs: readonly string[], sleepMs: number): NoopTask => ({
  kind: "noop",
  id,
  needs,
  title: id,
  resources: { threads: 1, timeoutSec: 600, memoryMiB: null },
  behaviour: sleepMs === 0 ? {} : { sleepMs },
});

/** `numBuilds` tasks, each needed by `numRuns` others, builds first. */
export const graphOf = (numBuilds: number, numRuns: number, sleepMs: number): readonly NoopTask[] => {
  const builds = Array.from({ length: numBuilds }, (_, index) => aTask(`b${index}`, [], sleepMs));
  const runs = builds.flatMap(({ id }) =>
    Array.from({ length: numRuns }, (_, index) => aTask(`${id}r${index}`, [id], sleepMs)),
  );
  return [...builds, ...runs];
};

/** `numChains` chains of tasks, each task needing the one before. */
export const chainsOf = (numChains: number, length: number, sleepMs: number): readonly NoopTask[] =>
  Array.from({ length }, (_, depth) =>
    Array.from({ length: numChains }, (_, chain) =>
      aTask(`c${chain}d${depth}`, depth === 0 ? [] : [`c${chain}d${depth - 1}`], sleepMs),
    ),
  ).flat();

const summaryOf = ({ summary }: TaskRecord): NoopSummary => summary as unknown as NoopSummary;

/** Milliseconds from the end of each task to the start of the next on the same slot. */
export const gapsOf = (records: readonly TaskRecord[]): number[] => {
  const gaps: number[] = [];
  for (const worker of new Set(records.map((record) => record.worker))) {
    const times = records
      .filter((record) => record.worker === worker)
      .map(summaryOf)
      .sort((a, b) => a.startedAt - b.startedAt);
    for (const [index, { endedAt }] of times.entries()) {
      const next = times[index + 1];
      if (next !== undefined) gaps.push(next.startedAt - endedAt);
    }
  }
  return gaps;
};

/** Milliseconds from the end of the last need of each task to its start. */
export const releasesOf = (records: readonly TaskRecord[]): number[] => {
  const times = new Map(records.map((record) => [record.task.id, summaryOf(record)]));
  return records
    .filter(({ task }) => task.needs.length > 0)
    .map(({ task }) => {
      const lastEnd = Math.max(...task.needs.map((need) => (times.get(need) as NoopSummary).endedAt));
      return (times.get(task.id) as NoopSummary).startedAt - lastEnd;
    });
};

/** The value below which a share of all lies; NaN for none. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
};

/** One figure with its target. */
export const printFigure = (what: string, figure: string, target: string): void =>
  console.log(`${what.padEnd(56)} ${figure.padStart(34)}   target ${target}`);

/** Median, 95 % and largest of some gaps. */
export const printGaps = (what: string, gapsMs: readonly number[], target: string): void => {
  const [p50, p95, max] = [0.5, 0.95, 1].map((share) => quantile(gapsMs, share).toFixed(2));
  printFigure(what, `p50 ${p50}  p95 ${p95}  max ${max} ms`, target);
};
