/**
 * The cost of orchestration: planning, no-op tasks per second through plan, broker and slots, and the gap between the
 * end of a task and the start of the next one on its slot, as the task process itself sees it.
 *
 * Everything that a real sweep has is on: event log, logs, one process a slot.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { LocalCard } from "../src/cards/card.ts";
import { systemClock } from "../src/core/clock.ts";
import { LocalExecutor } from "../src/executors/local-executor.ts";
import { runPlan } from "../src/executors/run-plan.ts";
import { buildPlan, type PlannedExperiment } from "../src/plan/build-plan.ts";
import { topologicalOrder } from "../src/plan/graph.ts";
import type { NoopTask } from "../src/plan/task.ts";
import { EventLog } from "../src/queue/event-log.ts";
import { LocalBroker } from "../src/queue/local-broker.ts";
import { defaultRetryPolicy } from "../src/queue/retry-policy.ts";
import { chainsOf, gapsOf, graphOf, printFigure, printGaps, quantile, releasesOf } from "./noop-sweeps.ts";

const numSlots = 2;
const gapTarget = "p95 < 50 ms";

/** Prints all figures with their targets. */
export const runQueueBenchmark = async (): Promise<void> => {
  const planMs = quantile(Array.from({ length: 5 }, planSeconds), 0.5) * 1000;
  printFigure("plan of 100 × 100 cells", `${planMs.toFixed(0)} ms`, "< 500 ms");

  await sweep(graphOf(50, 4, 0)); // once before it counts
  const noop = await sweep(graphOf(1000, 9, 0));
  printFigure(
    `no-op tasks, ${numSlots} slots, process start included`,
    `${noop.tasksPerSec.toFixed(0)} /s`,
    "≥ 1500 /s",
  );
  printGaps("gap between no-op tasks", noop.gapsMs, gapTarget);

  const paced = await sweep(graphOf(40, 9, 10));
  printGaps("gap between tasks of 10 ms", paced.gapsMs, gapTarget);
  const chains = await sweep(chainsOf(numSlots, 150, 10));
  printGaps("end of a task to the start of the one that needs it", chains.releasesMs, gapTarget);
};

const sweep = async (
  tasks: readonly NoopTask[],
): Promise<{ tasksPerSec: number; gapsMs: number[]; releasesMs: number[] }> => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-hat-bench-"));
  const broker = new LocalBroker({ clock: systemClock, leaseMs: null });
  const events = new EventLog(join(folder, "events.jsonl"));
  try {
    const start = performance.now();
    const { records } = await runPlan({
      plan: {
        id: "swp_bench",
        experiment: "bench",
        tasks: topologicalOrder(tasks),
        doneTaskIds: [],
        cells: [],
        notes: [],
      },
      broker,
      executor: new LocalExecutor({ card, storeRoot: folder, logsRoot: join(folder, "logs") }),
      submit: { retryPolicy: defaultRetryPolicy, maxFailures: null, expectedSec: new Map() },
      onEvent: (event) => events.append(event),
    });
    const seconds = (performance.now() - start) / 1000;
    return { tasksPerSec: tasks.length / seconds, gapsMs: gapsOf(records), releasesMs: releasesOf(records) };
  } finally {
    events.close();
    await broker.close();
    rmSync(folder, { recursive: true });
  }
};

const planSeconds = (): number => {
  const start = performance.now();
  buildPlan(largeExperiment, {
    numericsVersions: { target: 1, samplers: { hmc: 1 } },
    backend: "auto",
    codeVersion: null,
    isDone: () => false,
  });
  return (performance.now() - start) / 1000;
};

/** 100 targets × 100 samplers with configurations of the usual size. */
const largeExperiment: PlannedExperiment = {
  experiment: "bench",
  targets: Array.from({ length: 100 }, (_, seed) => ({
    label: `base/base seed ${seed}`,
    config: {
      model: {
        kind: "mlp",
        in_dim: 32,
        out_dim: 1,
        depth: 3,
        widths: null,
        activation: "relu",
        bias: true,
        layernorm: false,
        init: "he",
        target_params: 10_000,
        hidden: 300,
        skip_connections: false,
        residual_period: 2,
      },
      data: {
        n_data: 20_000,
        n_test: 2000,
        x_dist: "gauss_iso",
        cov_decay: 0.95,
        mixture_k: 4,
        mixture_spread: 2,
        x_dim_latent: 2,
        noise_model: "gauss",
        noise_scale: 0.1,
        hetero_scale: 0.1,
        student_df: 4,
      },
      teacher: {},
      training: {
        optimizer: "adam",
        learning_rate: 0.001,
        steps: 5000,
        early_stop_tol: 1e-6,
        batch_size: null,
      },
      loss: { kind: "mse" },
      seed,
    },
  })),
  samplers: Array.from({ length: 100 }, (_, seed) => ({ label: `hmc seed ${seed}`, name: "hmc" })),
  resolveCell: (_, seed) => ({
    sampler: {
      name: "hmc",
      draws: 1000,
      warmup: 200,
      num_integration_steps: 10,
      step_size: 0.01,
      adapt_step_size: true,
      adapt_mass_matrix: true,
      target_acceptance: 0.8,
      trajectory_jitter: 0.3,
      thinning: 1,
    },
    posterior: { beta_mode: "1_over_log_n", beta0: 1, gamma: 1, prior_radius: null },
    sampling: { chains: 4, start_scale: 0.1 },
    seed,
    precision: "float64",
  }),
  resourcesOf: () => ({ threads: 1, timeoutSec: null, memoryMiB: null }),
};

const card: LocalCard = {
  type: "local",
  label: "bench",
  executors: [
    {
      label: "bench",
      slots: numSlots,
      threadsPerTask: 1,
      memoryMiB: null,
      serves: null,
      workerInit: "",
      env: {},
    },
  ],
  retries: null,
  crashLimit: 3,
  graceSec: 5,
  runDir: null,
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await runQueueBenchmark();
