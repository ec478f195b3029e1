/** Draws → `trace.nc`, `analysis.json`, `manifest.json`: what a run leaves when it ends. */
import { exactLlcOf } from "../analysis/exact-llc.ts";
import { type RunFacts, type RunSummary, summarizeRun } from "../analysis/summary.ts";
import type { Backend } from "../compute/backend.ts";
import type { RunConfig } from "../config/experiment.ts";
import { lossUnits, workOf } from "../config/work-units.ts";
import { writeJsonAtomic } from "../core/atomic-write.ts";
import type { Json } from "../core/canonical-json.ts";
import { snakeKeys } from "../core/case.ts";
import { packageVersion } from "../core/package-root.ts";
import type { RunSamplerTask } from "../plan/task.ts";
import type { Attempt } from "../runs/attempt.ts";
import { appendEntry } from "../runs/catalog.ts";
import { type DrawLogReader, openDrawLog } from "../runs/draw-log.ts";
import { jsonNumbers } from "../runs/json-numbers.ts";
import { type RunFiles, targetFiles } from "../runs/layout.ts";
import { writeManifest } from "../runs/manifest.ts";
import { lossField, traceSourceOf } from "../runs/run-draws.ts";
import { type TraceAttributes, writeTrace } from "../runs/trace-format.ts";
import type { Posterior, Sampler, SamplerRun } from "../samplers/sampler.ts";
import type { SolvableModel } from "../targets/loss-model.ts";
import { analysisJsonOf, type RunExtras } from "./analysis-json.ts";
import { posteriorNumbersOf } from "./posterior-numbers.ts";
import type { SampledTarget } from "./restrict-target.ts";
import { type RunState, signatureOf } from "./run-state.ts";
import { runWarnings } from "./run-warnings.ts";
import { runAnswer } from "./task-answer.ts";

/** Everything that is known when the last draw is in the log. */
export interface FinishedRun {
  readonly task: RunSamplerTask;
  readonly config: RunConfig;
  readonly target: SampledTarget;
  readonly posterior: Posterior;
  readonly sampler: Sampler<unknown>;
  readonly run: SamplerRun;
  readonly state: RunState;
  /** See `Until.reason`. */
  readonly stopReason: string;
  readonly attempt: Attempt;
  readonly backend: Backend;
  readonly files: RunFiles;
  readonly runsRoot: string;
}

/** Writes the files and returns what the queue is told. @throws SweepError `BUSY` if a newer attempt has begun. */
export const finishRun = async (finished: FinishedRun): Promise<Json> => {
  const { task, state, attempt, files, runsRoot } = finished;
  const wallTimeSec = state.elapsedSec();
  state.close();
  const warnings = await runWarnings(finished);
  const log = openDrawLog(files.drawLog);
  let summary: RunSummary;
  try {
    summary = summarize(finished, log, { wallTimeSec, warnings });
    const { nBeta, initialLoss } = finished.posterior;
    await writeTrace(
      files.trace,
      traceSourceOf(log, { nBeta, initialLoss, attributes: attributesOf(finished) }),
    );
  } finally {
    log.close();
  }
  const analysis = analysisJsonOf(summary, extrasOf(finished));
  writeJsonAtomic(files.analysis, analysis);
  const { llc_mean = null, llc_mcse = null, verdict = null } = analysis;
  appendEntry(targetFiles(runsRoot, task.targetId).runs, {
    id: task.id,
    sampler: task.sampler,
    d: finished.target.d,
    llc_mean,
    llc_mcse,
    verdict,
    walltime_sec: wallTimeSec,
    work: pastWorkOf(finished),
  });
  writeManifest(files.manifest, {
    id: task.id,
    attempt,
    finishedMs: Date.now(),
    files: ["trace.nc", "analysis.json"],
    facts: factsOf(finished, { wallTimeSec, warnings }),
  });
  state.remove();
  return runAnswer(analysis);
};

/** What `PastWork` in `src/plan/estimate-cost.ts` reads. */
const pastWorkOf = ({ config, target, task, run, stopReason, backend }: FinishedRun): unknown => {
  const isNetwork = target.model.kind === "network";
  const work = workOf(config, { numData: target.n, dim: target.d, isNetwork });
  return snakeKeys({
    // Settings do not tell what a run that ended early did.
    units: stopReason === "draws" ? work.units : 0,
    unitsPerCall: work.unitsPerCall,
    unitsPerDraw: work.unitsPerDraw,
    speedClass: work.speedClass,
    counted: run.work.gradients + lossUnits * run.work.losses,
    backend: task.backend,
    threads: backend.numThreads,
  });
};

