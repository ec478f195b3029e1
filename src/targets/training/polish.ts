/**
 * From where the optimiser stopped to a local minimum: quasi-Newton descent, and from saddle points a step along the
 * direction of most negative curvature, after which the descent goes on.
 *
 * λ̂ compares draws with L_n(w*), so it means nothing unless w* is (nearly) a local minimum; the record says how near.
 */
import { type Curvature, type CurvatureProbe, extremeCurvature } from "./curvature.ts";
import { type Descent, type DescentSettings, descend } from "./lbfgs.ts";
import { type Iterate, pointAlong, sizeOf } from "./line-search.ts";
import type { Objective } from "./objective.ts";

/** Saddle points left behind at most; after each, at most a third of the allowed iterations again. */
const maxEscapes = 3;
/** Curvature below −1e-6 of the largest counts as negative: rounding of the differences is far below. */
const negativeShare = 1e-6;
/** Lengths tried along a direction of negative curvature, in units of `sizeOf(w)`. */
const escapeLengths = [0.3, 0.1, 0.03, 0.01];

export interface PolishSettings {
  readonly descent: DescentSettings;
  readonly probe: Omit<CurvatureProbe, "w">;
}

export interface PolishedNetwork extends Iterate {
  /** Quasi-Newton iterations, all descents together. */
  readonly steps: number;
  readonly stopReason: Descent["stopReason"];
  readonly numEscapes: number;
  /** What the loss is still known to lose beyond w*: see `Descent.shortfall`; plus a saddle that was not left. */
  readonly shortfall: number;
  readonly curvature: Curvature;
}

/** Descends from `start`; with `maxSteps` 0 it stays there and only measures the curvature. */
export const polish = async (
  objective: Objective,
  start: Iterate,
  { descent, probe }: PolishSettings,
): Promise<PolishedNetwork> => {
  const { maxSteps, lossTol } = descent;
  let result = await descend(objective, start, descent);
  let steps = result.steps;
  for (let numEscapes = 0; ; numEscapes++) {
    const curvature = await extremeCurvature(objective, { ...probe, w: result.w });
    const hasArrived = maxSteps > 0 && result.stopReason !== "steps";
    const lower = hasArrived ? await escapeSaddle(objective, result, { curvature, lossTol }) : null;
    if (lower === null || numEscapes === maxEscapes) {
      const { w, loss, gradient, stopReason } = result;
      const shortfall = result.shortfall + (lower === null ? 0 : loss - lower.loss);
      return { w, loss, gradient, steps, stopReason, numEscapes, shortfall, curvature };
    }
    result = await descend(objective, lower, { ...descent, maxSteps: Math.ceil(maxSteps / maxEscapes) });
    steps += result.steps;
  }
};

/** The lowest of a few points on both sides along the direction of negative curvature, if well below `from`. */
const escapeSaddle = async (
  objective: Objective,
  from: Iterate,
  { curvature, lossTol }: { readonly curvature: Curvature; readonly lossTol: number },
): Promise<Iterate | null> => {
  if (!(curvature.smallest < -negativeShare * Math.abs(curvature.largest))) return null;
  const size = sizeOf(from.w);
  let best: Iterate | null = null;
  let bestLoss = from.loss - Math.max(lossTol, 1e-12 * Math.abs(from.loss));
  for (const length of escapeLengths.flatMap((factor) => [factor * size, -factor * size])) {
    const w = pointAlong(from.w, curvature.direction, length);
    const { loss, gradient } = await objective(w);
    if (!(loss < bestLoss)) continue;
    best = { w, loss, gradient };
    bestLoss = loss;
  }
  return best;
};
