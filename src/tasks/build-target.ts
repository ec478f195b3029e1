/**
 * The task `build-target`: data, network and w* of one target, written to `runs/targets/<id>/`.
 *
 * Builds run on the `wasm` backend in float64 whatever the sweep uses, so that equal ids mean equal bytes
 * (docs/decisions.md, Numerics).
 */
import { createWasmBackend } from "../compute/wasm/wasm-backend.ts";
import type { Json } from "../core/canonical-json.ts";
import { camelKeys } from "../core/case.ts";
import { SweepError } from "../core/errors.ts";
import { packageVersion } from "../core/package-root.ts";
import type { BuildTargetTask } from "../plan/task.ts";
import { beginAttempt } from "../runs/attempt.ts";
import { appendEntry, type CatalogEntry } from "../runs/catalog.ts";
import { catalogFile, type TargetFiles, targetFiles } from "../runs/layout.ts";
import { writeManifest } from "../runs/manifest.ts";
import { type NpzArrays, writeNpz } from "../runs/npz.ts";
import { type BuiltTarget, buildTarget } from "../targets/build-target.ts";
import type { TargetConfig } from "../targets/target-config.ts";
import type { BuildHooks } from "../targets/training/pacing.ts";
import { buildAnswer } from "./task-answer.ts";
import type { TaskContext, TaskOutcome } from "./task-context.ts";

/** @throws SweepError of the build: configuration, divergence. */
export const runBuildTarget = async (task: BuildTargetTask, context: TaskContext): Promise<TaskOutcome> => {
  const files = targetFiles(context.storeRoot, task.targetId);
  const attempt = beginAttempt(files.dir, Date.now(), context.attemptToken);
  const start = performance.now();
  const built = await buildOrStop(task, context);
  if (built === null) return { kind: "given_back" };

  const seconds = (performance.now() - start) / 1000;
  for (const warning of built.warnings) context.log(`warning: ${warning}`);
  writeArrays(files, built);
  const facts = factsOf(task, built, seconds);
  appendEntry(catalogFile(context.storeRoot), catalogEntryOf(task, built, seconds));
  writeManifest(files.meta, {
    id: task.id,
    attempt,
    finishedMs: Date.now(),
    files: ["data.npz", "params.npz"],
    facts,
  });
  return { kind: "done", summary: buildAnswer(facts) };
};

/** Null if the build was stopped on request; builds are short and start anew. */
const buildOrStop = async (task: BuildTargetTask, context: TaskContext): Promise<BuiltTarget | null> => {
  const backend = await createWasmBackend({ numThreads: task.resources.threads });
  const stop = new AbortController();
  const hooks: BuildHooks = {
    signal: stop.signal,
    onProgress: ({ phase, step, numSteps }) => {
      context.onProgress({ done: step, total: numSteps, phase });
      if (context.shouldStop()) stop.abort("stopped on request");
    },
  };
  try {
    return await buildTarget(camelKeys(task.config) as unknown as TargetConfig, backend, hooks);
  } catch (error) {
    if (error instanceof SweepError && error.code === "CANCELLED") return null;
    throw error;
  } finally {
    backend.close();
  }
};

const writeArrays = (files: TargetFiles, built: BuiltTarget): void => {
  const { dataset, testDataset, dims } = built;
  const pair = (name: string, data: typeof dataset): NpzArrays =>
    data.inputs.length === 0
      ? {}
      : {
          [`X${name}`]: { shape: [data.numData, dims.inDim], data: data.inputs },
          [`Y${name}`]: { shape: [data.numData, dims.outDim], data: data.labels },
        };
  writeNpz(files.data, { ...pair("", dataset), ...(testDataset === null ? {} : pair("_test", testDataset)) });
  const teacher: NpzArrays =
    built.teacher === null
      ? {}
      : { teacher: { shape: [built.teacher.parameters.length], data: built.teacher.parameters } };
  writeNpz(files.params, { w: { shape: [dims.d], data: built.parameters }, ...teacher });
};

/** What `meta.json` says besides the members of every manifest. */
const factsOf = (task: BuildTargetTask, built: BuiltTarget, seconds: number): Record<string, unknown> => ({
  target_id: task.targetId,
  title: task.title,
  config: task.config,
  n: built.dims.n,
  d: built.dims.d,
  in_dim: built.dims.inDim,
  out_dim: built.dims.outDim,
  widths: built.widths,
  initial_loss: built.initialLoss,
  test_loss: built.testLoss,
  gradient_norm: built.gradientNorm,
  hessian_min: built.smallestEigenvalue,
  hessian_max: built.largestEigenvalue,
  hessian_residual: built.eigenvalueResidual,
  training: {
    steps: built.training.steps,
    stop_reason: built.training.stopReason,
    polish_steps: built.training.polishSteps,
    polish_stop_reason: built.training.polishStopReason,
    saddle_escapes: built.training.numEscapes,
  },
  solvable: built.solvable as Json,
  warnings: built.warnings,
  walltime_sec: seconds,
  versions: { lambda_hat: packageVersion, node: process.version },
});

const catalogEntryOf = (task: BuildTargetTask, built: BuiltTarget, seconds: number): CatalogEntry => ({
  id: task.targetId,
  title: task.title,
  n: built.dims.n,
  d: built.dims.d,
  initial_loss: built.initialLoss,
  gradient_norm: built.gradientNorm,
  walltime_sec: seconds,
});
