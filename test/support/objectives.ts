/** Plain functions to minimise, for tests of optimisers that need no network. */
import type { Objective } from "../../src/targets/training/objective.ts";

/** ½·Σ h_i·w_i². */
export const quadraticObjective =
  (curvature: readonly number[]): Objective =>
  (w) => {
    const gradient = w.map((value, i) => (curvature[i] ?? NaN) * value);
    const loss = 0.5 * w.reduce((sum, value, i) => sum + value * (gradient[i] ?? NaN), 0);
    return Promise.resolve({ loss, gradient });
  };

/** (1 − x)² + 100·(y − x²)²: a curved valley with its minimum at (1, 1). */
export const rosenbrock: Objective = (w) => {
  const [x, y] = [w[0] ?? NaN, w[1] ?? NaN];
  const bend = y - x * x;
  return Promise.resolve({
    loss: (1 - x) ** 2 + 100 * bend ** 2,
    gradient: Float64Array.of(-2 * (1 - x) - 400 * x * bend, 200 * bend),
  });
};

/** x² − y² + y⁴: a saddle at 0, minima −1/4 at (0, ±1/√2). */
export const saddle: Objective = (w) => {
  const [x, y] = [w[0] ?? NaN, w[1] ?? NaN];
  return Promise.resolve({
    loss: x * x - y * y + y ** 4,
    gradient: Float64Array.of(2 * x, -2 * y + 4 * y ** 3),
  });
};

/** |x| + 2·y²: a kink along x = 0. */
export const kinked: Objective = (w) => {
  const [x, y] = [w[0] ?? NaN, w[1] ?? NaN];
  return Promise.resolve({ loss: Math.abs(x) + 2 * y * y, gradient: Float64Array.of(Math.sign(x), 4 * y) });
};

/** `objective` with its gradient at `w`. */
export const iterateAt = async (objective: Objective, w: Float64Array) => ({ w, ...(await objective(w)) });
