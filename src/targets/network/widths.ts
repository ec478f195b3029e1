/**
 * Widths of hidden layers from a budget of parameters.
 *
 * The Python project solves a quadratic that leaves out the output biases and assumes biases everywhere; here the
 * width is the largest constant one whose exact count (biases, layernorm, outputs) stays within the budget. Both give
 * 4 (45 parameters) for its `small` and 62 (9,921 parameters) for its `base` network.
 */

import { type NetworkSpec, numParametersOf } from "../../compute/model.ts";
import { SweepError } from "../../core/errors.ts";

/** What the widths are chosen for: a network without its widths. */
export type NetworkFrame = Omit<NetworkSpec, "widths">;

/** How wide: the first of `widths` (which then gives the depth too), `targetParams`, `hidden` that is not null. */
export interface WidthChoice {
  readonly depth: number;
  readonly widths: readonly number[] | null;
  readonly targetParams: number | null;
  readonly hidden: number | null;
}

/** Widths of the hidden layers. @throws SweepError `CONFIG_INVALID` if nothing says how wide the layers are. */
export const resolveWidths = (frame: NetworkFrame, choice: WidthChoice): readonly number[] => {
  const { depth, widths, targetParams, hidden } = choice;
  if (widths !== null) return widths;
  if (depth === 0) return [];
  if (targetParams !== null) return Array<number>(depth).fill(widthWithin(frame, depth, targetParams));
  if (hidden !== null) return Array<number>(depth).fill(hidden);
  throw new SweepError(
    "CONFIG_INVALID",
    "the network has hidden layers but no width; expected one of widths, target_params, hidden. Set one of them.",
  );
};

/** Largest h ≥ 1 such that `depth` hidden layers of width h have at most `budget` parameters; 1 if none has. */
export const widthWithin = (frame: NetworkFrame, depth: number, budget: number): number => {
  const fits = (h: number): boolean =>
    numParametersOf({ ...frame, widths: Array<number>(depth).fill(h) }) <= budget;
  let low = 1;
  let high = 2;
  while (fits(high)) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
};
