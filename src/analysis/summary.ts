/**
 * All numbers that describe one run, from its draws: λ̂ with error, diagnostics, cost, verdict.
 *
 * llc of a draw = nβ·(L_n(w) − L_n(w*)); λ̂ is its mean over chains and draws. Diagnostics are those of this trace (R̂, ESS and
 * MCSE of λ̂, not of weights).
 *
 * Cost: 1 FGE (full-gradient equivalent) = n per-sample gradients, summed over chains, warmup included; a loss without
 * gradient costs a third of one with. Work-normalised variance: `wnv` = MCSE²·work in FGE, `wnvTime` = MCSE²·seconds. Both
 * are constant along a run that has converged, so they compare samplers of any kind: less is better.
 *
 * Independent draws (variational fits; a chain is a fit): the error of λ̂ is the spread of the fits' means over √fits, or
 * that of i.i.d. draws if it is larger; ESS is the number of i.i.d. draws of L_n(w) with that error (with a control
 * variate more than were drawn); R̂ compares the fits. NaN marks what does not apply.
 */
import { type Accuracy, accuracyOf, llcOf } from "./accuracy.ts";
import type { LearningCoefficient } from "./aoyagi.ts";
import { bfmi } from "./bfmi.ts";
import { mcseBootstrap } from "./block-bootstrap.ts";
import { type DistanceFacts, distanceFactsOf } from "./distance.ts";
import { importanceMean } from "./importance.ts";
import { mcseMean } from "./mcse.ts";
import { type Chains, isAllFinite, mean, pool, variance } from "./moments.ts";
import { paretoK } from "./pareto-k.ts";
import { judgeRun, type Measures, type Verdict } from "./verdict.ts";

/** Draws of a run; every array has shape (numChains, numDraws), warmup dropped. */
export interface RunDraws {
  /** L_n(w). */
  readonly loss: Chains;
  /**
   * By ArviZ's names. Read here: `acceptance_rate`, `diverging` (not 0: diverged), `distance` (‖w − w*‖), `energy`
   * (Hamiltonian after the momentum was drawn), `log_weight` (log π − log q of independent draws, any constant),
   * `raw_loss` (L_n(w) where `loss` is that less a control variate of mean 0). NaN where meaningless.
   */
  readonly statistics: Readonly<Record<string, Chains>>;
}

/** What else is known about a run. */
export interface RunFacts {
  readonly nBeta: number;
  readonly numData: number;
  /** L_n(w*). */
  readonly initialLoss: number;
  /** True if draws are independent given a chain (fit). */
  readonly isIndependent: boolean;
  /** Per-sample evaluations of all chains: gradients with warmup, those of warmup, losses without gradient. */
  readonly work: { readonly gradients: number; readonly warmupGradients: number; readonly losses: number };
  /** Warmup and sampling, all attempts, without loading and writing. */
  readonly wallTimeSec: number;
  /** Exact value of the estimator on this target, or null. */
  readonly llcTrue: number | null;
  /** Its limit for n → ∞ with its multiplicity, where known. */
  readonly learningCoefficient?: LearningCoefficient | null;
  readonly warnings: readonly string[];
  readonly tuned: Readonly<Record<string, number>>;
  /** See `Measures.stopReason`. */
  readonly stopReason?: string | undefined;
}

/** λ̂ after the first `numDraws[i]` draws of all chains. */
export interface RunningLlc {
  readonly numDraws: readonly number[];
  readonly llc: readonly number[];
}

