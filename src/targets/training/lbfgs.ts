/**
 * Limited-memory BFGS: full-batch descent to a point where the gradient is as small as asked, or as rounding allows.
 *
 * An unfinished optimiser leaves w* on a slope; then draws fall below L_n(w*) and λ̂ is too small or negative.
 *
 * Source: Nocedal & Wright (2006), algorithms 7.4 and 7.5.
 */
import { dot, type Iterate, lineSearch } from "./line-search.ts";
import { normOf, type Objective } from "./objective.ts";

const maxPairs = 20;
/** Iterations over which progress is judged. */
const window = 50;
/** Relative decrease of a loss that is rounding. */
const lossRounding = 1e-14;

export interface DescentSettings {
  readonly maxSteps: number;
  /** Euclidean norm of the gradient to reach; 0: as small as possible. */
  readonly gradientTol: number;
  /** Decrease of the loss over 50 iterations that is worth going on for; 0: any above rounding. */
  readonly lossTol: number;
  /** Called after each iteration. */
  readonly pace: (step: number, loss: number) => Promise<void> | undefined;
}

export interface Descent extends Iterate {
  readonly steps: number;
  /**
   * How far the loss still fell over the last half of the iterations, if they ended at the limit (a lower bound of what
   * is left to gain, as a rule); 0 if the descent arrived.
   */
  readonly shortfall: number;
  /** `no_progress`: no direction tried lowers the loss, or 50 iterations lowered it by less than `lossTol`. */
  readonly stopReason: "gradient_tol" | "no_progress" | "steps";
}

/** A difference of two iterates and of their gradients. */
interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/** Minimises from `start`; the result's loss is never above the start's (beyond rounding). */
export const descend = async (
  objective: Objective,
  start: Iterate,
  settings: DescentSettings,
): Promise<Descent> => {
  const { maxSteps, gradientTol, lossTol, pace } = settings;
  const losses = [start.loss];
  let current = start;
  let pairs: Pair[] = [];
  const arrived = (steps: number, stopReason: Descent["stopReason"]): Descent => ({
    ...current,
    steps,
    stopReason,
    shortfall: 0,
  });
  for (let step = 0; step < maxSteps; step++) {
    if (normOf(current.gradient) < gradientTol) return arrived(step, "gradient_tol");
    if (isIdle(losses, lossTol)) return arrived(step, "no_progress");
    const next = await nextIterate(objective, current, pairs);
    if (next === null && pairs.length === 0) return arrived(step, "no_progress");
    pairs = next === null ? [] : remember(pairs, current, next);
    current = next ?? current;
    losses.push(current.loss);
    await pace(step + 1, current.loss);
  }
  if (normOf(current.gradient) < gradientTol) return arrived(maxSteps, "gradient_tol");
  const halfway = losses[Math.floor(maxSteps / 2)];
  return { ...arrived(maxSteps, "steps"), shortfall: Math.max(0, halfway - current.loss) };
};

const isIdle = (losses: readonly number[], lossTol: number): boolean => {
  if (losses.length <= window) return false;
  const last = losses[losses.length - 1];
  return losses[losses.length - 1 - window] - last <= Math.max(lossTol, lossRounding * Math.abs(last));
};

const nextIterate = (
  objective: Objective,
  current: Iterate,
  pairs: readonly Pair[],
): Promise<Iterate | null> => {
  const direction = quasiNewtonDirection(current.gradient, pairs);
  // Without memory the direction has the scale of the gradient, not of the solution: begin with a short step.
  const firstStep = pairs.length === 0 ? Math.min(1, 0.1 / normOf(current.gradient)) : 1;
  return lineSearch(objective, current, { direction, firstStep });
};

const remember = (pairs: readonly Pair[], current: Iterate, next: Iterate): Pair[] => {
  const s = next.w.map((value, i) => value - current.w[i]);
  const y = next.gradient.map((value, i) => value - current.gradient[i]);
  const curvature = dot(s, y);
  if (!(curvature > 1e-16 * dot(y, y))) return [...pairs];
  return [...pairs, { s, y, rho: 1 / curvature }].slice(-maxPairs);
};

/** −H·g by the two-loop recursion; −g without memory. */
const quasiNewtonDirection = (gradient: Float64Array, pairs: readonly Pair[]): Float64Array => {
  const q = gradient.map((value) => -value);
  const alphas = new Float64Array(pairs.length);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, rho } = pairs[k];
    alphas[k] = rho * dot(s, q);
    addScaled(q, y, -alphas[k]);
  }
  const last = pairs.at(-1);
  if (last !== undefined) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  }
  for (let k = 0; k < pairs.length; k++) {
    const { s, y, rho } = pairs[k];
    addScaled(q, s, alphas[k] - rho * dot(y, q));
  }
  return q;
};

const addScaled = (target: Float64Array, source: Float64Array, scale: number): void => {
  for (let i = 0; i < target.length; i++) target[i] += scale * source[i];
};
