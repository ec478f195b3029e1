/**
 * The task `run-sampler`: draws from one target's posterior, then judges them; writes
 * `runs/targets/<target>/run_<sampler>_<run id>/`.
 *
 * Draws stream to `draws.log`; a checkpoint is taken at least once a minute and on request. What a checkpoint does not cover
 * is cut off and drawn again, bit for bit. The manifest is written last.
 */
import type { Backend, Ensemble } from "../compute/backend.ts";
import { type BackendChoice, selectBackend } from "../compute/select-backend.ts";
import type { RunConfig } from "../config/experiment.ts";
import { camelKeys } from "../core/case.ts";
import { SweepError } from "../core/errors.ts";
import type { RunSamplerTask } from "../plan/task.ts";
import { beginAttempt } from "../runs/attempt.ts";
import { runFiles } from "../runs/layout.ts";
import { runChains } from "../samplers/chains/run-chains.ts";
import { samplerOf } from "../samplers/registry.ts";
import type { Posterior, Sampler, SamplerRun } from "../samplers/sampler.ts";
import { checkpointIntervalMs } from "./checkpoint-interval.ts";
import { type FinishedRun, finishRun } from "./finish-run.ts";
import { posteriorNumbersOf } from "./posterior-numbers.ts";
import { restrictTarget, type SampledTarget } from "./restrict-target.ts";
import { openRunState, type RunState } from "./run-state.ts";
import { loadTarget } from "./stored-target.ts";
import type { TaskContext, TaskOutcome } from "./task-context.ts";
import { type Until, watchUntil } from "./until.ts";

/** @throws SweepError `NOT_FOUND` (target), `ENVIRONMENT` (backend), `CONFIG_INVALID` (settings), `NUMERICS` (L(w*)). */
export const runSampler = async (task: RunSamplerTask, context: TaskContext): Promise<TaskOutcome> => {
  const { storeRoot: runsRoot } = context;
  const config = task.config as unknown as RunConfig;
  const target = restrictTarget(loadTarget(runsRoot, task.targetId), config.posterior.parameters);
  const files = runFiles(runsRoot, task);
  const attempt = beginAttempt(files.dir, Date.now(), context.attemptToken);
  const sampler = samplerOf(config.sampler.name);
  const backend = await selectBackend({
    name: task.backend as BackendChoice,
    numThreads: task.resources.threads,
    onWarning: (message) => context.log(`warning: ${message}`),
    onProgress: (line) => context.log(line),
  });
  try {
    const ensemble = openEnsemble(backend, target, { config, sampler });
    try {
      const parts = { task, config, target, sampler, attempt, backend, files, runsRoot };
      return await runOn(ensemble, parts, context);
    } finally {
      ensemble.close();
    }
  } finally {
    backend.close();
  }
};

/** Draws what is missing and, unless stopped, finishes the run. */
const runOn = async (
  ensemble: Ensemble,
  parts: Omit<FinishedRun, "posterior" | "run" | "state" | "stopReason">,
  context: TaskContext,
): Promise<TaskOutcome> => {
  const { task, config, target, sampler, attempt, backend, files } = parts;
  const posterior = await posteriorOf(ensemble, target, config);
  const run = await startRun(sampler, posterior, config);
  const state = openRunState({
    files,
    id: task.id,
    attempt,
    backend,
    sampler,
    numChains: config.sampling.chains,
    log: (line) => context.log(line),
  });
  try {
    const until = watchUntil({ config, sampler, posterior, state });
    const isFinished = await sample(run, state, { context, until });
    if (!isFinished) return { kind: "given_back" };
    const summary = await finishRun({ ...parts, posterior, run, state, stopReason: until.reason() });
    return { kind: "done", summary };
  } finally {
    state.abandon();
  }
};

/** As many rows as the sampler needs for the recorded chains. */
const openEnsemble = (
  backend: Backend,
  target: SampledTarget,
  { config, sampler }: { readonly config: RunConfig; readonly sampler: Sampler<unknown> },
): Ensemble => {
  const { chains } = config.sampling;
  return backend.open({
    model: target.model,
    dataset: target.dataset,
    precision: config.precision,
    numChains: sampler.ensembleRows?.(settingsOf(config), chains) ?? chains,
    seed: config.seed,
    ...(target.restriction === undefined ? {} : { restriction: target.restriction }),
  });
};

/** The sampler's block as numerics reads it. */
const settingsOf = ({ sampler }: RunConfig): unknown => {
  const { name: _, ...settings } = sampler;
  return camelKeys(settings);
};

/** Sets the potential and measures L_n(w*) on the run's own arithmetic, so that llc is 0 at w*. */
const posteriorOf = async (
  ensemble: Ensemble,
  target: SampledTarget,
  config: RunConfig,
): Promise<Posterior> => {
  const { numChains, dim } = ensemble;
  const { center } = target;
  const { nBeta, gamma } = posteriorNumbersOf(config.posterior, target);
  ensemble.setPotential({
    center,
    nBeta: new Float64Array(numChains).fill(nBeta),
    gamma: new Float64Array(numChains).fill(gamma),
  });
  const position = ensemble.vectors();
  const loss = ensemble.scalars();
  const centers = new Float64Array(numChains * dim);
  for (let chain = 0; chain < numChains; chain++) centers.set(center, chain * dim);
  ensemble.writeVectors(position, centers);
  ensemble.loss(position, loss);
  const initialLoss = (await ensemble.readScalars(loss))[0] ?? Number.NaN;
  if (!Number.isFinite(initialLoss)) {
    throw new SweepError(
      "NUMERICS",
      `the loss at the trained weights is ${initialLoss}; expected a finite number. Train with a smaller learning_rate.`,
    );
  }
  return {
    ensemble,
    center,
    nBeta,
    gamma,
    initialLoss,
    seed: config.seed,
    startScale: config.sampling.start_scale,
  };
};

const startRun = (sampler: Sampler<unknown>, posterior: Posterior, config: RunConfig): Promise<SamplerRun> =>
  sampler.start(posterior, settingsOf(config));

/** True when all draws that are wanted are in the log; false if stopped on request, after a checkpoint. */
const sample = async (
  run: SamplerRun,
  state: RunState,
  { context, until }: { readonly context: TaskContext; readonly until: Until },
): Promise<boolean> => {
  const checkpointEveryMs = checkpointIntervalMs(process.env);
  let checkpointAt = performance.now() + checkpointEveryMs;
  const outcome = await runChains(
    run,
    {
      onDraw: (_, { statistics, ...draw }) => state.append({ ...draw, ...statistics }),
      shouldCheckpoint: () => performance.now() >= checkpointAt,
      onCheckpoint: (checkpoint) => {
        state.save(checkpoint);
        checkpointAt = performance.now() + checkpointEveryMs;
      },
      onProgress: (progress) => context.onProgress(progress),
      shouldStop: () => context.shouldStop(),
      isEnough: (numDraws) => until.isEnough(numDraws),
      isTooLate: () => until.isTooLate(),
    },
    state.resume,
  );
  return outcome.kind === "finished";
};
