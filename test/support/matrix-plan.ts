/** Plans of targets × samplers, and the events of their tasks, for tests of views. */
import type { Plan } from "../../src/plan/plan.ts";
import type { Task } from "../../src/plan/task.ts";
import type { SweepEvent } from "../../src/queue/sweep-event.ts";

/** Targets `t0`, `t1`, …; the run of sampler k on `t0` is `t0/k`. `samplers`: labels, the algorithm first. */
export const aMatrixPlan = ({
  targets,
  samplers,
}: {
  readonly targets: number;
  readonly samplers: readonly string[];
}): Plan => {
  const ids = Array.from({ length: targets }, (_, i) => `t${i}`);
  const common = { resources: { threads: 1, timeoutSec: null, memoryMiB: null }, config: {} };
  const builds = ids.map((id) => ({
    ...common,
    kind: "build-target" as const,
    id,
    targetId: id,
    needs: [],
    title: id,
  }));
  const algorithm = (label: string): string => label.split(" ")[0] ?? label;
  const cells = ids.flatMap((targetId, targetIndex) =>
    samplers.map((samplerLabel, samplerIndex) => ({
      targetIndex,
      samplerIndex,
      targetLabel: `base/base with a long name seed ${targetIndex}`,
      samplerLabel,
      taskId: `${targetId}/${samplerIndex}`,
      targetId,
      runId: String(samplerIndex),
      sampler: algorithm(samplerLabel),
      isDuplicate: false,
    })),
  );
  const runs: Task[] = cells.map(({ taskId, targetId, runId, sampler, samplerLabel }) => ({
    ...common,
    kind: "run-sampler",
    id: taskId,
    needs: [targetId],
    title: `${targetId} × ${samplerLabel}`,
    targetId,
    runId,
    sampler,
    backend: "auto",
  }));
  return {
    id: "swp_0123456789ab",
    experiment: "test",
    tasks: [...builds, ...runs],
    doneTaskIds: [],
    cells,
    notes: [],
  };
};

const event = (fields: object): SweepEvent => ({ time: 0, attempt: 1, ...fields }) as unknown as SweepEvent;

/** A task has begun, at `time` in milliseconds. */
export const started = (taskId: string, time: number): SweepEvent =>
  event({ kind: "task_started", taskId, time });

/** A share of its draws is done. */
export const progressed = (taskId: string, fraction: number): SweepEvent =>
  event({ kind: "progress", taskId, phase: "draws", done: fraction * 100, total: 100 });

/** A task has ended well. */
export const done = (taskId: string, seconds: number): SweepEvent =>
  event({ kind: "task_done", taskId, seconds, summary: { llcMean: 1.2345, llcMcse: 0.01 } });
