/**
 * From where the optimiser stopped to a local minimum: quasi-Newton descent, and from saddle points a step along the
 * direction of most negative curvature, after which the descent goes on.
 *
 * λ̂ compares draws with L_n(w*), so it means nothing unless w* is (nearly) a local minimum; the record says how near.
 */
import { type Curvature, type CurvatureProbe, extremeCurvature } from "./curvature.ts";
import { type Descent, type DescentSettings, descend } from "./lbfgs.ts";
import { type Iterate, pointAlong } from "./line-search.ts";
import type { Objective } from "./objective.ts";

/** Saddle points left behind at most. */
const MAX_ESCAPES = 5;
/** Curvature below −1e-6 of the largest counts as negative: rounding of the differences is far below. */
const NEGATIVE_SHARE = 1e-6;
/** Lengths tried along a direction of negative curvature, in units of 1 + max|w_i|. */
const ESCAPE_LENGTHS = [1, 0.3, 0.1, 0.03, 0.01];

export interface PolishSettings {
  readonly descent: DescentSettings;
  readonly probe: Omit<CurvatureProbe, "w">;
}

export interface PolishedNetwork extends Iterate {
  /** Quasi-Newton iterations, all descents together. */
  readonly steps: number;
  readonly stopReason: Descent["stopReason"];
  readonly numEscapes: number;
  readonly curvature: Curvature;
}

/** Descends from `start`; with `maxSteps` 0 it stays there and only measures the curvature. */
export const polish = async (
  objective: Objective,
  start: Iterate,
  { descent, probe }: PolishSettings,
): Promise<PolishedNetwork> => {
  let current: Iterate = start;
  let steps = 0;
  for (let numEscapes = 0; ; numEscapes++) {
    const result = await descend(objective, current, { ...descent, maxSteps: descent.maxSteps - steps });
    steps += result.steps;
    const curvature = await extremeCurvature(objective, { ...probe, w: result.w });
    const isSpent = steps >= descent.maxSteps || numEscapes === MAX_ESCAPES;
    const escaped = isSpent ? null : await escapeSaddle(objective, result, curvature);
    if (escaped === null) {
      const { w, loss, gradient, stopReason } = result;
      return { w, loss, gradient, steps, stopReason, numEscapes, curvature };
    }
    current = escaped;
  }
};

/** The lowest of a few points on both sides along the direction of negative curvature, if it lies below `from`. */
const escapeSaddle = async (
  objective: Objective,
  from: Iterate,
  curvature: Curvature,
): Promise<Iterate | null> => {
  if (!(curvature.smallest < -NEGATIVE_SHARE * Math.abs(curvature.largest))) return null;
  const size = 1 + from.w.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  let best: Iterate | null = null;
  let bestLoss = from.loss - 1e-12 * Math.abs(from.loss);
  for (const length of ESCAPE_LENGTHS.flatMap((factor) => [factor * size, -factor * size])) {
    const w = pointAlong(from.w, curvature.direction, length);
    const { loss, gradient } = await objective(w);
    if (!(loss < bestLoss)) continue;
    best = { w, loss, gradient };
    bestLoss = loss;
  }
  return best;
};
