/**
 * MCLMC samples what it claims, up to the bias that it states.
 *
 * Tolerances: 5 MCSE (6e-7 a check under normality) plus twice the stated Gaussian bias, whose constant varies by a sixth;
 * never more than 5 %.
 */
import { describe, expect, it } from "vitest";
import { mcseMean } from "../../src/analysis/mcse.ts";
import type { Ensemble, IsokineticSettings, IsokineticState, Potential } from "../../src/compute/backend.ts";
import type { MclmcSettings } from "../../src/samplers/isokinetic/mclmc-settings.ts";
import { mclmc } from "../../src/samplers/mclmc.ts";
import type { Posterior } from "../../src/samplers/sampler.ts";
import {
  aPosterior,
  collectDraws,
  exactQuadraticLlc,
  llcChains,
  type PosteriorOptions,
} from "../support/posteriors.ts";

const settings: MclmcSettings = {
  draws: 1500,
  warmup: 300,
  stepsPerDraw: 5,
  L: null,
  stepSize: null,
  integrator: "isokinetic_mclachlan",
  diagonalPreconditioning: true,
  numSteps: 4000,
  fracTune1: 0.1,
  fracTune2: 0.1,
  fracTune3: 0.1,
  desiredEnergyVar: 1e-5,
  trustInEstimate: 1.5,
  numEffectiveSamples: 150,
};

const estimate = async (posterior: Posterior, overrides: Partial<MclmcSettings> = {}) => {
  const run = await mclmc.start(posterior, { ...settings, ...overrides });
  const chains = llcChains(await collectDraws(run), posterior);
  const all = chains.flatMap((chain) => [...chain]);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  return { mean, mcse: mcseMean(chains), bias: run.tuned["gaussian_bias"] ?? Number.NaN, run };
};

const quadratic = (curvature: readonly number[], options: PosteriorOptions = {}) => ({
  posterior: aPosterior({
    model: { kind: "quadratic", curvature },
    nBeta: 100,
    startScale: 0.01,
    ...options,
  }),
  exact: exactQuadraticLlc(curvature, options.nBeta ?? 100, options.gamma ?? 1),
});

const curvatures = {
  isotropic: Array.from({ length: 20 }, () => 1),
  illConditioned: Array.from({ length: 20 }, (_, i) => 10 ** (-4 + (6 * i) / 19)),
  halfFlat: Array.from({ length: 20 }, (_, i) => (i % 2) * 100),
};
const shapes = Object.keys(curvatures) as (keyof typeof curvatures)[];

/** A chain that runs away has an error so large that anything is within it: that is a failure too. */
const isWithin = ({ mean, mcse, bias }: Awaited<ReturnType<typeof estimate>>, exact: number): boolean =>
  mcse < 0.05 * exact && Math.abs(mean - exact) < 5 * mcse + Math.min(0.05, 2 * Math.abs(bias)) * exact;

