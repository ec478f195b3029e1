/**
 * SGLD against the exact stationary law of its own recursion, bias of step size and minibatch included.
 *
 * Every bound is 5 standard errors (false alarm 6e-7 a check, about 20 checks); seeds are fixed, bounds hold for any.
 * The bias is made large enough that the law without it is refused: the tests would see a wrong factor in drift or noise.
 */
import { describe, expect, it } from "vitest";
import { essMean } from "../../src/analysis/ess.ts";
import { mcseMean } from "../../src/analysis/mcse.ts";
import { mean, pool } from "../../src/analysis/moments.ts";
import type { Posterior, Snapshot } from "../../src/samplers/sampler.ts";
import type { SgldSettings } from "../../src/samplers/sgld.ts";
import { sgld } from "../../src/samplers/sgld.ts";
import { lawSeed } from "../support/law-seed.ts";
import { additiveNoisePosterior, aPosterior, collectDraws, llcChains } from "../support/posteriors.ts";

const bound = 5;
const curvature = [1, 4, 25];
const nBeta = 10;
const gamma = 1;

const settings: SgldSettings & { readonly stepSize: number } = {
  steps: 60_000,
  warmup: 3_000,
  batchSize: null,
  stepSize: 4e-3,
  precond: "none",
  beta1: 0.9,
  beta2: 0.99,
  eps: 1e-3,
  biasCorrection: true,
  initialSecondMoment: 1,
  evalEvery: 10,
  freezePreconditioner: true,
  schedule: "constant",
};

const sample = async (posterior: Posterior, changes: Partial<SgldSettings> = {}) => {
  const run = await sgld.start(posterior, { ...settings, ...changes });
  const draws = await collectDraws(run);
  return { run, chains: llcChains(draws, posterior), snapshot: await run.snapshot() };
};

const quadraticPosterior = (): Posterior =>
  aPosterior({ seed: lawSeed, nBeta, gamma, startScale: 0.3, numChains: 8 });

/** Stationary variance of w ← w − κ(nβ·m + γw) + √(2κ)z, m ← b1·m + (1 − b1)·h·w (before w moves), by iteration. */
const stationaryVariance = (h: number, kappa: number, beta1: number): number => {
  // State (w, m); the new m enters the drift of the same step.
  const a = [1 - kappa * (nBeta * (1 - beta1) * h + gamma), -kappa * nBeta * beta1];
  const b = [(1 - beta1) * h, beta1];
  let [ww, wm, mm] = [0, 0, 0];
  for (let k = 0; k < 200_000; k++) {
    const [a0 = 0, a1 = 0] = a;
    const [b0 = 0, b1 = 0] = b;
    const next = [
      a0 * a0 * ww + 2 * a0 * a1 * wm + a1 * a1 * mm + 2 * kappa,
      a0 * b0 * ww + (a0 * b1 + a1 * b0) * wm + a1 * b1 * mm,
      b0 * b0 * ww + 2 * b0 * b1 * wm + b1 * b1 * mm,
    ];
    const [nextWw = 0, nextWm = 0, nextMm = 0] = next;
    const isDone = Math.abs(nextWw - ww) < 1e-16;
    [ww, wm, mm] = [nextWw, nextWm, nextMm];
    if (isDone) break;
  }
  return ww;
};

/** nβ·E[L] of one chain whose coordinate i has preconditioner P_i. */
const discretisedLlc = (preconditioner: ArrayLike<number>, beta1: number): number =>
  curvature.reduce((sum, h, i) => {
    const kappa = (settings.stepSize * (preconditioner[i] ?? Number.NaN)) / 2;
    return sum + (nBeta * h * stationaryVariance(h, kappa, beta1)) / 2;
  }, 0);

/** z of the mean over chains of λ̂ − expected. */
const deviation = (chains: readonly Float64Array[], expected: readonly number[]): number => {
  const centred = chains.map((chain, c) => chain.map((value) => value - (expected[c] ?? Number.NaN)));
  expect(essMean(centred)).toBeGreaterThan(400);
  return Math.abs(mean(pool(centred))) / mcseMean(centred);
};

/** P of each chain from the frozen v of a snapshot. */
const frozenPreconditioners = (snapshot: Snapshot): Float64Array[] => {
  const v = snapshot["secondMoment"] as Float64Array;
  const p = v.map((value) => 1 / (Math.sqrt(value) + settings.eps));
  return Array.from({ length: p.length / 3 }, (_, chain) => p.subarray(3 * chain, 3 * chain + 3));
};

