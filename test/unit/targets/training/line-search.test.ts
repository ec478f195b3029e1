/** Step lengths. */
import { describe, expect, it } from "vitest";
import { lineSearch, pointAlong, sizeOf } from "../../../../src/targets/training/line-search.ts";
import { iterateAt, kinked, quadraticObjective, rosenbrock } from "../../../support/objectives.ts";

describe("lineSearch", () => {
  it("decreases the loss by the Armijo share and flattens the slope", async () => {
    const start = await iterateAt(rosenbrock, Float64Array.of(-1.2, 1));
    const direction = start.gradient.map((value) => -value);
    const next = await lineSearch(rosenbrock, start, { direction, firstStep: 1 });
    const slope = -start.gradient.reduce((sum, value) => sum + value * value, 0);
    const newSlope = next?.gradient.reduce((sum, value, i) => sum + value * (direction[i] ?? NaN), 0) ?? NaN;
    expect(next?.loss).toBeLessThan(start.loss);
    expect(newSlope).toBeGreaterThan(0.9 * slope);
  });

  it("refuses a direction that does not descend", async () => {
    const start = await iterateAt(quadraticObjective([1]), Float64Array.of(1));
    const upward = { direction: Float64Array.of(1), firstStep: 1 };
    expect(await lineSearch(quadraticObjective([1]), start, upward)).toBeNull();
  });

  it("never moves a coordinate by more than 0.3 of the vector's size", async () => {
    const downhill = (w: Float64Array) =>
      Promise.resolve({ loss: -(w[0] ?? NaN), gradient: Float64Array.of(-1) });
    const start = await iterateAt(downhill, Float64Array.of(2));
    const next = await lineSearch(downhill, start, { direction: Float64Array.of(1), firstStep: 1e9 });
    expect(next?.w[0]).toBeCloseTo(2 + 0.3 * sizeOf(start.w), 12);
  });

  it("steps back from points that are not finite", async () => {
    const wall = (w: Float64Array) => {
      const x = w[0] ?? NaN;
      return Promise.resolve(
        x > 1.1 ? { loss: NaN, gradient: Float64Array.of(NaN) } : { loss: -x, gradient: Float64Array.of(-1) },
      );
    };
    const start = await iterateAt(wall, Float64Array.of(1));
    const next = await lineSearch(wall, start, { direction: Float64Array.of(1), firstStep: 0.5 });
    expect(next === null || next.loss < start.loss).toBe(true);
  });

  it("finds a lower point across a kink", async () => {
    const start = await iterateAt(kinked, Float64Array.of(0.5, 0));
    const next = await lineSearch(kinked, start, { direction: Float64Array.of(-1, 0), firstStep: 0.1 });
    expect(next?.loss).toBeLessThan(0.5);
  });
});

describe("pointAlong", () => {
  it("adds a multiple of the direction and leaves its arguments alone", () => {
    const w = Float64Array.of(1, 2);
    expect([...pointAlong(w, Float64Array.of(1, -1), 0.5)]).toEqual([1.5, 1.5]);
    expect([...w]).toEqual([1, 2]);
  });
});
