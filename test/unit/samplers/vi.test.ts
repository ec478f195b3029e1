/** VI as a sampler: cost, records, what it says about itself. */
import { describe, expect, it } from "vitest";
import type { ViSettings } from "../../../src/samplers/variational/vi-settings.ts";
import { vi } from "../../../src/samplers/vi.ts";
import { aNetworkPosterior, aPosterior, collectDraws } from "../../support/posteriors.ts";
import { settingsOf } from "../../support/sampler-settings.ts";

const settings: ViSettings = settingsOf("vi");
const quadratic: ViSettings = {
  ...settings,
  M: 1,
  r: 0,
  batchSize: null,
  steps: 600,
  lr: 0.03,
  evalSamples: 50,
};

describe("vi", () => {
  // 23 points, 3 chains, batch 5: 2 full gradients at the start, 500/3 → 167 whitening batches of 5, 40 steps of 2
  // batches, 2·(2·⌈16/3⌉ + ⌈8/3⌉) = 30 full gradients; 32 pilots and 20 draws are losses.
  it("counts whitening, training, curvature and evaluation, warmup apart", async () => {
    const run = await vi.start(aNetworkPosterior({ numChains: 3 }), {
      ...settings,
      whiteningMode: "adam",
      steps: 40,
      samplesPerStep: 2,
      batchSize: 5,
      evalSamples: 20,
    });
    await collectDraws(run);
    const gradients = 3 * (2 * 23 + 167 * 5 + 40 * 2 * 5 + 30 * 23);
    expect(run.work).toEqual({ gradients, warmupGradients: gradients, losses: 3 * 23 * (32 + 20) });
  });

  it("uses all data where the batch would hold as many rows", async () => {
    const posterior = aNetworkPosterior();
    const all = await collectDraws(await vi.start(posterior, { ...settings, batchSize: null }));
    const large = await collectDraws(await vi.start(aNetworkPosterior(), { ...settings, batchSize: 23 }));
    expect(large).toEqual(all);
  });

  it("records weights that are log π − log q: all equal when q is the posterior", async () => {
    const posterior = aPosterior();
    const run = await vi.start(posterior, quadratic);
    const draws = await collectDraws(run);
    const weights = draws.flatMap(({ statistics }) => [...(statistics["log_weight"] ?? [])]);
    // log ∫ π = ½Σ log(2π/(nβh + γ)) for nβ 10, γ 1, h = 1, 4, 25; also the ELBO.
    const evidence = [11, 41, 251].reduce((sum, a) => sum + Math.log((2 * Math.PI) / a) / 2, 0);
    for (const weight of weights) expect(Math.abs(weight - evidence)).toBeLessThan(1e-3);
    expect(run.tuned["elbo"]).toBeCloseTo(evidence, 4);
    expect(run.tuned["importance_ess"]).toBeGreaterThan(0.999 * weights.length);
    draws.forEach(({ statistics }) => {
      statistics["lp"]!.forEach((lp, chain) =>
        expect(lp).toBeLessThanOrEqual(-10 * statistics["raw_loss"]![chain]!),
      );
    });
    expect(run.warnings).toEqual([]);
  });

  it("corrects λ̂ by importance weights where q misses the posterior", async () => {
    // L = w1²w2², γ 1, nβ 100: exact λ̂ 0.35420 (½ + s − s·K1(s)/K0(s), s = γ²/(8nβ)); q gives about twice that.
    const model = { kind: "monomial", coefficient: 1, exponents: [1, 1] } as const;
    const run = await vi.start(aPosterior({ model, nBeta: 100, seed: 3 }), {
      ...settings,
      steps: 1500,
      batchSize: null,
      evalSamples: 2000,
    });
    const draws = await collectDraws(run);
    const mean =
      draws.reduce((sum, { loss }) => sum + (100 * (loss[0]! + loss[1]! + loss[2]! + loss[3]!)) / 4, 0) /
      2000;
    expect(mean).toBeGreaterThan(0.5);
    expect(Math.abs(run.tuned["importance_llc"]! - 0.3542)).toBeLessThan(0.1);
    expect(run.tuned["importance_ess"]).toBeLessThan(0.3 * 8000);
  });

  it("says when a fit is not finished", async () => {
    // 60 flat directions and a stiff one: σ must grow a hundredfold, and 300 steps of 0.005 cannot.
    const curvature = Array.from({ length: 61 }, (_, i) => (i === 0 ? 1e6 : 0));
    const run = await vi.start(aPosterior({ model: { kind: "quadratic", curvature } }), {
      ...quadratic,
      steps: 300,
      lr: 5e-3,
      lrSchedule: null,
      evalEvery: 5,
    });
    await collectDraws(run);
    expect(run.warnings.join()).toMatch(/the ELBO still rose by/);
  });

  it("says when the mixture collapsed to one component", async () => {
    const run = await vi.start(aPosterior(), { ...quadratic, M: 2, r: 1, alphaDirichletPrior: 1e-3 });
    await collectDraws(run);
    expect(run.warnings.join()).toMatch(/the mixture of 2 has collapsed to 1\.0 component/);
  });

  it("narrows q where its draws have no finite loss, and says so", async () => {
    // |w|^600 overflows beyond 3.3, and nothing at w* tells: q starts with σ = 1/√γ = 1,000.
    const model = { kind: "power_sum", coefficient: 1, exponents: [300, 300] } as const;
    const run = await vi.start(aPosterior({ model, gamma: 1e-6 }), { ...quadratic, steps: 300 });
    const draws = await collectDraws(run);
    expect(run.tuned["skipped_samples"]).toBeGreaterThan(4 * 50);
    expect(run.warnings.join()).toMatch(/had no finite loss or gradient/);
    expect(draws.every(({ statistics }) => statistics["diverging"]?.every((value) => value === 0))).toBe(
      true,
    );
  });

  it("keeps a Dirichlet prior's promise: a strong one holds the weights even", async () => {
    const run = await vi.start(aNetworkPosterior(), { ...settings, steps: 200, alphaDirichletPrior: 1e5 });
    await collectDraws(run);
    expect(run.tuned["effective_components"]).toBeGreaterThan(settings.M - 0.01);
  });
});