/** See the file's header. Written to `analysis.json` in snake_case. */
export interface RunSummary extends DistanceFacts {
  readonly verdict: Verdict;
  /** Plain sentences; empty if converged. */
  readonly verdictReasons: readonly string[];
  readonly warnings: readonly string[];
  readonly numChains: number;
  /** Draws a chain. */
  readonly numDraws: number;
  /** Draws whose loss is NaN or infinite; the statistics of λ̂ are then NaN. */
  readonly numNonFinite: number;
  readonly llcMean: number;
  /** Standard deviation over all draws of all chains, ddof 1. */
  readonly llcStd: number;
  readonly llcMcse: number;
  /**
   * The same error by block bootstrap, a cross-check of `llcMcse`: well above it where correlations are long. NaN for
   * independent draws.
   */
  readonly llcMcseBootstrap: number;
  /** Standard deviation of the chains' means, ddof 1; NaN of one chain. */
  readonly llcChainStd: number;
  readonly llcMin: number;
  readonly llcMax: number;
  readonly llcPerChain: readonly number[];
  readonly runningLlc: RunningLlc;
  readonly llcTrue: number | null;
  /** λ and m; null where unknown. */
  readonly learningCoefficient: number | null;
  readonly multiplicity: number | null;
  /** (llcMean − llcTrue)/llcMcse. */
  readonly llcZ: number;
  /** n·mean(L_n) where nβ = n/log n, Watanabe's information criterion. */
  readonly wbic: number;
  readonly initialLoss: number;
  readonly lossMean: number;
  readonly rHat: number;
  readonly essBulk: number;
  readonly essTail: number;
  /** Mean of `acceptance_rate`. */
  readonly acceptance: number;
  readonly divergences: number;
  /** Least of the chains; only for samplers with accept–reject and energies. */
  readonly bfmi: number;
  readonly bfmiPerChain: readonly number[];
  readonly paretoK: number;
  /** Share of draws with L < L(w*). */
  readonly fractionBelowInitial: number;
  /** (mean of second half − mean of first half)/√(sum of their MCSE²). */
  readonly drift: number;
  readonly totalFge: number;
  readonly warmupFge: number;
  /** Full-data losses without gradient. */
  readonly totalLosses: number;
  /** totalFge + totalLosses/3. */
  readonly workFge: number;
  readonly wallTimeSec: number;
  readonly wnv: number;
  readonly wnvTime: number;
  /** Bulk ESS per FGE of work, and per second. */
  readonly essPerFge: number;
  readonly essPerSec: number;
  readonly tuned: Readonly<Record<string, number>>;
}

/** Draws and facts → summary. Nothing throws: bad numbers become NaN and a reason. */
export const summarizeRun = (draws: RunDraws, facts: RunFacts): RunSummary => {
  // A control variate lowers the error of means, but only the loss itself tells how draws are spread.
  const rawLoss = draws.statistics["raw_loss"] ?? draws.loss;
  const llc = llcOf(draws.loss, facts);
  const pooled = pool(llc);
  const spread = pool(llcOf(rawLoss, facts));
  const { llcMean, ...precision } = accuracyOf({ loss: draws.loss, rawLoss }, facts);
  const statistics = summarizeStatistics(draws.statistics, facts.isIndependent);
  const shape = { numChains: llc.length, numDraws: llc[0]?.length ?? 0 };
  const checked = {
    ...shape,
    ...precision,
    ...statistics,
    ...distanceFactsOf(draws.statistics["distance"], facts),
    numNonFinite: pooled.reduce((count, value) => count + (Number.isFinite(value) ? 0 : 1), 0),
    fractionBelowInitial: fractionOf(pool(rawLoss), (loss) => loss < facts.initialLoss),
    drift: facts.isIndependent ? Number.NaN : driftOf(llc),
  };
  const { verdict, reasons } = judgeRun({
    ...checked,
    ...doubtsOf(draws, facts),
    llcMean,
    stopReason: facts.stopReason,
  });
  const lossMean = mean(pool(draws.loss));
  return {
    verdict,
    verdictReasons: reasons,
    warnings: facts.warnings,
    ...checked,
    llcMean,
    llcStd: Math.sqrt(variance(spread)),
    llcMcseBootstrap: facts.isIndependent ? Number.NaN : mcseBootstrap(llc),
    llcChainStd: Math.sqrt(variance(llc.map(mean))),
    llcMin: extremeOf(spread, Math.min),
    llcMax: extremeOf(spread, Math.max),
    llcPerChain: llc.map(mean),
    runningLlc: runningMean(llc),
    llcTrue: facts.llcTrue,
    learningCoefficient: facts.learningCoefficient?.lambda ?? null,
    multiplicity: facts.learningCoefficient?.multiplicity ?? null,
    llcZ: facts.llcTrue === null ? Number.NaN : (llcMean - facts.llcTrue) / precision.llcMcse,
    wbic: isWatanabeTemperature(facts) ? facts.numData * lossMean : Number.NaN,
    initialLoss: facts.initialLoss,
    lossMean,
    ...costOf(facts, precision),
    wallTimeSec: facts.wallTimeSec,
    tuned: facts.tuned,
  };
};

