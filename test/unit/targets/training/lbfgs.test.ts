/** Quasi-Newton descent. */
import { describe, expect, it } from "vitest";
import { type DescentSettings, descend } from "../../../../src/targets/training/lbfgs.ts";
import { iterateAt, kinked, quadraticObjective, rosenbrock } from "../../../support/objectives.ts";

const settings: DescentSettings = { maxSteps: 200, gradientTol: 1e-8, lossTol: 0, pace: () => undefined };

describe("descend", () => {
  it("reaches the minimum of the Rosenbrock valley to a gradient of 1e-8", async () => {
    const start = await iterateAt(rosenbrock, Float64Array.of(-1.2, 1));
    const end = await descend(rosenbrock, start, settings);
    expect(end).toMatchObject({ stopReason: "gradient_tol", shortfall: 0 });
    expect(end.w[0]).toBeCloseTo(1, 7);
    expect(end.w[1]).toBeCloseTo(1, 7);
    expect(end.steps).toBeLessThan(80);
  });

  // scipy.optimize.minimize(method="L-BFGS-B", maxcor=20) takes 585 evaluations to a gradient of 2e-10.
  it("solves a quadratic of 30 dimensions and condition 1e4 in about as many steps as SciPy", async () => {
    const objective = quadraticObjective(Array.from({ length: 30 }, (_, i) => 10 ** (-4 * (i / 29))));
    const start = await iterateAt(objective, new Float64Array(30).fill(1));
    const end = await descend(objective, start, { ...settings, gradientTol: 1e-9, maxSteps: 600 });
    expect(end.stopReason).toBe("gradient_tol");
    expect(end.loss).toBeLessThan(1e-13);
  });

  it("stops without progress at a kink, where no gradient is small", async () => {
    const end = await descend(kinked, await iterateAt(kinked, Float64Array.of(0.7, 0.3)), settings);
    expect(end.stopReason).toBe("no_progress");
    expect(end.loss).toBeLessThan(1e-6);
  });

  it("stops where 50 iterations gain less than lossTol", async () => {
    const far = (w: Float64Array) => {
      const x = w[0] ?? NaN;
      return Promise.resolve({ loss: Math.exp(-x), gradient: Float64Array.of(-Math.exp(-x)) });
    };
    const start = await iterateAt(far, Float64Array.of(0));
    const patient = { ...settings, gradientTol: 0, maxSteps: 500 };
    const early = await descend(far, start, { ...patient, lossTol: 1e-3 });
    expect(early).toMatchObject({ stopReason: "no_progress", shortfall: 0 });
    expect(early.steps).toBeGreaterThanOrEqual(50);
    expect(early.steps).toBeLessThan(100);
  });

  it("says how far the loss still fell when it ran out of steps", async () => {
    const start = await iterateAt(rosenbrock, Float64Array.of(-1.2, 1));
    const half = await descend(rosenbrock, start, { ...settings, maxSteps: 5 });
    const whole = await descend(rosenbrock, start, { ...settings, maxSteps: 10 });
    expect(whole.stopReason).toBe("steps");
    expect(whole.shortfall).toBe(half.loss - whole.loss);
    expect(whole.shortfall).toBeGreaterThan(0);
  });

  it("stays where it is with 0 steps", async () => {
    const start = await iterateAt(rosenbrock, Float64Array.of(0, 0));
    expect(await descend(rosenbrock, start, { ...settings, maxSteps: 0 })).toMatchObject({
      w: start.w,
      loss: start.loss,
      steps: 0,
      stopReason: "steps",
    });
  });
});