/** What is found when a run ends. */
interface Ending {
  readonly wallTimeSec: number;
  readonly warnings: readonly string[];
}

const summarize = (finished: FinishedRun, log: DrawLogReader, ending: Ending): RunSummary => {
  const { target, posterior, sampler, run } = finished;
  const statistics = log.fields.filter((field) => field !== lossField);
  return summarizeRun(
    {
      loss: log.column(lossField),
      statistics: Object.fromEntries(statistics.map((name) => [name, log.column(name)])),
    },
    {
      nBeta: posterior.nBeta,
      numData: target.n,
      initialLoss: posterior.initialLoss,
      isIndependent: sampler.isIndependent,
      work: run.work,
      ...ending,
      ...exactFactsOf(target.solvable, posterior),
      tuned: run.tuned,
      stopReason: finished.stopReason,
    },
  );
};

const extrasOf = ({ run, stopReason }: FinishedRun): RunExtras => ({
  stop_reason: stopReason,
  ...(run.report === undefined ? {} : { extras: jsonNumbers(run.report) }),
});

/** λ, multiplicity, and what a perfect sampler would estimate; where only the asymptotic λ is known, that. */
export const exactFactsOf = (
  solvable: SolvableModel | null,
  posterior: { readonly nBeta: number; readonly gamma: number },
): Pick<RunFacts, "llcTrue" | "learningCoefficient"> => {
  if (solvable === null) return { llcTrue: null, learningCoefficient: null };
  const exact = exactLlcOf(solvable, posterior);
  return { llcTrue: exact.estimate ?? exact.lambda, learningCoefficient: exact };
};

/** Observed settings, flat, without anything that differs between two runs of equal result. */
const attributesOf = ({
  task,
  config,
  target,
  posterior,
  sampler,
  run,
  backend,
}: FinishedRun): TraceAttributes => {
  const settings = Object.entries(config.sampler).filter(([name]) => name !== "name");
  const tuned = Object.entries(run.tuned).map(([name, value]) => [`tuned_${name}`, value] as const);
  const report = Object.entries(run.report ?? {}).map(([name, value]) => [
    `extra_${name}`,
    typeof value === "number" ? value : JSON.stringify(value),
  ]);
  return {
    target_id: task.targetId,
    run_id: task.runId,
    sampler: config.sampler.name,
    n_data: target.n,
    dim: target.d,
    n_beta: posterior.nBeta,
    beta: posterior.nBeta / target.n,
    gamma: posterior.gamma,
    initial_loss: posterior.initialLoss,
    seed: config.seed,
    precision: config.precision,
    chains: config.sampling.chains,
    backend: signatureOf(backend),
    numerics_version: sampler.numericsVersion,
    ...Object.fromEntries(settings.map(([name, value]) => [`setting_${name}`, attributeOf(value)])),
    ...Object.fromEntries(tuned),
    ...(Object.fromEntries(report) as TraceAttributes),
  };
};

const attributeOf = (value: RunConfig["sampler"][string]): string | number | boolean =>
  value === null || typeof value === "object" ? JSON.stringify(value) : value;

/** What `manifest.json` says besides the members of every manifest. */
const factsOf = (finished: FinishedRun, { wallTimeSec, warnings }: Ending): Record<string, unknown> => {
  const { task, config, target, posterior, sampler, run, state, backend } = finished;
  const { gradients, warmupGradients, losses } = run.work;
  return {
    target_id: task.targetId,
    run_id: task.runId,
    sampler: task.sampler,
    title: task.title,
    config: task.config,
    n: target.n,
    d: target.d,
    ...(snakeKeys(posteriorNumbersOf(config.posterior, target)) as Record<string, number>),
    initial_loss: posterior.initialLoss,
    backend: backend.name,
    backend_description: backend.description,
    vector_bytes: backend.vectorBytes,
    threads: backend.numThreads,
    other_backends: state.otherBackends,
    walltime_sec: wallTimeSec,
    is_independent: sampler.isIndependent,
    work: { gradients, warmup_gradients: warmupGradients, losses },
    warnings,
    tuned: run.tuned,
    ...extrasOf(finished),
    versions: { lambda_hat: packageVersion, node: process.version, numerics: sampler.numericsVersion },
  };
};
