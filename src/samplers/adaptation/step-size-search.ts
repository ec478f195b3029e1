/**
 * A first step size: doubled or halved until the acceptance of one leapfrog step crosses 0.8.
 *
 * Source: Hoffman & Gelman (2014), algorithm 4, with Stan's threshold 0.8 and a fresh momentum at every trial. Here the
 * acceptance is the mean over chains, so that all chains share one step size.
 */
import { SweepError } from "../../core/errors.ts";

const threshold = 0.8;
const largestStepSize = 1e7;
const smallestStepSize = 1e-20;

/**
 * @param initial where to begin, > 0.
 * @param acceptanceAt mean acceptance probability over chains of one leapfrog step of that size, each time with new
 *   momenta; in [0, 1], NaN counts as 0.
 * @returns the first step size on the other side of the threshold.
 * @throws NUMERICS if there is no crossing: a posterior that is flat everywhere, or not finite around the chains.
 */
export const searchStepSize = async (
  initial: number,
  acceptanceAt: (stepSize: number) => Promise<number>,
): Promise<number> => {
  let stepSize = initial;
  const isAccepting = (await acceptanceAt(stepSize)) > threshold;
  const factor = isAccepting ? 2 : 0.5;
  do {
    stepSize *= factor;
    if (stepSize > largestStepSize) {
      throw new SweepError(
        "NUMERICS",
        `no step size is too large for this posterior: ${stepSize} is still accepted; expected a proper posterior. Raise posterior.gamma.`,
      );
    }
    if (stepSize < smallestStepSize) {
      throw new SweepError(
        "NUMERICS",
        `no step size is small enough for this posterior: ${stepSize} is still rejected; expected a finite loss and gradient around w*. Check the target's loss, or use float64.`,
      );
    }
  } while ((await acceptanceAt(stepSize)) > threshold === isAccepting);
  return stepSize;
};
