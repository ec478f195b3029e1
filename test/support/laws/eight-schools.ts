/**
 * Eight schools, non-centred, against the reference posterior of posteriordb.
 *
 * y_j ~ N(θ_j, σ_j), θ_j = μ + τ·η_j, η_j ~ N(0, 1), μ ~ N(0, 5), τ ~ half-Cauchy(5); sampled as (μ, log τ, η).
 * Source: Rubin (1981); reference draws: posteriordb `eight_schools-eight_schools_noncentered`, 10,000 draws.
 */

import { essMean } from "../../../src/analysis/ess.ts";
import { mcseMean } from "../../../src/analysis/mcse.ts";
import { mean, pool } from "../../../src/analysis/moments.ts";
import { aDensityPosterior, type Density } from "../density-ensemble.ts";
import { lawSeed } from "../law-seed.ts";
import { positionsIn } from "./invariance.ts";
import { type NamedLaw, samplerUnder } from "./sampler-law.ts";

const y = [28, 8, -3, 7, -1, 1, 18, 12];
const sigma = [15, 10, 16, 11, 9, 11, 10, 18];
/** Means of θ1 … θ8, μ, τ and their standard deviations as far as tolerances need them. */
const reference = [6.1505, 4.9396, 3.9059, 4.796, 3.6144, 4.0511, 6.3172, 4.884, 4.4105, 3.6021];
/** Largest Monte-Carlo error among the reference means. */
const referenceError = 0.056;
/** About the smallest posterior standard deviation among the ten: what a relative bias is relative to. */
const spread = 3.2;

const density: Density = {
  dim: 10,
  potential: (w, gradient) => {
    const [mu = 0, logTau = 0] = w;
    const tau = Math.exp(logTau);
    const cauchy = 1 + (tau / 5) ** 2;
    let potential = mu ** 2 / 50 + Math.log(cauchy) - logTau;
    let [slopeMu, slopeTau] = [mu / 25, (2 * (tau / 5) ** 2) / cauchy - 1];
    for (let j = 0; j < 8; j++) {
      const [eta = 0, s = 1] = [w[j + 2], sigma[j]];
      const rest = (mu + tau * eta - (y[j] ?? 0)) / s;
      potential += (rest * rest + eta * eta) / 2;
      slopeMu += rest / s;
      slopeTau += (rest / s) * tau * eta;
      if (gradient !== null) gradient[j + 2] = eta + (rest / s) * tau;
    }
    gradient?.set([slopeMu, slopeTau]);
    return potential;
  },
};

/** θ1 … θ8, μ, τ. */
const quantitiesOf = (w: Float64Array): number[] => {
  const [mu = 0, logTau = 0] = w;
  const tau = Math.exp(logTau);
  return [...Array.from({ length: 8 }, (_, j) => mu + tau * (w[j + 2] ?? 0)), mu, tau];
};

export interface EightSchools {
  /** Worst |z| of the ten means after the allowed bias. */
  readonly score: number;
  /** Least ESS of the ten. */
  readonly ess: number;
}

/** @param gradients a chain; for samplers whose snapshots hold positions. */
export const eightSchoolsOf = async (entry: NamedLaw, gradients: number): Promise<EightSchools> => {
  const numChains = 4;
  const [, law] = entry;
  const sampler = samplerUnder(entry);
  const { effort = 1 } = law;
  const settings = law.tuned({ gradients: effort * gradients, scale: 0.7, draws: 1000, nBeta: 1 });
  const numRows = sampler.ensembleRows?.(settings, numChains) ?? numChains;
  const posterior = aDensityPosterior(density, { numChains: numRows, seed: lawSeed });
  const run = await sampler.start(posterior, settings);
  for (let index = 0; index < run.numWarmupUnits; index++) await run.warmup(index);
  const chains = reference.map(() => Array.from({ length: numChains }, () => new Float64Array(run.numDraws)));
  for (let index = 0; index < run.numDraws; index++) {
    await run.draw(index);
    positionsIn(await run.snapshot(), density.dim).forEach((position, chain) => {
      quantitiesOf(position).forEach((value, k) => chains[k]?.[chain]?.fill(value, index, index + 1));
    });
  }
  const allowance = law.bias(run.tuned) * spread;
  const scores = reference.map((expected, k) => {
    const quantity = chains[k] ?? [];
    const distance = Math.max(0, Math.abs(mean(pool(quantity)) - expected) - allowance);
    return distance / Math.hypot(mcseMean(quantity), referenceError);
  });
  return { score: Math.max(...scores), ess: Math.min(...chains.map(essMean)) };
};
