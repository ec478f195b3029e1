/** Problems of which only some parameters vary: their dimension, and their loss on the reference backend. */
import type { Problem, Restriction } from "./backend.ts";
import { dimOf } from "./model.ts";
import type { LossFunction } from "./reference/loss-function.ts";

/** True if some parameter is fixed; a restriction to all parameters is none. */
export const isRestricted = <P extends Pick<Problem, "model" | "restriction">>(
  problem: P,
): problem is P & { readonly restriction: Restriction } =>
  problem.restriction !== undefined && problem.restriction.free.length < dimOf(problem.model);

/** Number of parameters that vary: the dimension of the ensemble. */
export const dimOfProblem = ({ model, restriction }: Pick<Problem, "model" | "restriction">): number =>
  restriction?.free.length ?? dimOf(model);

/** The loss as a function of the free parameters alone. NaN in them gives what the model gives. */
export const restrictedLoss = (problem: Problem, lossOf: LossFunction): LossFunction => {
  if (!isRestricted(problem)) return lossOf;
  const { free, fixed } = problem.restriction;
  const full = fixed.slice();
  const slope = new Float64Array(full.length);
  return (w, rows, gradient) => {
    free.forEach((index, i) => {
      full[index] = w[i];
    });
    const loss = lossOf(full, rows, gradient === null ? null : slope);
    if (gradient !== null) {
      free.forEach((index, i) => {
        gradient[i] = slope[index];
      });
    }
    return loss;
  };
};
