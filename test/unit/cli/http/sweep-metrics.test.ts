import { describe, expect, it } from "vitest";
import { SweepMetrics } from "../../../../src/cli/http/sweep-metrics.ts";
import { errorRecordOf, SweepError } from "../../../../src/core/errors.ts";
import type { SweepEventBody } from "../../../../src/queue/sweep-event.ts";
import type { WorkerPool } from "../../../../src/queue/worker-heartbeat.ts";
import { aHeartbeat } from "../../../support/heartbeats.ts";
import { aPlan, aTask } from "../../../support/plans.ts";

const error = errorRecordOf(new SweepError("TASK_FAILED", "no"));
const plan = aPlan([aTask("a"), aTask("b"), aTask("c")], ["c"]);
const anAttempt = { taskId: "a", attempt: 1 };

const metricsOf = (pool: WorkerPool | null, numSlots = 0): SweepMetrics =>
  new SweepMetrics({ plan, pool, numSlots });
const hear = (metrics: SweepMetrics, ...events: readonly SweepEventBody[]): void => {
  for (const [index, event] of events.entries()) metrics.hear({ time: 1000 * index, ...event });
};
/** Lines of ours that are not zero. */
const linesOf = async (metrics: SweepMetrics): Promise<readonly string[]> =>
  (await metrics.text())
    .split("\n")
    .filter(
      (line) => /^lambda_hat_(?!task_(seconds|wait)|sweep_info|cells)/.test(line) && !line.endsWith(" 0"),
    );
const poolOf = (workers: WorkerPool["workers"]): WorkerPool => ({
  workers,
  requestDrain: () => Promise.resolve(),
});

describe("metrics of a sweep", () => {
  it("count tasks by state, and what happened to them by cause", async () => {
    const metrics = metricsOf(null, 2);
    hear(
      metrics,
      { kind: "task_ready", taskId: "a" },
      { kind: "task_ready", taskId: "b" },
      { kind: "task_started", ...anAttempt, worker: "w" },
      { kind: "worker_lost", ...anAttempt, worker: "w", message: "gone" },
      { kind: "retry", ...anAttempt, cause: "worker_lost", error, delayMs: 1 },
      { kind: "task_ready", taskId: "a" },
      { kind: "task_started", taskId: "a", attempt: 2, worker: "w" },
      { kind: "given_back", taskId: "a", attempt: 2 },
      { kind: "task_ready", taskId: "a" },
      { kind: "task_started", taskId: "a", attempt: 3, worker: "w" },
      { kind: "warning", message: "hm" },
    );
    expect(await linesOf(metrics)).toEqual([
      'lambda_hat_task_starts_total{class="sample"} 3',
      'lambda_hat_task_retries_total{class="sample",cause="worker_lost"} 1',
      'lambda_hat_leases_lost_total{class="sample"} 1',
      'lambda_hat_tasks_given_back_total{class="sample"} 1',
      "lambda_hat_warnings_total 1",
      'lambda_hat_tasks{class="sample",state="ready"} 1',
      'lambda_hat_tasks{class="sample",state="running"} 1',
      'lambda_hat_tasks{class="sample",state="skipped"} 1',
      'lambda_hat_queue_depth{class="sample"} 1',
      "lambda_hat_queue_up 1",
      'lambda_hat_workers{state="working"} 1',
      'lambda_hat_worker_slots{state="busy"} 1',
      'lambda_hat_worker_slots{state="idle"} 1',
    ]);
    expect(await metrics.text()).toContain('lambda_hat_task_wait_seconds_sum{class="sample"} 4');
  });

  it("tell the seconds of tasks by how they ended", async () => {
    const metrics = metricsOf(null);
    hear(
      metrics,
      { kind: "task_started", ...anAttempt, worker: "w" },
      { kind: "task_done", ...anAttempt, seconds: 2, summary: null },
      { kind: "task_started", taskId: "b", attempt: 1, worker: "w" },
      { kind: "task_failed", taskId: "b", attempt: 1, cause: "timeout", error, logTail: [], seconds: 5 },
    );
    const text = await metrics.text();
    expect(text).toContain('lambda_hat_task_seconds_bucket{le="1",class="sample",outcome="done"} 0');
    expect(text).toContain('lambda_hat_task_seconds_bucket{le="3",class="sample",outcome="done"} 1');
    expect(text).toContain('lambda_hat_task_seconds_sum{class="sample",outcome="timeout"} 5');
    expect(text).toContain('lambda_hat_task_failures_total{class="sample",cause="timeout"} 1');
    expect(text).toContain('lambda_hat_tasks{class="sample",state="timeout"} 1');
  });

  it("count blocks by the last that was heard of them, and workers with their slots", async () => {
    const workers = [aHeartbeat({ slots: 4, busy: 3 }), aHeartbeat({ state: "draining", busy: 1 })];
    const metrics = metricsOf(poolOf(() => Promise.resolve(workers)));
    const block = { kind: "block", card: "gpu", block: "gpu-1", allocationId: "7", message: "" } as const;
    hear(metrics, { ...block, state: "submitted" }, { ...block, state: "working" });
    const lines = await linesOf(metrics);
    expect(lines).toContain('lambda_hat_blocks{card="gpu",state="working"} 1');
    expect(lines).not.toContain('lambda_hat_blocks{card="gpu",state="submitted"} 1');
    expect(lines).toContain('lambda_hat_block_changes_total{card="gpu",state="submitted"} 1');
    expect(lines).toContain('lambda_hat_workers{state="draining"} 1');
    expect(lines).toContain('lambda_hat_worker_slots{state="busy"} 4');
    expect(lines).toContain('lambda_hat_worker_slots{state="idle"} 1');
  });

  it("answer, and say that the queue is away, when it does not answer", async () => {
    const lines = async (workers: WorkerPool["workers"]): Promise<string> =>
      await metricsOf(poolOf(workers)).text();
    expect(await lines(() => Promise.reject(new Error("away")))).toContain("lambda_hat_queue_up 0");
    expect(await lines(() => new Promise(() => {}))).toContain("lambda_hat_queue_up 0");
  });
});