describe("λ̂ on a quadratic", () => {
  it.each(shapes)("is exact up to MCSE and the stated bias: %s", async (shape) => {
    const { posterior, exact } = quadratic(curvatures[shape]);
    const result = await estimate(posterior);
    expect(isWithin(result, exact)).toBe(true);
    expect(result.mcse / exact).toBeLessThan(0.02); // a sampler that hardly moves passes anything
    expect(Math.abs(result.bias)).toBeLessThan(0.0075);
  });

  it.each(shapes)("holds without preconditioning, with leapfrog: %s", async (shape) => {
    const { posterior, exact } = quadratic(curvatures[shape]);
    const result = await estimate(posterior, {
      diagonalPreconditioning: false,
      integrator: "isokinetic_velocity_verlet",
      stepsPerDraw: 20,
    });
    expect(isWithin(result, exact)).toBe(true);
    expect(result.mcse / exact).toBeLessThan(0.03);
  });

  it("holds in two and three dimensions, where the sphere of directions is smallest", async () => {
    for (const curvature of [
      [1, 30],
      [0.1, 1, 10],
    ]) {
      const { posterior, exact } = quadratic(curvature);
      expect(isWithin(await estimate(posterior, { draws: 4000 }), exact)).toBe(true);
    }
  });

  // Bias ∝ ε²: 3.3 % at ε = 0.62·√d with leapfrog. Standard error of the ratio about 0.35, that is 4 of
  // them to the bounds (6e-5).
  it("has a bias that falls as the square of the step size", async () => {
    const biasAt = async (stepSize: number): Promise<number> => {
      const { posterior, exact } = quadratic(curvatures.isotropic, { nBeta: 1, gamma: 0, startScale: 1 });
      const fixed = { L: 4, stepSize, diagonalPreconditioning: false, draws: 12_000, stepsPerDraw: 3 };
      const { mean } = await estimate(posterior, { ...fixed, integrator: "isokinetic_velocity_verlet" });
      return mean / exact - 1;
    };
    const [large, small] = [await biasAt(3.6), await biasAt(1.8)];
    expect(large).toBeGreaterThan(0.03);
    expect(large / small).toBeGreaterThan(2.6);
    expect(large / small).toBeLessThan(5.4);
  });
});

/** An ensemble that does one thing wrongly. */
const brokenBy = (
  posterior: Posterior,
  change: Partial<Record<keyof Ensemble, (inner: Ensemble) => unknown>>,
): Posterior => ({
  ...posterior,
  ensemble: new Proxy(posterior.ensemble, {
    get: (inner, name) => {
      const replacement = change[name as keyof Ensemble];
      if (replacement !== undefined) return replacement(inner);
      const member: unknown = Reflect.get(inner, name, inner);
      return typeof member === "function" ? member.bind(inner) : member;
    },
  }),
});

describe("a broken variant fails", () => {
  const { exact } = quadratic(curvatures.isotropic);
  const fixed = { L: 0.4, stepSize: 0.1, diagonalPreconditioning: false };
  const healthy = () => quadratic(curvatures.isotropic).posterior;

  it("not broken, it passes", async () => {
    expect(isWithin(await estimate(healthy(), fixed), exact)).toBe(true);
  });

  it("without refreshes", async () => {
    const posterior = brokenBy(healthy(), {
      isokinetic: (inner) => (state: IsokineticState, dynamics: IsokineticSettings) =>
        inner.isokinetic(state, { ...dynamics, decoherenceLength: Number.POSITIVE_INFINITY }),
    });
    expect(isWithin(await estimate(posterior, fixed), exact)).toBe(false);
  });

  it("with refreshes of each step by the same noise", async () => {
    const posterior = brokenBy(healthy(), {
      isokinetic: (inner) => (state: IsokineticState, dynamics: IsokineticSettings) =>
        inner.isokinetic(state, { ...dynamics, numSteps: 1, noise: { ...dynamics.noise, step: 0 } }),
    });
    expect(isWithin(await estimate(posterior, { ...fixed, stepsPerDraw: 1 }), exact)).toBe(false);
  });

  it("with the sign of the forces turned", async () => {
    const { nBeta, gamma, center } = healthy();
    const posterior = healthy();
    const turned: Potential = {
      center,
      nBeta: new Float64Array(4).fill(-nBeta),
      gamma: new Float64Array(4).fill(-gamma),
    };
    posterior.ensemble.setPotential(turned);
    expect(isWithin(await estimate(posterior, fixed), exact)).toBe(false);
  });

  it("with a localiser of twice the strength, on flat directions", async () => {
    const { posterior, exact: wanted } = quadratic(Array.from({ length: 20 }, () => 0.01));
    const all = (value: number) => new Float64Array(4).fill(value);
    expect(isWithin(await estimate(posterior), wanted)).toBe(true);
    posterior.ensemble.setPotential({ center: posterior.center, nBeta: all(100), gamma: all(2) });
    expect(isWithin(await estimate(posterior), wanted)).toBe(false);
  });
});
