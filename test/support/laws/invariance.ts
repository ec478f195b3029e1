/**
 * Exact-start invariance: chains begin in the law that a kernel claims to keep, make some transitions, and must still
 * be in it. Needs no burn-in and no ESS, and sees every mistake of a correction.
 *
 * A kernel that does not move keeps any law, hence `mobility`. Resolution: with N chains a variance that is off by less
 * than 5·√(2/N) (11 % for 4,000) is not seen in one coordinate.
 */

import { samplerOf } from "../../../src/samplers/registry.ts";
import type { Posterior, SamplerRun, Snapshot } from "../../../src/samplers/sampler.ts";
import { aDensityPosterior } from "../density-ensemble.ts";
import { lawSeed } from "../law-seed.ts";
import { type BreakageName, brokenBy } from "./breakages.ts";
import type { Kernel, SamplerLaw } from "./sampler-law.ts";
import { normalityScore } from "./scores.ts";
import { gaussianWith, type LawTarget } from "./targets.ts";

export interface Invariance {
  /** Worst |z| against the law. */
  readonly score: number;
  /** 1 − correlation of start and end in normal coordinates, of the coordinate that moved most. */
  readonly mobility: number;
  /** Mean of `acceptance_rate`; NaN if there is none. */
  readonly acceptance: number;
}

export interface InvarianceOptions {
  readonly numChains: number;
  readonly breakage?: BreakageName;
  /** Asks for the target's own law where the entry claims a discretised one. */
  readonly wantsTarget?: boolean;
}

/** @param name of a sampler whose entry has a kernel. */
export const invarianceOf = async (
  [name, law]: readonly [string, SamplerLaw & { readonly kernel: Kernel }],
  target: LawTarget,
  { numChains, breakage, wantsTarget = false }: InvarianceOptions,
): Promise<Invariance> => {
  const { settings, stationaryVariance } = law.kernel(target);
  const kept =
    stationaryVariance === undefined || wantsTarget ? target : gaussianWith(target, stationaryVariance);
  const healthy = aDensityPosterior(target, { numChains, seed: lawSeed, exactStart: kept });
  const posterior = breakage === undefined ? healthy : brokenBy(breakage, healthy);
  const run = await samplerOf(name).start(posterior, settings);
  const start = await normalRows(run, posterior, kept);
  for (let index = 0; index < run.numWarmupUnits; index++) await run.warmup(index);
  let acceptance = 0;
  for (let index = 0; index < run.numDraws; index++) {
    const { statistics } = await run.draw(index);
    const rates = statistics["acceptance_rate"] ?? new Float64Array([Number.NaN]);
    acceptance += rates.reduce((sum, rate) => sum + rate, 0) / rates.length / run.numDraws;
  }
  const end = await normalRows(run, posterior, kept);
  return { score: normalityScore(end), mobility: mobilityOf(start, end), acceptance };
};

/** Positions of all chains in the coordinates in which `law` is standard normal. */
const normalRows = async (
  run: SamplerRun,
  { ensemble }: Posterior,
  law: LawTarget,
): Promise<readonly Float64Array[]> => {
  const positions = positionsIn(await run.snapshot());
  return Array.from({ length: ensemble.numChains }, (_, chain) =>
    law.toNormal(positions.subarray(chain * law.dim, (chain + 1) * law.dim)),
  );
};

/** Positions (numChains, dim) of a snapshot. @throws if the sampler keeps none. */
export const positionsIn = (snapshot: Snapshot): Float64Array => {
  const positions = snapshot["position"] ?? snapshot["chainPosition"];
  if (positions instanceof Float64Array) return positions;
  throw new Error(`bug: no positions among ${Object.keys(snapshot).join(", ")}`);
};

const mobilityOf = (start: readonly Float64Array[], end: readonly Float64Array[]): number => {
  const dim = start[0]?.length ?? 0;
  const moved = Array.from({ length: dim }, (_, i) => {
    let [cross, before, after] = [0, 0, 0];
    start.forEach((row, chain) => {
      const [a = Number.NaN, b = Number.NaN] = [row[i], end[chain]?.[i]];
      cross += a * b;
      before += a * a;
      after += b * b;
    });
    return 1 - cross / Math.sqrt(before * after);
  });
  return Math.max(...moved);
};
