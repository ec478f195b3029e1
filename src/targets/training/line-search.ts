/**
 * Step length along a descent direction by bisection on the weak Wolfe conditions, which also works at the kinks of
 * relu networks; near the rounding floor of the loss the approximate conditions of Hager & Zhang take over, so that the
 * gradient can still be reduced where the loss no longer shows it. Steps are bounded, so that a descent ends in the basin
 * where it began and not far out in a flat valley.
 *
 * Source: Lewis & Overton (2013), algorithm 2.6; Hager & Zhang (2005), eq. (4.1).
 */
import type { Evaluation, Objective } from "./objective.ts";

const armijo = 1e-4;
const curvature = 0.9;
const maxTrials = 40;
/** Relative error of a mean over many points, in units of the loss. */
const lossRounding = 1e-14;

/** Longest step, in max-norm, in units of `sizeOf(w)`. */
const maxStep = 0.3;

/** A point with its value. */
export interface Iterate extends Evaluation {
  readonly w: Float64Array;
}

/** Scalar product. */
export const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/** @returns w + scale·direction. */
export const pointAlong = (w: Float64Array, direction: Float64Array, scale: number): Float64Array =>
  w.map((value, i) => value + scale * direction[i]);

/** Scale of a parameter vector: 1 + max|w_i|. */
export const sizeOf = (w: Float64Array): number => 1 + maxNorm(w);

const maxNorm = (a: Float64Array): number => a.reduce((top, value) => Math.max(top, Math.abs(value)), 0);

/**
 * The next iterate from `start` along `direction`, first trying length `firstStep`; null if none is acceptable (the
 * direction does not descend, or the loss is at its rounding floor). Non-finite trial losses count as too long a step.
 */
export const lineSearch = async (
  objective: Objective,
  start: Iterate,
  { direction, firstStep }: { readonly direction: Float64Array; readonly firstStep: number },
): Promise<Iterate | null> => {
  const slope = dot(start.gradient, direction);
  if (!(slope < 0)) return null;
  const longest = (maxStep * sizeOf(start.w)) / maxNorm(direction);
  let low = 0;
  let high = Infinity;
  let length = Math.min(firstStep, longest);
  for (let trial = 0; trial < maxTrials; trial++) {
    const w = pointAlong(start.w, direction, length);
    const { loss, gradient } = await objective(w);
    const newSlope = dot(gradient, direction);
    const isFlat = Math.abs(loss - start.loss) <= lossRounding * Math.abs(start.loss);
    const isTooLong = isFlat
      ? newSlope > (2 * armijo - 1) * slope
      : !(loss <= start.loss + armijo * length * slope);
    if (isTooLong) high = length;
    else if (newSlope < curvature * slope && length < longest) low = length;
    else return { w, loss, gradient };
    length = high < Infinity ? (low + high) / 2 : Math.min(2 * low, longest);
  }
  return null;
};