const summarizeStatistics = (
  statistics: RunDraws["statistics"],
  isIndependent: boolean,
): Pick<RunSummary, "acceptance" | "divergences" | "bfmi" | "bfmiPerChain" | "paretoK"> => {
  const acceptance = mean(pool(statistics["acceptance_rate"] ?? []).filter(Number.isFinite));
  const energy = statistics["energy"];
  // Unadjusted dynamics record an energy too, but have no momentum refreshment that BFMI could judge.
  const hasBfmi = energy !== undefined && !isIndependent && !Number.isNaN(acceptance);
  const bfmiPerChain = hasBfmi ? bfmi(energy) : [];
  return {
    acceptance,
    divergences: pool(statistics["diverging"] ?? []).reduce((count, flag) => count + (flag > 0 ? 1 : 0), 0),
    bfmi: bfmiPerChain.length > 0 ? Math.min(...bfmiPerChain) : Number.NaN,
    bfmiPerChain,
    paretoK: isIndependent ? paretoK(pool(statistics["log_weight"] ?? [])) : Number.NaN,
  };
};

/** What only some samplers can tell against themselves; NaN for the others. */
const doubtsOf = (
  { loss, statistics }: RunDraws,
  { nBeta, initialLoss, isIndependent, tuned }: RunFacts,
): Pick<Measures, "isIndependent" | "hasWeights" | "stepCurvature" | "importanceLlc" | "importanceError"> => {
  const logWeights = isIndependent ? statistics["log_weight"] : undefined;
  const llc = pool(statistics["raw_loss"] ?? loss).map((value) => nBeta * (value - initialLoss));
  const weighted =
    logWeights === undefined
      ? { mean: Number.NaN, error: Number.NaN }
      : importanceMean(llc, pool(logWeights));
  return {
    isIndependent,
    hasWeights: logWeights !== undefined,
    stepCurvature: tuned["step_curvature"] ?? Number.NaN,
    importanceLlc: weighted.mean,
    importanceError: weighted.error,
  };
};

const costOf = (
  { work, numData, wallTimeSec }: RunFacts,
  { llcMcse, essBulk: ess }: Pick<Accuracy, "llcMcse" | "essBulk">,
): Pick<
  RunSummary,
  "totalFge" | "warmupFge" | "totalLosses" | "workFge" | "wnv" | "wnvTime" | "essPerFge" | "essPerSec"
> => {
  const totalFge = work.gradients / numData;
  const totalLosses = work.losses / numData;
  const workFge = totalFge + totalLosses / 3;
  return {
    totalFge,
    warmupFge: work.warmupGradients / numData,
    totalLosses,
    workFge,
    wnv: llcMcse ** 2 * workFge,
    wnvTime: llcMcse ** 2 * wallTimeSec,
    essPerFge: ess / workFge,
    essPerSec: ess / wallTimeSec,
  };
};

const isWatanabeTemperature = ({ nBeta, numData }: RunFacts): boolean =>
  Math.abs((nBeta * Math.log(numData)) / numData - 1) < 1e-9;

const driftOf = (llc: Chains): number => {
  const half = Math.floor((llc[0]?.length ?? 0) / 2);
  const first = llc.map((chain) => chain.subarray(0, half));
  const second = llc.map((chain) => chain.subarray(chain.length - half));
  if (half < 4 || !llc.every(isAllFinite)) return Number.NaN;
  return (mean(pool(second)) - mean(pool(first))) / Math.hypot(mcseMean(first), mcseMean(second));
};

const fractionOf = (values: Float64Array, holds: (value: number) => boolean): number => {
  let count = 0;
  for (const value of values) if (holds(value)) count++;
  return count / values.length;
};

/** Least or greatest value; NaN of nothing or where a value is NaN. */
const extremeOf = (values: Float64Array, better: (a: number, b: number) => number): number => {
  let extreme = values[0] ?? Number.NaN;
  for (const value of values) extreme = better(extreme, value);
  return extreme;
};

const longestRunning = 200;

/** Mean over chains and the first k draws, at up to 200 evenly spaced k; the last is all draws. */
const runningMean = (llc: Chains): RunningLlc => {
  const total = llc[0]?.length ?? 0;
  const points = Math.min(longestRunning, total);
  const numDraws = Array.from({ length: points }, (_, i) => Math.round(((i + 1) * total) / points));
  let sum = 0;
  let done = 0;
  const running = numDraws.map((count) => {
    for (; done < count; done++) for (const chain of llc) sum += chain[done];
    return sum / (count * llc.length);
  });
  return { numDraws, llc: running };
};
