/** Measured curvature and minibatch noise against exact values. */
import { describe, expect, it } from "vitest";
import type { DiscretisationBias } from "../../../../src/samplers/adaptation/discretisation-bias.ts";
import {
  biasWarnings,
  measureDiscretisationBias,
  withStepSize,
} from "../../../../src/samplers/adaptation/discretisation-bias.ts";
import type { Posterior } from "../../../../src/samplers/sampler.ts";
import { WorkCounter } from "../../../../src/samplers/work-counter.ts";
import { additiveNoisePosterior, aNetworkPosterior, aPosterior } from "../../../support/posteriors.ts";

const measure = (
  posterior: Posterior,
  changes: { preconditioner?: Float64Array; batchSize?: number } = {},
) => {
  const { numChains, dim } = posterior.ensemble;
  const dynamics = {
    stepSize: 1e-3,
    preconditioner: new Float64Array(numChains * dim).fill(1),
    batchSize: 0,
    freeStep: 1000,
    ...changes,
  };
  return measureDiscretisationBias(posterior, dynamics, new WorkCounter(posterior.ensemble));
};

describe("measureDiscretisationBias", () => {
  it("finds the largest curvature nβ·h + γ of a quadratic", async () => {
    const { curvature, stepCurvature } = await measure(aPosterior());
    expect(curvature / 251).toBeCloseTo(1, 6);
    expect(stepCurvature / 0.251).toBeCloseTo(1, 6);
  });

  it("sees the curvature through the preconditioner, the worst chain deciding", async () => {
    const preconditioner = Float64Array.of(1, 1, 0.01, 1, 10, 0.01, 1, 1, 0.01, 1, 1, 0.01);
    const { curvature } = await measure(aPosterior(), { preconditioner });
    expect(curvature / 410).toBeCloseTo(1, 6);
  });

  it("leaves out a chain that is not finite, and is NaN if none is", async () => {
    const preconditioner = new Float64Array(12).fill(1).fill(Number.NaN, 0, 3);
    expect((await measure(aPosterior(), { preconditioner })).curvature / 251).toBeCloseTo(1, 6);
    const none = await measure(aPosterior(), { preconditioner: new Float64Array(12).fill(Number.NaN) });
    expect(none.curvature).toBeNaN();
  });

  it("has no noise without minibatches", async () => {
    expect(await measure(aNetworkPosterior())).toMatchObject({ noiseRatioMean: 0, noiseRatioMax: 0 });
  });

  it("estimates the variance of a minibatch gradient", async () => {
    const { posterior, noiseVariance } = additiveNoisePosterior({ numChains: 200 });
    const exact = (1e-3 * posterior.nBeta ** 2 * noiseVariance(4)) / 4;
    const { noiseRatioMean } = await measure(posterior, { batchSize: 4 });
    // 1600 near-normal gradients: relative sd √(2/1600) = 0.035; 5 of them (6e-7).
    expect(Math.abs(noiseRatioMean / exact - 1)).toBeLessThan(0.18);
  });
});

describe("withStepSize", () => {
  it("is what a measurement with that step size gives", async () => {
    const posterior = additiveNoisePosterior({ numChains: 3 }).posterior;
    const dynamics = { preconditioner: new Float64Array(3).fill(1), batchSize: 4, freeStep: 9 };
    const [one, five] = await Promise.all(
      [1, 5].map((stepSize) =>
        measureDiscretisationBias(posterior, { ...dynamics, stepSize }, new WorkCounter(posterior.ensemble)),
      ),
    );
    if (!one || !five) throw new Error("bug: no measurement");
    const scaled = withStepSize(one, 5);
    expect(scaled.stepSize).toBe(5);
    for (const name of ["curvature", "stepCurvature", "noiseRatioMean", "noiseRatioMax"] as const) {
      expect(scaled[name] / five[name]).toBeCloseTo(1, 13);
    }
  });
});

const bias = (changes: Partial<DiscretisationBias>): DiscretisationBias => ({
  stepSize: 1e-4,
  curvature: 100,
  stepCurvature: 0.01,
  noiseRatioMean: 0,
  noiseRatioMax: 0,
  ...changes,
});

describe("biasWarnings", () => {
  it("is silent up to 1 % in the stiffest direction and 1 % by minibatches", () => {
    expect(biasWarnings(bias({}))).toEqual([]);
    expect(biasWarnings(bias({ stepCurvature: 0.04, noiseRatioMean: 0.01 }))).toEqual([]);
  });

  it("names the bias, the neighbourhood of instability, and instability", () => {
    expect(biasWarnings(bias({ stepCurvature: 0.4 }))).toEqual([
      "step_size times the largest curvature is 0.400: variances are up to 11 % too large in the stiffest direction at w*, and more where curvature grows away from it; a step_size of 0.00020 brings it to 0.5 %.",
    ]);
    expect(biasWarnings(bias({ stepCurvature: 3.2 }))[0]).toContain("up to 5.0 times too large");
    expect(biasWarnings(bias({ stepCurvature: 4 }))[0]).toContain("no stationary law");
  });

  it("says when no chain was left to measure", () => {
    const none = bias({ curvature: Number.NaN, stepCurvature: Number.NaN });
    expect(biasWarnings(none)).toEqual(["no chain was finite at the end of warmup: lower step_size."]);
  });

  it("names minibatch noise", () => {
    expect(biasWarnings(bias({ noiseRatioMean: 0.25 }))[0]).toContain("about 25 % too large");
  });
});
