/** Eigenvalues of Hessians from gradients alone. */
import { describe, expect, it } from "vitest";
import { type CurvatureProbe, extremeCurvature } from "../../../../src/targets/training/curvature.ts";
import { kinked, quadraticObjective, rosenbrock, saddle } from "../../../support/objectives.ts";

const probeAt = (...w: number[]): CurvatureProbe => ({
  w: Float64Array.from(w),
  differenceStep: 1e-5,
  maxIterations: 60,
  seed: 1,
  pace: () => undefined,
});

describe("extremeCurvature", () => {
  it("finds both ends of the spectrum of a quadratic to 1e-9", async () => {
    const curvature = Array.from({ length: 40 }, (_, i) => i + 1);
    const { smallest, largest } = await extremeCurvature(
      quadraticObjective(curvature),
      probeAt(...curvature),
    );
    expect(smallest).toBeCloseTo(1, 8);
    expect(largest).toBeCloseTo(40, 8);
  });

  it("stops at once where all directions are alike", async () => {
    const gradients: number[] = [];
    const counted = quadraticObjective(Array<number>(10).fill(3));
    const { smallest, largest } = await extremeCurvature(
      (w) => {
        gradients.push(1);
        return counted(w);
      },
      probeAt(...Array<number>(10).fill(1)),
    );
    expect(smallest).toBeCloseTo(3, 8);
    expect(largest).toBeCloseTo(3, 8);
    expect(gradients.length).toBeLessThanOrEqual(6);
  });

  it("agrees with the Hessian of the Rosenbrock valley at its minimum", async () => {
    // Eigenvalues of [[802, −400], [−400, 200]]: 501 ± √(301² + 400²).
    const { smallest, largest } = await extremeCurvature(rosenbrock, probeAt(1, 1));
    expect(smallest).toBeCloseTo(501 - Math.hypot(301, 400), 5);
    expect(largest).toBeCloseTo(501 + Math.hypot(301, 400), 5);
  });

  it("sees the negative direction of a saddle", async () => {
    const { smallest, direction } = await extremeCurvature(saddle, probeAt(0, 0));
    expect(smallest).toBeCloseTo(-2, 6);
    expect(Math.abs(direction[1] ?? NaN)).toBeCloseTo(1, 6);
  });

  it("bounds from above what few iterations cannot resolve, within its residual of an eigenvalue", async () => {
    const curvature = Array.from({ length: 200 }, (_, i) => 1 + i / 10);
    const probe = { ...probeAt(...Array<number>(200).fill(0)), maxIterations: 20 };
    const { smallest, residual } = await extremeCurvature(quadraticObjective(curvature), probe);
    expect(smallest).toBeGreaterThan(1 - 1e-6);
    expect(Math.min(...curvature.map((h) => Math.abs(h - smallest)))).toBeLessThanOrEqual(residual + 1e-6);
  });

  it("is not negative on a convex kink", async () => {
    const { smallest } = await extremeCurvature(kinked, { ...probeAt(0, 0), differenceStep: 1e-3 });
    expect(smallest).toBeGreaterThan(0);
  });

  it("is NaN where gradients are not finite", async () => {
    const broken = () => Promise.resolve({ loss: NaN, gradient: Float64Array.of(NaN, 1) });
    expect(await extremeCurvature(broken, probeAt(0, 0))).toMatchObject({ smallest: NaN, largest: NaN });
  });
});
