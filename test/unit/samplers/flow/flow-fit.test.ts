/** Density and gradient of one fit, scale and complement included. */
import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../../src/random/normal.ts";
import { FlowFit } from "../../../../src/samplers/flow/flow-fit.ts";
import type { ViSettings } from "../../../../src/samplers/variational/vi-settings.ts";
import { planeGrid } from "../../../support/mixtures.ts";
import { settingsOf } from "../../../support/sampler-settings.ts";
import { zScore } from "../../../support/z-score.ts";

const settings: ViSettings = { ...settingsOf("vi"), algo: "flow", flowDepth: 3, flowHidden: [4] };

const aFit = (dim: number, overrides: Partial<ViSettings>): FlowFit => {
  const fit = new FlowFit(dim, { ...settings, ...overrides });
  fit.begin({ seed: 3, chain: 0 });
  fillNormal({ seed: 3, purpose: 1 }, fit.flow.values);
  for (let at = 0; at < fit.flow.values.length; at++) fit.flow.values[at]! *= 0.3;
  fit.setScale(Float64Array.from({ length: dim }, (_, i) => 0.5 + 0.4 * i));
  return fit;
};

const drawOf = (fit: FlowFit, step: number): Float64Array => {
  const dim = fit.scale.length;
  const noise = new Float64Array(dim);
  fillNormal({ seed: 3, purpose: 3, step }, noise);
  const out = new Float64Array(dim);
  fit.displace({ seed: 3, purpose: 4, step }, noise, out);
  return out;
};

describe("FlowFit", () => {
  it.each([
    ["of the whole plane", 2],
    ["of a line in the plane", 1],
  ])("has a density that integrates to 1: %s", (_, dLatent) => {
    const fit = aFit(2, { dLatent, sigmaPerp: 0.6 });
    const total = planeGrid(14, 700).reduce(
      (sum, { point, area }) => sum + area * Math.exp(fit.logDensity(point)),
      0,
    );
    expect(total).toBeCloseTo(1, 5);
  });

  // E_q[p/q] = ∫p = 1 for any p that q covers: draws and density belong together.
  it.each([
    [4, 4],
    [4, 2],
  ])("draws from the density it states: %i parameters, %i latent", (dim, dLatent) => {
    const fit = aFit(dim, { dLatent, sigmaPerp: 0.8 });
    const sigma = 0.35;
    const ratios = Array.from({ length: 4000 }, (_, step) => {
      const v = drawOf(fit, step);
      const square = v.reduce((sum, value) => sum + (value / sigma) ** 2, 0);
      const logP = -0.5 * square - dim * (Math.log(sigma) + 0.5 * Math.log(2 * Math.PI));
      return Math.exp(logP - fit.logDensity(v));
    });
    expect(zScore(ratios, 1)).toBeLessThan(5);
  });

  it.each([3, 2])(
    "climbs the ELBO: gradients are those of differences with common numbers, %i latent",
    (dLatent) => {
      const fit = aFit(3, { dLatent, sigmaPerp: 0.5 });
      const { values } = fit.flow;
      // ℓ(v) = −½Σ(i + 1)v_i² − ¼Σv_i⁴
      const sampleOf = (v: Float64Array) => ({
        displacement: v,
        logTarget: v.reduce((sum, x, i) => sum - (i + 1) * 0.5 * x * x - 0.25 * x ** 4, 0),
        targetGradient: v.map((x, i) => -(i + 1) * x - x ** 3),
      });
      const elboAt = (step: number): number => {
        const v = drawOf(fit, step);
        return sampleOf(v).logTarget - fit.logDensity(v);
      };
      const directions = [values.length - 1, values.length - dLatent - 1, 0, 7];
      for (const at of directions) {
        const differences = Array.from({ length: 1500 }, (_, step) => {
          const gradient = new Float64Array(values.length);
          fit.addGradient(sampleOf(drawOf(fit, step)), 1, gradient);
          const [value, width] = [values[at]!, 1e-4];
          values[at] = value + width;
          const ahead = elboAt(step);
          values[at] = value - width;
          const behind = elboAt(step);
          values[at] = value;
          // Draw by draw they differ by ∂ log q at fixed v, whose mean is 0.
          return gradient[at]! - (ahead - behind) / (2 * width);
        });
        expect(zScore(differences, 0)).toBeLessThan(5);
      }
    },
  );

  it("leaves out draws that are not finite, and narrows q if all are", () => {
    const fit = aFit(2, { dLatent: 2 });
    const { values, shape } = fit.flow;
    const before = values.slice();
    const bad = {
      displacement: Float64Array.of(0.1, 0.2),
      logTarget: Number.NaN,
      targetGradient: new Float64Array(2),
    };
    expect(fit.climb([bad], 0.1)).toBeNaN();
    expect(fit.numSkipped).toBe(1);
    values.forEach((value, at) =>
      expect(value).toBeCloseTo(before[at]! - (at >= shape.logScaleAt ? 0.1 : 0), 14),
    );
  });
});
