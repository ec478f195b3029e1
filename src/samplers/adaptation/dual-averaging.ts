/**
 * Dual averaging of the log step size towards a target acceptance probability.
 *
 * Source: Hoffman & Gelman (2014), section 3.2.1, with the constants of Stan: t0 = 10, γ = 0.05, κ = 0.75. The average
 * x̄ takes in the newest x (some implementations lag by one). Pure: a state in, a state out.
 */

import { numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";

const earlyDamping = 10; // t0
const shrinkage = 0.05; // γ
const averagingPower = 0.75; // κ
const smallestStepSize = 2.2250738585072014e-308;
const largestStepSize = Number.MAX_VALUE;

/** State after `count` updates; `log…` are natural logarithms of step sizes. */
export interface DualAveraging {
  /** t */
  readonly count: number;
  /** H̄, running mean of target − acceptance. */
  readonly meanError: number;
  /** x, to use in the next transition. */
  readonly logStepSize: number;
  /** x̄, to use after adaptation. */
  readonly logAverage: number;
  /** μ = log(10·ε0), where the search is pulled to. */
  readonly logCenter: number;
}

/** Begins at `stepSize` (> 0): the first transition uses it as it is. */
export const startDualAveraging = (stepSize: number): DualAveraging => ({
  count: 0,
  meanError: 0,
  logStepSize: Math.log(stepSize),
  logAverage: 0,
  logCenter: Math.log(10 * stepSize),
});

/**
 * Takes in the acceptance probability of one transition.
 *
 * @param acceptance clipped to at most 1; NaN and ±∞ count as 0.
 * @param target the wanted mean acceptance, in (0, 1).
 */
export const updateDualAveraging = (
  state: DualAveraging,
  acceptance: number,
  target: number,
): DualAveraging => {
  const alpha = Number.isFinite(acceptance) ? Math.min(1, acceptance) : 0;
  const count = state.count + 1;
  const rate = 1 / (count + earlyDamping);
  const meanError = (1 - rate) * state.meanError + rate * (target - alpha);
  const logStepSize = state.logCenter - (Math.sqrt(count) / shrinkage) * meanError;
  const weight = count ** -averagingPower;
  const logAverage = weight * logStepSize + (1 - weight) * state.logAverage;
  return { count, meanError, logStepSize, logAverage, logCenter: state.logCenter };
};

const clippedExp = (logarithm: number): number =>
  Math.min(largestStepSize, Math.max(smallestStepSize, Math.exp(logarithm)));

/** The step size to use in the next transition, e^x. */
export const currentStepSize = (state: DualAveraging): number => clippedExp(state.logStepSize);

/** The step size to use after adaptation, e^x̄; the starting value if there was no update. */
export const averagedStepSize = (state: DualAveraging): number =>
  clippedExp(state.count === 0 ? state.logStepSize : state.logAverage);

/**
 * The state with step sizes of at most `largest` (> 0): as if the search had just come there.
 *
 * Without it H̄ would go on summing up while the limit holds, and the step size could not come down again in time.
 */
export const limitDualAveraging = (state: DualAveraging, largest: number): DualAveraging => {
  const limit = Math.log(largest);
  if (!(state.logStepSize > limit)) return state;
  const meanError = ((state.logCenter - limit) * shrinkage) / Math.sqrt(Math.max(1, state.count));
  return { ...state, meanError, logStepSize: limit, logAverage: Math.min(state.logAverage, limit) };
};

/** The state as snapshot entries; `dualAveragingIn` reads them back. */
export const dualAveragingEntries = (state: DualAveraging): Snapshot => ({
  dualCount: state.count,
  dualMeanError: state.meanError,
  dualLogStepSize: state.logStepSize,
  dualLogAverage: state.logAverage,
  dualLogCenter: state.logCenter,
});

/** @throws TRACE_INVALID if an entry is missing. */
export const dualAveragingIn = (snapshot: Snapshot): DualAveraging => ({
  count: numberIn(snapshot, "dualCount"),
  meanError: numberIn(snapshot, "dualMeanError"),
  logStepSize: numberIn(snapshot, "dualLogStepSize"),
  logAverage: numberIn(snapshot, "dualLogAverage"),
  logCenter: numberIn(snapshot, "dualLogCenter"),
});
