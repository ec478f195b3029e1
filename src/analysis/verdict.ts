/**
 * Does a run deserve trust? Thresholds of the literature, applied to its measures, with a sentence for each failure.
 *
 * Source of thresholds: Vehtari et al. (2021): R̂ ≤ 1.01, bulk and tail ESS ≥ 100 a chain; Betancourt (2016): BFMI ≥ 0.3;
 * Vehtari et al. (2024): Pareto k̂ ≤ 0.7; `distance.ts`. The others are ours, stated in `thresholds`.
 */

import { whyUnsettled } from "./distance.ts";

/**
 * `converged`: every check passed. `not_converged`: at least one failed or could not be made; the reasons say which.
 * `no_draws`: there is nothing to judge.
 */
export type Verdict = "converged" | "not_converged" | "no_draws";

/** What is judged; NaN for what does not apply or cannot be computed. */
export interface Measures {
  readonly numChains: number;
  readonly numDraws: number;
  readonly numNonFinite: number;
  readonly isIndependent: boolean;
  readonly rHat: number;
  readonly essBulk: number;
  readonly essTail: number;
  /** Number of diverging draws, all chains. */
  readonly divergences: number;
  /** Share of draws with L < L(w*), in [0, 1]. */
  readonly fractionBelowInitial: number;
  /** Standard score of the difference between the second and the first half. */
  readonly drift: number;
  /** Least of the chains. */
  readonly bfmi: number;
  /** R̂ and bulk ESS of ‖w − w*‖. */
  readonly distanceRHat: number;
  readonly distanceEss: number;
  /** True if draws have importance weights, from which k̂ can be told. */
  readonly hasWeights: boolean;
  readonly paretoK: number;
  /** λ̂, and what importance weights make of it; NaN where draws have no weights. */
  readonly llcMean: number;
  readonly importanceLlc: number;
  /** Standard error of the importance-weighted value. */
  readonly importanceError: number;
  /** ε·A of unadjusted Langevin steps in the stiffest direction; NaN for other samplers. */
  readonly stepCurvature: number;
  /** Why the run ended; absent where it is not known. */
  readonly stopReason?: string | undefined;
}

/** `stopReason` of a run that `sampling.until.wall_sec` ended before its first draw; after it, it is `wall_sec`. */
export const wallSecInWarmup = "wall_sec in warmup";

/** Limits beyond which a run is not converged. */
export const thresholds = {
  rHat: 1.01,
  essPerChain: 100,
  /** Share of diverging draws. */
  divergentFraction: 0.001,
  /** Share of draws below L(w*): more means that w* is no local minimum. */
  fractionBelowInitial: 0.01,
  /** Two-sided normal tail beyond 4: a false alarm in 16,000 stationary runs. */
  drift: 4,
  bfmi: 0.3,
  paretoK: 0.7,
  /** Relative change of λ̂ by importance weights; it must also be beyond 4 standard errors. */
  importanceShift: 0.05,
  /** Variances in the stiffest direction are then 1/(1 − 0.36/4) − 1 = 10 % too large. */
  stepCurvature: 0.36,
} as const;

interface Check {
  readonly failed: (m: Measures) => boolean;
  readonly sentence: (m: Measures) => string;
}

const format = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(3))) : String(value);
const percent = (fraction: number): string => `${format(100 * fraction)} %`;
const drawn = (m: Measures): number => m.numChains * m.numDraws;

