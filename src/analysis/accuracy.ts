/**
 * λ̂ and how well it is known: mean of the draws' llc, its Monte-Carlo error, R̂ and effective sample sizes.
 *
 * llc of a draw = nβ·(L_n(w) − L_n(w*)). Independent draws (a chain is a variational fit): the error is the spread of the
 * fits' means over √fits, or that of i.i.d. draws if it is larger; ESS is the number of i.i.d. draws of L_n(w) with that
 * error (with a control variate more than were drawn); R̂ compares the fits.
 */
import { essBulk, essTail } from "./ess.ts";
import { mcseMean } from "./mcse.ts";
import { type Chains, mean, pool, variance } from "./moments.ts";
import { rhat } from "./rhat.ts";

/** NaN where it cannot be told. */
export interface Accuracy {
  readonly llcMean: number;
  readonly llcMcse: number;
  readonly rHat: number;
  readonly essBulk: number;
  readonly essTail: number;
}

/** Losses of all draws, shape (numChains, numDraws). */
export interface LossDraws {
  /** What is averaged. */
  readonly loss: Chains;
  /** What that estimates, draw by draw: the same but for a control variate. */
  readonly rawLoss: Chains;
}

/** What turns losses into llc, and what kind of draws they are. */
export interface LossFacts {
  readonly nBeta: number;
  /** L_n(w*). */
  readonly initialLoss: number;
  /** True if draws are independent given a chain (fit). */
  readonly isIndependent: boolean;
}

/** nβ·(L − L(w*)) of every draw. */
export const llcOf = (
  loss: Chains,
  { nBeta, initialLoss }: Pick<LossFacts, "nBeta" | "initialLoss">,
): Float64Array[] => loss.map((chain) => chain.map((value) => nBeta * (value - initialLoss)));

/** See the file's header. */
export const accuracyOf = ({ loss, rawLoss }: LossDraws, facts: LossFacts): Accuracy => {
  const llc = llcOf(loss, facts);
  return facts.isIndependent ? ofIndependentDraws(llc, llcOf(rawLoss, facts)) : ofMarkovChains(llc);
};

const ofMarkovChains = (llc: Chains): Accuracy => {
  const llcMean = mean(pool(llc));
  return llc.length === 0
    ? { llcMean, llcMcse: Number.NaN, rHat: Number.NaN, essBulk: Number.NaN, essTail: Number.NaN }
    : { llcMean, llcMcse: mcseMean(llc), rHat: rhat(llc), essBulk: essBulk(llc), essTail: essTail(llc) };
};

const ofIndependentDraws = (llc: Chains, raw: Chains): Accuracy => {
  const pooled = pool(llc);
  const ofDraws = Math.sqrt(variance(pooled) / pooled.length);
  const ofFits = llc.length > 1 ? Math.sqrt(variance(llc.map(mean)) / llc.length) : 0;
  const llcMcse = Math.max(ofDraws, ofFits);
  const ess = variance(pool(raw)) / llcMcse ** 2;
  return { llcMean: mean(pooled), llcMcse, rHat: rhat(raw), essBulk: ess, essTail: ess };
};
