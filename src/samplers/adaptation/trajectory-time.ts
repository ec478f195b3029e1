/**
 * Trajectory time T of `chees`: ascent on log T of the expected change of squared distance from the chains' mean.
 *
 * ChEES = ¼·E[(‖q' − m'‖² − ‖q − m‖²)²], m and m' the means over chains before and after a trajectory. Its derivative by
 * log T is estimated for each chain by h·T·(‖q' − m'‖² − ‖q − m‖²)·⟨q' − m', p'⟩, h the jitter of that trajectory, and
 * averaged with the chains' acceptance probabilities as weights. Distances are those of the mass matrix M = 1/V, so that
 * dq'/dt = V∘p' leaves ⟨q' − m', p'⟩. log T follows Adam with its first moment off; the T that is kept is a running mean
 * of log T with weights t^(−½).
 *
 * Source: Hoffman, Radul & Sountsov (2021); constants of BlackJAX `chees_adaptation.py` and TensorFlow Probability.
 */

import { numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";

const learningRate = 0.05;
const secondMomentDecay = 0.95;
const largestMove = 0.35;
const averagingPower = 0.5;

/** Where the ascent stands after `count` updates. */
export interface TrajectoryTime {
  readonly count: number;
  /** log T, to use in the next transition. */
  readonly logTime: number;
  /** Running mean of log T, to use after adaptation. */
  readonly logAverage: number;
  /** Running mean of the squared derivative. */
  readonly secondMoment: number;
}

/** Begins at `time` > 0. */
export const startTrajectoryTime = (time: number): TrajectoryTime => ({
  count: 0,
  logTime: Math.log(time),
  logAverage: Math.log(time),
  secondMoment: 0,
});

/**
 * One step of ascent.
 *
 * @param derivative of the criterion by log T; NaN, ±∞ or 0 leave T as it is.
 * @param mostTime upper limit of T.
 */
export const updateTrajectoryTime = (
  state: TrajectoryTime,
  derivative: number,
  mostTime: number,
): TrajectoryTime => {
  const limit = Math.log(mostTime);
  const isUsable = Number.isFinite(derivative) && derivative !== 0;
  const count = state.count + 1;
  const secondMoment = isUsable
    ? secondMomentDecay * state.secondMoment + (1 - secondMomentDecay) * derivative ** 2
    : state.secondMoment;
  const move = isUsable
    ? (learningRate * derivative) / Math.sqrt(secondMoment / (1 - secondMomentDecay ** count))
    : 0;
  const logTime = Math.min(limit, state.logTime + Math.max(-largestMove, Math.min(largestMove, move)));
  const weight = count ** -averagingPower;
  return { count, logTime, logAverage: (1 - weight) * state.logAverage + weight * logTime, secondMoment };
};

/** Both ends of every chain's trajectory; arrays (numChains, dim). */
export interface Endpoints {
  readonly before: Float64Array;
  readonly after: Float64Array;
  /** p' at the ends. */
  readonly momentum: Float64Array;
  /** V, shape (dim). */
  readonly inverseMass: Float64Array;
  /** Acceptance probabilities, the weights; shape (numChains). */
  readonly acceptance: Float64Array;
}

/**
 * Weighted mean over chains of (‖q' − m'‖² − ‖q − m‖²)·⟨q' − m', p'⟩; times h·T it is the derivative by log T.
 * Chains that were certainly refused (their ends may not be finite) have no say. NaN if all were.
 */
export const cheesSignal = ({ before, after, momentum, inverseMass, acceptance }: Endpoints): number => {
  const dim = inverseMass.length;
  const ones = acceptance.map(() => 1);
  const meanBefore = weightedMean(before, ones, dim);
  const meanAfter = weightedMean(after, acceptance, dim);
  let [total, weights] = [0, 0];
  for (let chain = 0; chain < acceptance.length; chain++) {
    if (!(acceptance[chain] > 0)) continue;
    let [change, along] = [0, 0];
    for (let i = 0; i < dim; i++) {
      const start = before[chain * dim + i] - meanBefore[i];
      const end = after[chain * dim + i] - meanAfter[i];
      change += (end * end - start * start) / inverseMass[i];
      along += end * momentum[chain * dim + i];
    }
    total += acceptance[chain] * change * along;
    weights += acceptance[chain];
  }
  return total / weights;
};

/** Mean of rows (numChains, dim); rows of weight 0 may hold anything. */
const weightedMean = (rows: Float64Array, weights: Float64Array, dim: number): Float64Array => {
  const mean = new Float64Array(dim);
  let total = 0;
  weights.forEach((weight, chain) => {
    if (!(weight > 0)) return;
    total += weight;
    for (let i = 0; i < dim; i++) mean[i] += weight * rows[chain * dim + i];
  });
  return mean.map((sum) => sum / total);
};

/** n-th number of the base-2 van der Corput sequence, n ≥ 1: the Halton sequence in one dimension, in (0, 1). */
export const vanDerCorput = (n: number): number => {
  let [value, digit] = [0, 0.5];
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) value += digit;
    digit /= 2;
  }
  return value;
};

/** The state as snapshot entries; `trajectoryTimeIn` reads them back. */
export const trajectoryTimeEntries = (state: TrajectoryTime): Snapshot => ({
  timeCount: state.count,
  timeLogTime: state.logTime,
  timeLogAverage: state.logAverage,
  timeSecondMoment: state.secondMoment,
});

/** @throws TRACE_INVALID if an entry is missing. */
export const trajectoryTimeIn = (snapshot: Snapshot): TrajectoryTime => ({
  count: numberIn(snapshot, "timeCount"),
  logTime: numberIn(snapshot, "timeLogTime"),
  logAverage: numberIn(snapshot, "timeLogAverage"),
  secondMoment: numberIn(snapshot, "timeSecondMoment"),
});
