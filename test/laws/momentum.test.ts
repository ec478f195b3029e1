/**
 * SGHMC and SGNHT against the stationary laws of their own recursions on Gaussians.
 *
 * SGHMC in a direction of curvature A: ε·p_n = x_{n+1} − x_n makes x an AR(2), φ1 = 1 + a − k, φ2 = −a, a = 1 − f, k = ε²A,
 * noise ε²q with q = 2f + ε²(S − β̂); so Var x = (1/A)·q/(2f)·1/(1 − k/(2(1 + a))). SGNHT with a steady thermostat f holds
 * Var p = 2A·Var x/(1 + a) at 1, so that Var x = (1 − f/2)/A, whatever the noise.
 *
 * Independent chains, |z| < 6: false alarm 2e-9 a check (1,000 chains), 9e-6 (20 chains, Student's t); any seed.
 */
import { describe, expect, it } from "vitest";
import type { Ensemble, RandomAddress, Scalars, Vectors } from "../../src/compute/backend.ts";
import { valuesOf } from "../../src/compute/reference/reference-array.ts";
import { purpose } from "../../src/random/purpose.ts";
import type { Posterior, SamplerRun } from "../../src/samplers/sampler.ts";
import { type SghmcSettings, sghmc } from "../../src/samplers/sghmc.ts";
import { type SgnhtSettings, sgnht } from "../../src/samplers/sgnht.ts";
import { lawSeed } from "../support/law-seed.ts";
import { additiveNoisePosterior, aPosterior, collectDraws, llcChains } from "../support/posteriors.ts";
import { zScore } from "../support/z-score.ts";

const bound = 6;

const withChanges = (inner: Ensemble, changes: Partial<Ensemble>): Ensemble =>
  new Proxy(inner, {
    get: (target, name) => {
      const member: unknown = Reflect.get(name in changes ? changes : target, name);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });

const meanOf = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? Number.NaN;
  return sum / values.length;
};

/** Mean llc of each chain. */
const llcMeans = async (run: SamplerRun, posterior: Posterior): Promise<number[]> =>
  llcChains(await collectDraws(run), posterior).map(meanOf);

const hmcLike: SghmcSettings = {
  steps: 320,
  warmup: 220,
  batchSize: null,
  stepSize: 0.15,
  friction: 0.3,
  evalEvery: 10,
  noiseEstimate: 0,
};

/** λ̂ in one direction. @param noise S − β̂ */
const exactLlc = (
  h: number,
  settings: SghmcSettings,
  { nBeta, gamma, noise = 0 }: Record<string, number>,
): number => {
  const { friction: f, stepSize } = settings;
  const [a, epsilon] = [1 - f, stepSize ?? Number.NaN];
  const precision = (nBeta ?? 0) * h + (gamma ?? 0);
  const widening =
    (2 * f + epsilon ** 2 * noise) / (2 * f) / (1 - (epsilon ** 2 * precision) / (2 * (1 + a)));
  return ((nBeta ?? 0) * h * widening) / precision / 2;
};

describe("SGHMC", () => {
  const curvature = [0.2, 3];
  const [nBeta, gamma] = [10, 1];
  const quadratic = (): Posterior =>
    aPosterior({ seed: lawSeed, model: { kind: "quadratic", curvature }, nBeta, gamma, numChains: 1000 });
  const exact = curvature.reduce((sum, h) => sum + exactLlc(h, hmcLike, { nBeta, gamma }), 0);
  const scoreWith = async (changes: (inner: Ensemble) => Partial<Ensemble>): Promise<number> => {
    const inner = quadratic();
    const posterior = { ...inner, ensemble: withChanges(inner.ensemble, changes(inner.ensemble)) };
    return zScore(await llcMeans(await sghmc.start(posterior, hmcLike), posterior), exact);
  };

  it("has the stationary law of its recursion, and not the one it approximates", async () => {
    expect(await scoreWith(() => ({}))).toBeLessThan(bound);
    const posterior = quadratic();
    const means = await llcMeans(await sghmc.start(posterior, hmcLike), posterior);
    const target = curvature.reduce((sum, h) => sum + (nBeta * h) / (nBeta * h + gamma) / 2, 0);
    expect(zScore(means, target)).toBeGreaterThan(bound);
  });

  it("is seen to fail when its noise is 20 % too large", async () => {
    const score = await scoreWith((inner) => ({
      normal: (address: RandomAddress, out: Vectors) => {
        inner.normal(address, out);
        const values = valuesOf(out);
        if (address.purpose === purpose.langevinNoise) values.forEach((z, i) => (values[i] = 1.2 * z));
      },
    }));
    expect(score).toBeGreaterThan(bound);
  });

  it("is seen to fail when it follows the gradient of another step size", async () => {
    const score = await scoreWith((inner) => ({
      lossAndGradient: (position: Vectors, loss: Scalars, gradient: Vectors) => {
        inner.lossAndGradient(position, loss, gradient);
        const values = valuesOf(gradient);
        values.forEach((g, i) => (values[i] = 1.15 * g));
      },
    }));
    expect(score).toBeGreaterThan(bound);
  });

  it.each([
    ["widens by the noise of minibatches", 0],
    ["takes out what noise_estimate says", 1],
  ])("%s", async (_, share) => {
    const options = { nBeta: 3, gamma: 1, numChains: 1000, seed: lawSeed };
    const { posterior, noiseVariance } = additiveNoisePosterior(options);
    const noise = 9 * noiseVariance(2);
    const settings = { ...hmcLike, batchSize: 2, noiseEstimate: share * noise };
    const run = await sghmc.start(posterior, settings);
    const means = await llcMeans(run, posterior);
    const expected = (left: number): number =>
      exactLlc(2, settings, { nBeta: 3, gamma: 1, noise: left * noise });
    expect(zScore(means, expected(1 - share))).toBeLessThan(bound);
    expect(zScore(means, expected(share))).toBeGreaterThan(bound);
  });

  it("measures what widens it, and says so", async () => {
    const { posterior, noiseVariance } = additiveNoisePosterior({ nBeta: 3, gamma: 1, numChains: 400 });
    const settings = { ...hmcLike, batchSize: 2 };
    const run = await sghmc.start(posterior, settings);
    await collectDraws(run);
    const ratio = (0.15 ** 2 * 9 * noiseVariance(2)) / (2 * 0.3);
    expect((run.tuned["noise_ratio_mean"] ?? 0) / ratio).toBeGreaterThan(0.9);
    expect((run.tuned["noise_ratio_mean"] ?? 0) / ratio).toBeLessThan(1.1);
    expect(run.tuned["curvature_max"]).toBeCloseTo(7, 6);
    expect(run.tuned["step_curvature"]).toBeCloseTo((2 * 0.15 ** 2 * 7) / 1.7, 6);
    expect(run.warnings.join(" ")).toContain("minibatch noise makes variances");
  });

  it("says so from 1 % in the stiffest direction on, as sgld does", async () => {
    for (const [stepCurvature, isTold] of [
      [0.04, false],
      [0.042, true],
    ] as const) {
      const stepSize = Math.sqrt((stepCurvature * 1.7) / (2 * 31));
      const run = await sghmc.start(quadratic(), { ...hmcLike, stepSize });
      await collectDraws(run);
      expect(run.warnings.length > 0).toBe(isTold);
    }
  });

  it("chooses a step size that widens the stiffest direction by 0.5 %", async () => {
    const run = await sghmc.start(quadratic(), { ...hmcLike, stepSize: null });
    await run.warmup(0);
    expect(run.tuned["step_curvature"]).toBeCloseTo(0.02, 4);
    expect(run.warnings).toEqual([]);
  });
});