const checks: readonly Check[] = [
  {
    failed: (m) => m.numNonFinite > 0,
    sentence: (m) =>
      `${m.numNonFinite} of ${drawn(m)} draws are not finite: the sampler is unstable; lower its step size.`,
  },
  {
    failed: (m) => m.numChains < 2,
    sentence: () => "R̂ needs at least 2 chains, got 1: whether the run has converged cannot be judged.",
  },
  {
    failed: (m) => m.numDraws < 4,
    sentence: (m) =>
      `Diagnostics need at least 4 draws a chain, got ${m.numDraws}${m.stopReason === "wall_sec" ? ": sampling.until.wall_sec ended the run; raise it, or lower warmup" : ""}.`,
  },
  {
    failed: (m) => m.rHat > thresholds.rHat,
    sentence: (m) =>
      m.isIndependent
        ? `R̂ = ${m.rHat.toFixed(3)} > ${thresholds.rHat}: the fits disagree with each other.`
        : `R̂ = ${m.rHat.toFixed(3)} > ${thresholds.rHat}: the chains have not mixed.`,
  },
  {
    failed: (m) => m.essBulk < thresholds.essPerChain * m.numChains,
    sentence: (m) => essSentence("Bulk", m.essBulk, m.numChains),
  },
  {
    failed: (m) => m.essTail < thresholds.essPerChain * m.numChains,
    sentence: (m) => essSentence("Tail", m.essTail, m.numChains),
  },
  {
    failed: (m) => Number.isNaN(m.essTail) && Number.isFinite(m.essBulk),
    sentence: () => "Tail ESS cannot be computed: whether the tails of λ̂ are sampled cannot be judged.",
  },
  {
    failed: (m) => m.divergences > thresholds.divergentFraction * drawn(m),
    sentence: (m) => `${m.divergences} of ${drawn(m)} draws diverged: lower the step size.`,
  },
  {
    failed: (m) => m.fractionBelowInitial > thresholds.fractionBelowInitial,
    sentence: (m) =>
      `${percent(m.fractionBelowInitial)} of draws have a lower loss than w*: it is not a local minimum, so λ̂ is too low; train longer.`,
  },
  {
    failed: (m) => Math.abs(m.drift) > thresholds.drift,
    sentence: (m) =>
      `λ̂ drifts: its second half differs from its first by ${format(m.drift)} standard errors; lengthen the warmup.`,
  },
  {
    failed: (m) => whyUnsettled(m, m) !== null,
    sentence: (m) => whyUnsettled(m, m) ?? "",
  },
  {
    failed: (m) => m.bfmi < thresholds.bfmi,
    sentence: (m) =>
      `BFMI = ${format(m.bfmi)} < ${thresholds.bfmi}: energies mix too slowly to reach the tails.`,
  },
  {
    failed: (m) => m.paretoK > thresholds.paretoK,
    sentence: (m) =>
      `Pareto k̂ = ${format(m.paretoK)} > ${thresholds.paretoK}: the fitted family misses the posterior, so λ̂ is biased.`,
  },
  {
    failed: (m) => m.hasWeights && Number.isNaN(m.paretoK),
    sentence: () =>
      "Pareto k̂ cannot be computed (fewer than 21 draws, or weights that are not finite): whether the fitted family holds the posterior cannot be judged.",
  },
  {
    failed: (m) => {
      const shift = Math.abs(m.llcMean - m.importanceLlc);
      const isReliable = m.paretoK <= thresholds.paretoK;
      return (
        isReliable &&
        shift > 4 * m.importanceError &&
        shift > thresholds.importanceShift * Math.abs(m.importanceLlc)
      );
    },
    sentence: (m) =>
      `Importance weights move λ̂ from ${format(m.llcMean)} to ${format(m.importanceLlc)} ± ${format(m.importanceError)}: the fitted family is not the posterior.`,
  },
  {
    failed: (m) => m.stepCurvature > thresholds.stepCurvature,
    sentence: (m) =>
      `Step size times largest curvature = ${format(m.stepCurvature)} > ${thresholds.stepCurvature}: the discretised chain is wider than the posterior, so λ̂ is too high; lower step_size.`,
  },
];

const essSentence = (name: string, ess: number, numChains: number): string =>
  `${name} ESS = ${format(ess)} < ${thresholds.essPerChain * numChains} (${thresholds.essPerChain} a chain): draw more.`;

/** Applies every check; reasons are in order of how much they matter. */
export const judgeRun = (measures: Measures): { verdict: Verdict; reasons: readonly string[] } => {
  if (drawn(measures) === 0) {
    const cause =
      measures.stopReason === wallSecInWarmup
        ? ": sampling.until.wall_sec ended it in warmup; raise it, or lower warmup"
        : "";
    return { verdict: "no_draws", reasons: [`The run has no draws${cause}.`] };
  }
  const reasons = checks.filter((check) => check.failed(measures)).map((check) => check.sentence(measures));
  const isUnknown = Number.isNaN(measures.rHat) || Number.isNaN(measures.essBulk);
  if (isUnknown && reasons.length === 0) reasons.push("All draws are equal: the sampler does not move.");
  return { verdict: reasons.length === 0 ? "converged" : "not_converged", reasons };
};
