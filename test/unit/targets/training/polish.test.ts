/** From a stopped optimiser to a local minimum. */
import { describe, expect, it } from "vitest";
import { type PolishSettings, polish } from "../../../../src/targets/training/polish.ts";
import { iterateAt, rosenbrock, saddle } from "../../../support/objectives.ts";

const settings: PolishSettings = {
  descent: { maxSteps: 200, gradientTol: 1e-8, lossTol: 0, pace: () => undefined },
  probe: { differenceStep: 1e-5, maxIterations: 60, seed: 1, pace: () => undefined },
};

describe("polish", () => {
  it("leaves a saddle point and arrives at a minimum", async () => {
    const end = await polish(saddle, await iterateAt(saddle, Float64Array.of(0, 0)), settings);
    expect(end).toMatchObject({ numEscapes: 1, stopReason: "gradient_tol", shortfall: 0 });
    expect(end.loss).toBeCloseTo(-0.25, 12);
    expect(end.curvature.smallest).toBeCloseTo(2, 5);
  });

  it("stays at a saddle whose way down is not worth lossTol", async () => {
    const start = await iterateAt(saddle, Float64Array.of(0, 0));
    const end = await polish(saddle, start, { ...settings, descent: { ...settings.descent, lossTol: 1 } });
    expect(end).toMatchObject({ numEscapes: 0, loss: 0 });
    expect(end.curvature.smallest).toBeCloseTo(-2, 6);
  });

  it("only measures with 0 steps", async () => {
    const start = await iterateAt(saddle, Float64Array.of(0, 0));
    const end = await polish(saddle, start, { ...settings, descent: { ...settings.descent, maxSteps: 0 } });
    expect(end).toMatchObject({ numEscapes: 0, steps: 0, w: start.w });
    expect(end.curvature.smallest).toBeCloseTo(-2, 6);
  });

  it("reports the shortfall of a descent that was cut short", async () => {
    const start = await iterateAt(rosenbrock, Float64Array.of(-1.2, 1));
    const end = await polish(rosenbrock, start, {
      ...settings,
      descent: { ...settings.descent, maxSteps: 6 },
    });
    expect(end.stopReason).toBe("steps");
    expect(end.shortfall).toBeGreaterThan(0);
  });
});
