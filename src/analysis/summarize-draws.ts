/** Summary of every variable of a file of draws, as `az.summary` gives it but at full precision. */
import { essBulk, essTail } from "./ess.ts";
import { mcseMean, mcseSd } from "./mcse.ts";
import { type Chains, mean, pool, quantile, variance } from "./moments.ts";
import { rhat } from "./rhat.ts";

/** Draws of one scalar variable, shape (numChains, numDraws). */
export interface Variable {
  /** As in ArviZ: `theta`, or `theta[0, 2]` for an entry of an array. */
  readonly name: string;
  readonly draws: Chains;
}

/** One line of the summary, in the units of the variable. Anything not finite among the draws makes the measures NaN. */
export interface VariableSummary {
  readonly name: string;
  readonly mean: number;
  /** ddof 1, over all draws. */
  readonly sd: number;
  /** Quantiles 5 %, 50 % and 95 % (type 7). */
  readonly q05: number;
  readonly median: number;
  readonly q95: number;
  readonly mcseMean: number;
  readonly mcseSd: number;
  readonly essBulk: number;
  readonly essTail: number;
  /** Rank-normalised split R̂; NaN for one chain. */
  readonly rHat: number;
}

/** Summarises each variable; chains of one variable must be of equal length. */
export const summarizeDraws = (variables: readonly Variable[]): VariableSummary[] =>
  variables.map(({ name, draws }) => {
    const pooled = pool(draws);
    return {
      name,
      mean: mean(pooled),
      sd: Math.sqrt(variance(pooled)),
      q05: quantile(pooled, 0.05),
      median: quantile(pooled, 0.5),
      q95: quantile(pooled, 0.95),
      mcseMean: mcseMean(draws),
      mcseSd: mcseSd(draws),
      essBulk: essBulk(draws),
      essTail: essTail(draws),
      rHat: rhat(draws),
    };
  });
