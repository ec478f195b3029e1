/**
 * Exact-start invariance: chains begin in the law that a kernel claims to keep, make some transitions, and must still
 * be in it. Needs no burn-in and no ESS, and sees every mistake of a correction.
 *
 * Rows of parallel tempering begin at their own rungs in their tempered laws, and every rung must keep its own. A kernel that
 * does not move keeps any law, hence `mobility`, of rows. Resolution: with N chains a variance that is off by less
 * than 5·√(2/N) (11 % for 4,000) is not seen in one coordinate.
 */

import type { Snapshot } from "../../../src/samplers/sampler.ts";
import { aDensityPosterior, type Transport } from "../density-ensemble.ts";
import { lawSeed } from "../law-seed.ts";
import { type BreakageName, brokenBy } from "./breakages.ts";
import { type Kernel, type SamplerLaw, samplerUnder } from "./sampler-law.ts";
import { normalityScore } from "./scores.ts";
import { gaussianWith, type LawTarget } from "./targets.ts";

export interface Invariance {
  /** Worst |z| against the law, of all rungs. */
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

/** @param entry whose law has a kernel. */
export const invarianceOf = async (
  entry: readonly [string, SamplerLaw & { readonly kernel: Kernel }],
  target: LawTarget,
  { numChains, breakage, wantsTarget = false }: InvarianceOptions,
): Promise<Invariance> => {
  const { settings, stationaryVariance, betas = [1], complete } = entry[1].kernel(target);
  const kept =
    stationaryVariance === undefined || wantsTarget ? target : gaussianWith(target, stationaryVariance);
  const laws = betas.map((beta) => (beta === 1 ? kept : target.tempered(beta)));
  const lawOf = (rung: number): Transport => laws[rung] ?? kept;
  const numRungs = laws.length;
  const healthy = aDensityPosterior(target, {
    numChains: numChains * numRungs,
    seed: lawSeed,
    exactStart: (row) => lawOf(row % numRungs),
  });
  const posterior = breakage === undefined ? healthy : brokenBy(breakage, healthy);
  const run = await samplerUnder(entry).start(posterior, settings);
  if (complete !== undefined) await run.restore(complete(await run.snapshot()));
  const before = rowsIn(await run.snapshot(), target.dim);
  for (let index = 0; index < run.numWarmupUnits; index++) await run.warmup(index);
  let acceptance = 0;
  for (let index = 0; index < run.numDraws; index++) {
    const { statistics } = await run.draw(index);
    const rates = statistics["acceptance_rate"] ?? new Float64Array([Number.NaN]);
    acceptance += rates.reduce((sum, rate) => sum + rate, 0) / rates.length / run.numDraws;
  }
  const after = rowsIn(await run.snapshot(), target.dim);
  const scores = laws.map(({ toNormal }, rung) =>
    normalityScore(after.filter((row) => row.rung === rung).map(({ position }) => toNormal(position))),
  );
  const normal = ({ position }: PlacedRow): Float64Array => kept.toNormal(position);
  return {
    score: Math.max(...scores),
    mobility: mobilityOf(before.map(normal), after.map(normal)),
    acceptance,
  };
};

/** A row of the ensemble, and its rung where it has several: 0 is the target. */
interface PlacedRow {
  readonly rung: number;
  readonly position: Float64Array;
}

/** Rows of a snapshot. @throws if the sampler keeps no positions. */
const rowsIn = (snapshot: Snapshot, dim: number): readonly PlacedRow[] => {
  const positions = snapshot["position"] ?? snapshot["chainPosition"];
  if (!(positions instanceof Float64Array)) {
    throw new Error(`bug: no positions among ${Object.keys(snapshot).join(", ")}`);
  }
  const rungOf = snapshot["rungOf"];
  return Array.from({ length: positions.length / dim }, (_, row) => ({
    rung: rungOf instanceof Float64Array ? (rungOf[row] ?? Number.NaN) : 0,
    position: positions.subarray(row * dim, (row + 1) * dim),
  }));
};

/** Position of each recorded chain. @throws if the sampler keeps none. */
export const positionsIn = (snapshot: Snapshot, dim: number): readonly Float64Array[] =>
  rowsIn(snapshot, dim)
    .filter(({ rung }) => rung === 0)
    .map(({ position }) => position);

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