describe("SGLD on a quadratic", () => {
  it("has the discretised law ½·Σ (nβh/A)/(1 − εA/4), and not the posterior's", async () => {
    const { chains } = await sample(quadraticPosterior());
    const exact = curvature.map((h) => {
      const a = nBeta * h + gamma;
      return (nBeta * h) / a / (1 - (settings.stepSize * a) / 4) / 2;
    });
    const expected = exact.reduce((sum, value) => sum + value, 0);
    expect(discretisedLlc([1, 1, 1], 0)).toBeCloseTo(expected, 9);
    expect(
      deviation(
        chains,
        chains.map(() => expected),
      ),
    ).toBeLessThan(bound);
    const posteriorLlc = curvature.reduce((sum, h) => sum + (nBeta * h) / (nBeta * h + gamma) / 2, 0);
    expect(
      deviation(
        chains,
        chains.map(() => posteriorLlc),
      ),
    ).toBeGreaterThan(bound);
  });

  it("has the law of each chain's frozen preconditioner with rmsprop", async () => {
    const { chains, snapshot } = await sample(quadraticPosterior(), { precond: "rmsprop" });
    const expected = frozenPreconditioners(snapshot).map((p) => discretisedLlc(p, 0));
    expect(deviation(chains, expected)).toBeLessThan(bound);
  });

  it("has the law of the lagged recursion with adam, and not that of rmsprop", async () => {
    const { chains, snapshot } = await sample(quadraticPosterior(), { precond: "adam", stepSize: 4e-3 });
    const preconditioners = frozenPreconditioners(snapshot);
    expect(
      deviation(
        chains,
        preconditioners.map((p) => discretisedLlc(p, settings.beta1)),
      ),
    ).toBeLessThan(bound);
    expect(
      deviation(
        chains,
        preconditioners.map((p) => discretisedLlc(p, 0)),
      ),
    ).toBeGreaterThan(bound);
  });

  it("is seen to fail with steps 1.5 times as large", async () => {
    const { chains } = await sample(quadraticPosterior(), { stepSize: 1.5 * settings.stepSize });
    const expected = discretisedLlc([1, 1, 1], 0);
    expect(
      deviation(
        chains,
        chains.map(() => expected),
      ),
    ).toBeGreaterThan(bound);
  });

  it("is seen to fail with a drift of ε instead of ε/2", async () => {
    const posterior = quadraticPosterior();
    const doubled = (value: number): Float64Array => new Float64Array(8).fill(2 * value);
    posterior.ensemble.setPotential({
      center: posterior.center,
      nBeta: doubled(nBeta),
      gamma: doubled(gamma),
    });
    const { chains } = await sample(posterior);
    const expected = discretisedLlc([1, 1, 1], 0);
    expect(
      deviation(
        chains,
        chains.map(() => expected),
      ),
    ).toBeGreaterThan(bound);
  });
});

describe("SGLD with minibatches", () => {
  it("has variances larger by 1 + ε(nβ)²Var(g)/4 where gradient noise is additive", async () => {
    const { posterior, noiseVariance } = additiveNoisePosterior({
      nBeta,
      gamma,
      numChains: 8,
      startScale: 0.3,
    });
    const [stepSize, batchSize] = [1e-2, 2];
    const { chains, run } = await sample(posterior, { stepSize, batchSize });
    const a = 2 * nBeta + gamma;
    const ratio = (stepSize * nBeta ** 2 * noiseVariance(batchSize)) / 4;
    const expected = (((2 * nBeta) / a) * (1 + ratio)) / (1 - (stepSize * a) / 4) / 2;
    expect(ratio).toBeGreaterThan(0.1);
    expect(
      deviation(
        chains,
        chains.map(() => expected),
      ),
    ).toBeLessThan(bound);
    expect(
      deviation(
        chains,
        chains.map(() => expected / (1 + ratio)),
      ),
    ).toBeGreaterThan(bound);
    expect(run.warnings.join(" ")).toContain("minibatch noise");
  });

  it("has the same mean when a draw is evaluated on a minibatch, with common random numbers", async () => {
    const options = { nBeta, gamma, numChains: 8, startScale: 0.3 };
    const { posterior, noiseVariance } = additiveNoisePosterior(options);
    const [stepSize, batchSize] = [1e-2, 2];
    const { chains } = await sample(posterior, { stepSize, batchSize, evaluation: "batch" });
    const a = 2 * nBeta + gamma;
    const ratio = (stepSize * nBeta ** 2 * noiseVariance(batchSize)) / 4;
    const expected = (((2 * nBeta) / a) * (1 + ratio)) / (1 - (stepSize * a) / 4) / 2;
    const scores = chains.map(() => expected);
    expect(deviation(chains, scores)).toBeLessThan(bound);
  });
});
