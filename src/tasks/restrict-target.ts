/** A target of which a run samples only some weights, the others staying at w* (restricted LLC). */
import type { Restriction } from "../compute/backend.ts";
import { selectParameters } from "../targets/parameter-selection.ts";
import type { StoredTarget } from "./stored-target.ts";

/** A target as one run sees it: `center` and `d` are those of the sampled weights. */
export interface SampledTarget extends StoredTarget {
  /** Absent where all weights are sampled. */
  readonly restriction?: Restriction;
}

/**
 * @param parameters `posterior.parameters` of the run. No exact value is known for a restricted network.
 * @throws SweepError `CONFIG_INVALID` if the network has no such parameters.
 */
export const restrictTarget = (target: StoredTarget, parameters: string | undefined): SampledTarget => {
  if (parameters === undefined) return target;
  const free = selectParameters(target.model, parameters);
  const center = Float64Array.from(free, (index) => target.center[index] ?? Number.NaN);
  return {
    ...target,
    center,
    d: free.length,
    solvable: null,
    restriction: { free, fixed: target.center },
  };
};
