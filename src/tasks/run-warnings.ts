/** What a reader of a run's result must be told: by its sampler, and of its posterior. */
import { exactLlcOf } from "../analysis/exact-llc.ts";
import { localiserWarnings } from "../analysis/localiser-warning.ts";
import { centerPositions } from "../samplers/chains/start-positions.ts";
import { WorkCounter } from "../samplers/chains/work-counter.ts";
import { greatestFinite, LargestCurvature } from "../samplers/curvature/largest-curvature.ts";
import type { Posterior, SamplerRun } from "../samplers/sampler.ts";
import type { SampledTarget } from "./restrict-target.ts";

/** A run that has ended. */
interface EndedRun {
  readonly run: SamplerRun;
  readonly posterior: Posterior;
  readonly target: SampledTarget;
}

/** Sentences; of the localiser none where the exact λ̂ at this γ is known, to compare with. */
export const runWarnings = async (ended: EndedRun): Promise<readonly string[]> => {
  const { nBeta, gamma } = ended.posterior;
  const { solvable } = ended.target;
  if (solvable !== null && exactLlcOf(solvable, { nBeta, gamma }).estimate !== null) {
    return ended.run.warnings;
  }
  const largestCurvature = await largestCurvatureOf(ended);
  return [...ended.run.warnings, ...localiserWarnings({ nBeta, gamma, largestCurvature })];
};

/**
 * Largest curvature of L_n at w*: of a whole network as its target has it; of a restricted one, which has less, measured
 * here (no work of the sampler's). NaN where unknown.
 */
const largestCurvatureOf = async ({ posterior, target }: EndedRun): Promise<number> => {
  if (target.restriction === undefined) {
    const known = target.facts["hessian_max"];
    return typeof known === "number" ? known : Number.NaN;
  }
  const loss = { ...posterior, nBeta: 1, gamma: 0 };
  const curvature = new LargestCurvature(loss, new WorkCounter(posterior.ensemble));
  return greatestFinite(await curvature.of({ positions: centerPositions(posterior) }));
};
