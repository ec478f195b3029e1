/** λ̂ of a sampler, adapted as a user's, on losses for which the exact value of the estimator is known. */
import { essMean } from "../../../src/analysis/ess.ts";
import { exactLlcOf, type SolvableLoss } from "../../../src/analysis/exact-llc.ts";
import { mcseMean } from "../../../src/analysis/mcse.ts";
import { mean, pool, variance } from "../../../src/analysis/moments.ts";
import { lawSeed } from "../law-seed.ts";
import { aPosterior, collectDraws, exactQuadraticLlc, llcChains } from "../posteriors.ts";
import { type BreakageName, brokenBy } from "./breakages.ts";
import { type NamedLaw, samplerUnder } from "./sampler-law.ts";
import { zBound } from "./scores.ts";

/** A loss with its posterior. */
export interface LlcTarget {
  readonly name: string;
  readonly loss: Exclude<SolvableLoss, { readonly kind: "deep_linear" }>;
  readonly nBeta: number;
  readonly gamma: number;
  /** 1/√(largest curvature of U in the bulk). */
  readonly scale: number;
  readonly startScale: number;
  /** True if the posterior is a Gaussian, which variational families hold. */
  readonly isGaussian: boolean;
}

const curvature = Array.from({ length: 8 }, (_, i) => 10 ** (-1 + (2 * i) / 7));

/** In the order of the evidence table. */
export const llcTargets: readonly LlcTarget[] = [
  {
    name: "quadratic",
    loss: { kind: "quadratic", curvature },
    nBeta: 10,
    gamma: 1,
    scale: 1 / Math.sqrt(101),
    startScale: 0.3,
    isGaussian: true,
  },
  {
    name: "w1²w2²",
    loss: { kind: "monomial", coefficient: 1, exponents: [1, 1] },
    nBeta: 100,
    gamma: 4,
    // ∂²U = 2·nβ·w2² + γ: w2 reaches 1.5 where w1 is narrow.
    scale: 1 / Math.sqrt(450),
    startScale: 0.3,
    isGaussian: false,
  },
  {
    name: "w1⁴ + w2⁴",
    loss: { kind: "power_sum", coefficient: 1, exponents: [2, 2] },
    nBeta: 1000,
    gamma: 0,
    scale: 1 / Math.sqrt(12 * 1000 * 0.06),
    startScale: 0.1,
    isGaussian: false,
  },
];

export interface LlcEstimate {
  readonly llc: number;
  readonly mcse: number;
  /** ESS of the loss trace over all chains; the number of draws where they are independent. */
  readonly ess: number;
  readonly exact: number;
  /** Absolute bias that the sampler's law allows. */
  readonly allowance: number;
  /** max(0, |llc − exact| − allowance)/mcse. */
  readonly score: number;
}

const exactOf = ({ loss, nBeta, gamma }: LlcTarget): number =>
  loss.kind === "quadratic"
    ? exactQuadraticLlc(loss.curvature, nBeta, gamma)
    : (exactLlcOf(loss, { nBeta, gamma }).estimate ?? Number.NaN);

export interface LlcOptions {
  /** Full gradients a chain, about. */
  readonly gradients: number;
  readonly breakage?: BreakageName;
}

/** Whether an estimate is right: near enough, from chains that moved, with an error that says something. */
export const isRight = ({ score, ess, mcse, exact }: LlcEstimate): boolean =>
  score < zBound && ess > 200 && mcse < 0.1 * exact;

/** λ̂ of 4 chains. */
export const llcOf = async (
  entry: NamedLaw,
  target: LlcTarget,
  { gradients, breakage }: LlcOptions,
): Promise<LlcEstimate> => {
  const { loss, nBeta, gamma, startScale, scale } = target;
  const [, law] = entry;
  const sampler = samplerUnder(entry);
  const { effort = 1 } = law;
  const settings = law.tuned({ gradients: effort * gradients, scale, nBeta });
  const numRows = sampler.ensembleRows?.(settings, 4) ?? 4;
  const healthy = aPosterior({ model: loss, nBeta, gamma, startScale, seed: lawSeed, numChains: numRows });
  const posterior = breakage === undefined ? healthy : brokenBy(breakage, healthy);
  const run = await sampler.start(posterior, settings);
  const chains = llcChains(await collectDraws(run), posterior);
  const all = pool(chains);
  const exact = exactOf(target);
  const fits = Math.sqrt(variance(Float64Array.from(chains, mean)) / chains.length);
  const mcse = sampler.isIndependent
    ? Math.max(fits, Math.sqrt(variance(all) / all.length))
    : mcseMean(chains);
  const ess = sampler.isIndependent ? all.length : essMean(chains);
  const allowance = law.bias(run.tuned) * exact;
  const llc = mean(all);
  return {
    llc,
    mcse,
    ess,
    exact,
    allowance,
    score: Math.max(0, Math.abs(llc - exact) - allowance) / mcse,
  };
};