describe("SGNHT in 400 equal directions", () => {
  const dim = 400;
  const [nBeta, gamma, h] = [10, 1, 1];
  const precision = nBeta * h + gamma;
  const settings: SgnhtSettings = {
    steps: 2500,
    warmup: 1500,
    batchSize: null,
    stepSize: 0.08,
    friction: 0.1,
    evalEvery: 20,
  };
  const noise = 6;

  /** Gradients of L with noise of variance S/nβ² in every direction. */
  const noisy = (inner: Ensemble): Partial<Ensemble> => {
    let step = 0;
    const added = inner.vectors();
    return {
      lossAndGradient: (position: Vectors, loss: Scalars, gradient: Vectors) => {
        inner.lossAndGradient(position, loss, gradient);
        inner.normal({ purpose: purpose.noise, step: step++ }, added);
        inner.axpy(new Float64Array(inner.numChains).fill(Math.sqrt(noise) / nBeta), added, gradient);
      },
    };
  };
  const posteriorWith = (changes: (inner: Ensemble) => Partial<Ensemble>): Posterior => {
    const curvature = Array.from({ length: dim }, () => h);
    const model = { kind: "quadratic", curvature } as const;
    const inner = aPosterior({ seed: lawSeed, model, nBeta, gamma, numChains: 20, startScale: 0.3 });
    return { ...inner, ensemble: withChanges(inner.ensemble, changes(inner.ensemble)) };
  };

  /** z of λ̂ − (d/2)·(nβh/A)·(1 − f/2), f the mean thermostat of the chain itself. */
  const scoreOf = async (
    changes: (inner: Ensemble) => Partial<Ensemble>,
  ): Promise<{ score: number; thermostat: number }> => {
    const posterior = posteriorWith(changes);
    const draws = await collectDraws(await sgnht.start(posterior, settings));
    const llc = llcChains(draws, posterior).map(meanOf);
    const thermostats = llc.map((_, chain) =>
      meanOf(draws.map(({ statistics }) => statistics["thermostat"]?.[chain] ?? Number.NaN)),
    );
    const expected = ((dim / 2) * nBeta * h) / precision;
    const errors = llc.map((value, chain) => value - expected * (1 - (thermostats[chain] ?? Number.NaN) / 2));
    return { score: zScore(errors, 0), thermostat: meanOf(thermostats) };
  };

  it("is as wide as its thermostat says, which without noise is about the friction it began with", async () => {
    const { score, thermostat } = await scoreOf(() => ({}));
    expect(score).toBeLessThan(bound);
    expect(thermostat).toBeGreaterThan(0.09);
    expect(thermostat).toBeLessThan(0.12);
  });

  it("takes gradient noise out by more friction, where SGHMC is too wide", async () => {
    const { score, thermostat } = await scoreOf(noisy);
    expect(score).toBeLessThan(bound);
    // Friction (2f + ε²S)/2 balances the noise.
    expect(thermostat).toBeGreaterThan(0.95 * (0.1 + (0.08 ** 2 * noise) / 2));
    const posterior = posteriorWith(noisy);
    const run = await sghmc.start(posterior, { ...settings, noiseEstimate: 0 });
    const quiet = dim * exactLlc(h, { ...settings, noiseEstimate: 0 }, { nBeta, gamma });
    expect(zScore(await llcMeans(run, posterior), quiet)).toBeGreaterThan(bound);
  });

  it("is seen to fail when the thermostat misreads the kinetic energy by 5 %", async () => {
    const { score } = await scoreOf((inner) => ({
      dot: (x: Vectors, y: Vectors, out: Scalars) => {
        inner.dot(x, y, out);
        const values = valuesOf(out);
        values.forEach((value, i) => (values[i] = 1.05 * value));
      },
    }));
    expect(score).toBeGreaterThan(bound);
  });
});
