/**
 * Spread of the posterior seen while a sampler moves: variances of coordinates, weighted by step size and pooled over
 * chains, and the diagonal preconditioner made of them.
 */

import { numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";
import {
  addRows,
  createWelford,
  mergeWelford,
  restoreWelford,
  type Welford,
  welfordEntries,
} from "./welford.ts";

/** Number of independent positions at which the data weigh as much as the prior of equal spread in all coordinates. */
const priorPositions = 5;

/** Weighted moments of positions; `path` is the length that all chains have gone, Σε. Mutable. */
export interface SpreadEstimate {
  readonly moments: Welford;
  path: number;
}

/** An empty estimate. */
export const createSpread = (dim: number): SpreadEstimate => ({ moments: createWelford(dim), path: 0 });

/** Adds the positions of all chains after a step of size `stepSize`; `rows` has shape (numChains, dim). */
export const addPositions = (spread: SpreadEstimate, rows: Float64Array, stepSize: number): void => {
  const batch = createWelford(spread.moments.mean.length);
  addRows(batch, rows);
  spread.path += batch.count * stepSize;
  batch.count *= stepSize;
  for (let i = 0; i < batch.sumOfSquares.length; i++) batch.sumOfSquares[i] *= stepSize;
  mergeWelford(spread.moments, batch);
};

/** V_i = ⟨x_i²⟩ − ⟨x_i⟩², shape (dim). NaN if nothing was added. */
export const variancesOf = ({ moments }: SpreadEstimate): Float64Array =>
  moments.sumOfSquares.map((sum) => sum / moments.count);

/** √ΣV_i: the size of the posterior, the natural decoherence length. */
export const sizeOf = (spread: SpreadEstimate): number =>
  Math.sqrt(variancesOf(spread).reduce((sum, value) => sum + value, 0));

/** Path length over posterior size: about the number of independent positions that were seen. */
export const numIndependentOf = (spread: SpreadEstimate): number => spread.path / sizeOf(spread);

/**
 * √V for the preconditioner, shape (dim), from variances that may rest on few independent positions N: log V_i is
 * drawn to the mean of the logarithms with weight 5/(N + 5). That bounds the damage of noise, commutes with a change of
 * units and, unlike an arithmetic mean, is not ruled by a few flat directions.
 *
 * @returns null if a variance is not finite or all are 0; a coordinate that never moved gets the mean of the others.
 */
export const preconditionerOf = (spread: SpreadEstimate): Float64Array | null => {
  const variances = variancesOf(spread);
  const positive = variances.filter((value) => value > 0);
  if (positive.length === 0 || !variances.every(Number.isFinite)) return null;
  const meanLog = positive.reduce((sum, value) => sum + Math.log(value), 0) / positive.length;
  const numIndependent = numIndependentOf(spread);
  const trust = numIndependent / (numIndependent + priorPositions);
  return variances.map((value) =>
    Math.exp(0.5 * (meanLog + (value > 0 ? trust * (Math.log(value) - meanLog) : 0))),
  );
};

/** The estimate as snapshot entries; `restoreSpread` reads them back. */
export const spreadEntries = (spread: SpreadEstimate): Snapshot => ({
  ...welfordEntries(spread.moments),
  spreadPath: spread.path,
});

/** @throws TRACE_INVALID if an entry is missing or of another dimension. */
export const restoreSpread = (into: SpreadEstimate, snapshot: Snapshot): void => {
  restoreWelford(into.moments, snapshot);
  into.path = numberIn(snapshot, "spreadPath");
};
