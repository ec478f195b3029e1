/** Judges a finished run again from its `trace.nc`, and writes its `analysis.json` and manifest anew. */
import { type RunSummary, summarizeRun } from "../analysis/summary.ts";
import type { RunConfig } from "../config/experiment.ts";
import { writeJsonAtomic } from "../core/atomic-write.ts";
import { camelKeys } from "../core/case.ts";
import { SweepError } from "../core/errors.ts";
import type { RunSamplerTask } from "../plan/task.ts";
import { beginAttempt } from "../runs/attempt.ts";
import { runFiles, targetFiles } from "../runs/layout.ts";
import { type Facts, readManifest, writeManifest } from "../runs/manifest.ts";
import { readTrace, type Trace } from "../runs/trace-format.ts";
import type { SolvableModel } from "../targets/loss-model.ts";
import { analysisJsonOf, type RunExtras } from "./analysis-json.ts";
import { readResult } from "./done-since.ts";
import { exactFactsOf } from "./finish-run.ts";

/** @throws SweepError `NOT_FOUND` if the run is not finished, `TRACE_INVALID` if its trace cannot be read. */
export const diagnoseRun = async (runsRoot: string, task: RunSamplerTask): Promise<RunSummary> => {
  const files = runFiles(runsRoot, task);
  const { id, targetId } = task;
  const reading = readResult(runsRoot, task);
  if (reading.kind !== "valid") {
    const reason = reading.kind === "invalid" ? reading.reason : "it has not finished";
    throw new SweepError("NOT_FOUND", `run ${id} cannot be diagnosed: ${reason}. Run the sweep again first.`);
  }
  const { manifest } = reading;
  const target = readManifest(targetFiles(runsRoot, targetId).meta, targetId);
  const config = manifest.facts["config"] as unknown as RunConfig;
  const isSolvable = target.kind === "valid" && config.posterior.parameters === undefined;
  const solvable = isSolvable ? target.manifest.facts["solvable"] : null;
  const summary = summarize(
    await readTrace(files.trace),
    manifest.facts,
    solvable as unknown as SolvableModel | null,
  );
  const attempt = beginAttempt(files.dir, Date.parse(manifest.startedAt));
  writeJsonAtomic(files.analysis, analysisJsonOf(summary, extrasOf(manifest.facts)));
  writeManifest(files.manifest, {
    id,
    attempt,
    finishedMs: Date.parse(manifest.finishedAt),
    files: ["trace.nc", "analysis.json"],
    facts: manifest.facts,
  });
  return summary;
};

const extrasOf = ({ stop_reason = null, extras }: Facts): RunExtras => ({
  stop_reason,
  ...(extras === undefined ? {} : { extras }),
});

const summarize = (trace: Trace, facts: Facts, solvable: SolvableModel | null): RunSummary => {
  const number = (key: string): number => facts[key] as number;
  const posterior = { nBeta: number("n_beta"), gamma: number("gamma") };
  return summarizeRun(
    { loss: trace.posterior["L"] ?? [], statistics: trace.sampleStats },
    {
      nBeta: posterior.nBeta,
      numData: number("n"),
      initialLoss: number("initial_loss"),
      isIndependent: facts["is_independent"] === true,
      work: camelKeys(facts["work"]) as unknown as {
        gradients: number;
        warmupGradients: number;
        losses: number;
      },
      wallTimeSec: number("walltime_sec"),
      ...exactFactsOf(solvable, posterior),
      warnings: facts["warnings"] as readonly string[],
      tuned: facts["tuned"] as Readonly<Record<string, number>>,
      stopReason: typeof facts["stop_reason"] === "string" ? facts["stop_reason"] : undefined,
    },
  );
};
