/** What the samplers know of the isokinetic step beside its operation, which the backend contract tests. */
import { describe, expect, it } from "vitest";
import {
  gaussianBias,
  gradientsPerStep,
  normalise,
  normOf,
} from "../../../../src/samplers/isokinetic/isokinetic.ts";

it("McLachlan costs two gradients a step and leapfrog one", () => {
  expect(gradientsPerStep("mclachlan")).toBe(2);
  expect(gradientsPerStep("leapfrog")).toBe(1);
});

it("the bias of E[U] on a Gaussian is below for McLachlan and above for leapfrog, and vanishes with the energy error", () => {
  expect(gaussianBias("mclachlan", 0.01)).toBeCloseTo(-0.0033, 15);
  expect(gaussianBias("leapfrog", 0.01)).toBeCloseTo(0.0057, 15);
  expect(Math.abs(gaussianBias("mclachlan", 0))).toBe(0);
});

describe("normalise", () => {
  it("keeps the direction and gives length 1", () => {
    const vector = Float64Array.of(3, -4);
    normalise(vector);
    expect([...vector]).toEqual([expect.closeTo(0.6, 15), expect.closeTo(-0.8, 15)]);
    expect(normOf(vector)).toBeCloseTo(1, 15);
  });

  it("normOf is NaN where an entry is", () => {
    expect(normOf(Float64Array.of(1, Number.NaN))).toBeNaN();
  });
});
