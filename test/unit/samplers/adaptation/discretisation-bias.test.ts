/** Minibatch noise against exact values, and what is said of a bias. */
import { describe, expect, it } from "vitest";
import {
  biasWarnings,
  type DiscretisationBias,
  measureMinibatchNoise,
} from "../../../../src/samplers/adaptation/discretisation-bias.ts";
import { startPositions } from "../../../../src/samplers/chains/start-positions.ts";
import { WorkCounter } from "../../../../src/samplers/chains/work-counter.ts";
import type { Posterior } from "../../../../src/samplers/sampler.ts";
import { additiveNoisePosterior, aNetworkPosterior } from "../../../support/posteriors.ts";

const measure = (posterior: Posterior, changes: { preconditioner?: Float64Array; batchSize?: number } = {}) =>
  measureMinibatchNoise(
    posterior,
    { position: startPositions(posterior), batchSize: 0, freeStep: 1000, ...changes },
    new WorkCounter(posterior.ensemble),
  );

describe("measureMinibatchNoise", () => {
  it("is 0 without minibatches", async () => {
    expect(await measure(aNetworkPosterior())).toEqual({ mean: 0, max: 0 });
  });

  it("estimates the variance of a minibatch gradient where chains are, whatever its mean there", async () => {
    const { posterior, noiseVariance } = additiveNoisePosterior({ numChains: 200, startScale: 3 });
    const exact = (posterior.nBeta ** 2 * noiseVariance(4)) / 4;
    const { mean } = await measure(posterior, { batchSize: 4 });
    // 200 chains of 7 degrees of freedom, near-normal gradients: relative sd √(2/1400) = 0.038; 5 of them (6e-7).
    expect(Math.abs(mean / exact - 1)).toBeLessThan(0.19);
  });

  it("sees it through the preconditioner, without chains that are not finite; NaN if none is", async () => {
    const { posterior } = additiveNoisePosterior({ numChains: 2 });
    const both = await measure(posterior, { batchSize: 4 });
    const only = await measure(posterior, { batchSize: 4, preconditioner: Float64Array.of(3, Number.NaN) });
    const twice = await measure(posterior, { batchSize: 4, preconditioner: Float64Array.of(3, 3) });
    expect(twice.mean / both.mean).toBeCloseTo(3, 12);
    expect(only.mean).toBeGreaterThan(0);
    const none = new Float64Array(2).fill(Number.NaN);
    expect((await measure(posterior, { batchSize: 4, preconditioner: none })).mean).toBeNaN();
  });
});

const bias = (stepCurvature: number, noiseRatio = 0): DiscretisationBias => ({
  stepSize: stepCurvature / 100,
  stepCurvature,
  noiseRatio,
});

describe("biasWarnings", () => {
  it("is silent up to 1 % in the stiffest direction and 1 % by minibatches", () => {
    expect(biasWarnings(bias(0.01))).toEqual([]);
    expect(biasWarnings(bias(0.04, 0.01))).toEqual([]);
  });

  it("names the bias, the neighbourhood of instability, and instability", () => {
    expect(biasWarnings(bias(0.4))).toEqual([
      "step_size times the largest curvature where chains are is 0.400: variances are up to 11 % too large in the stiffest direction there; a step_size of 0.00020 brings it to 0.5 %.",
    ]);
    expect(biasWarnings(bias(3.2))[0]).toContain("up to 5.0 times too large");
    expect(biasWarnings(bias(4))[0]).toContain("no stationary law");
  });

  it("says when no chain was left to measure", () => {
    const none = { ...bias(0.01), stepCurvature: Number.NaN };
    expect(biasWarnings(none)).toEqual(["no chain was finite at the end of warmup: lower step_size."]);
  });

  it("names minibatch noise", () => {
    expect(biasWarnings(bias(0.01, 0.25))[0]).toContain("about 25 % too large");
  });
});
