/**
 * The flow of `vi`: finds Gaussians, bends to a banana where factor analysers cannot, and is wrong with a sign turned.
 *
 * Where q can be the posterior, gradients vanish at the optimum, so tolerances are those of the optimiser, and stated.
 */
import { describe, expect, it } from "vitest";
import { paretoK } from "../../src/analysis/pareto-k.ts";
import type { DrawRecord, Posterior, SamplerRun } from "../../src/samplers/sampler.ts";
import type { ViSettings } from "../../src/samplers/variational/vi-settings.ts";
import { vi } from "../../src/samplers/vi.ts";
import { aDensityPosterior, type Density } from "../support/density-ensemble.ts";
import { brokenBy } from "../support/laws/breakages.ts";
import { aPosterior, collectDraws, exactQuadraticLlc, llcChains } from "../support/posteriors.ts";
import { settingsOf } from "../support/sampler-settings.ts";

const settings: ViSettings = {
  ...settingsOf("vi"),
  algo: "flow",
  steps: 1500,
  batchSize: null,
  lr: 0.01,
  lrSchedule: "cosine",
  clipGlobalNorm: null,
  evalEvery: 25,
  evalSamples: 400,
  dLatent: 8,
  sigmaPerp: 1e-3,
  flowDepth: 4,
  flowHidden: [16],
};

interface Result {
  readonly run: SamplerRun;
  readonly draws: readonly DrawRecord[];
  readonly ess: number;
  readonly logWeights: Float64Array;
}

const fitTo = async (posterior: Posterior, overrides: Partial<ViSettings> = {}): Promise<Result> => {
  const run = await vi.start(posterior, { ...settings, ...overrides });
  const draws = await collectDraws(run);
  const logWeights = Float64Array.from(draws.flatMap(({ statistics }) => [...statistics["log_weight"]!]));
  return { run, draws, logWeights, ess: run.tuned["importance_ess"]! / logWeights.length };
};

const llcOf = ({ draws }: Result, posterior: Posterior): number => {
  const all = llcChains(draws, posterior).flatMap((chain) => [...chain]);
  return all.reduce((sum, value) => sum + value, 0) / all.length;
};

/** Precision 2 on the diagonal, 1.8 beside it: correlation about 0.9 between neighbours. */
const correlated: Density = {
  dim: 4,
  potential: (w, gradient) => {
    let sum = 0;
    for (let i = 0; i < 4; i++) {
      const beside = (w[i - 1] ?? 0) + (w[i + 1] ?? 0);
      const slope = 2 * w[i]! - 0.9 * beside;
      if (gradient !== null) gradient[i] = slope;
      sum += 0.5 * w[i]! * slope;
    }
    return sum;
  },
};

/** y is bent along x²: no Gaussian comes near. */
const banana: Density = {
  dim: 2,
  potential: ([x = 0, y = 0], gradient) => {
    const rest = (y - x * x + 1) / 0.5;
    gradient?.set([x - 4 * x * rest, 2 * rest]);
    return x ** 2 / 2 + rest ** 2 / 2;
  },
};

describe("the flow of vi", () => {
  it("finds a Gaussian with independent coordinates, and its λ̂", async () => {
    const posterior = aPosterior({ numChains: 2 });
    const result = await fitTo(posterior);
    const exact = exactQuadraticLlc([1, 4, 25], 10, 1);
    // 800 draws of λ̂, whose variance is about λ̂: 5 standard errors.
    expect(Math.abs(llcOf(result, posterior) - exact)).toBeLessThan(5 * Math.sqrt(exact / 800));
    expect(result.ess).toBeGreaterThan(0.99);
    expect(result.run.warnings).toEqual([]);
  });

  it("finds a correlated Gaussian", async () => {
    const { ess, logWeights, run } = await fitTo(aDensityPosterior(correlated, { numChains: 2, seed: 5 }));
    expect(ess).toBeGreaterThan(0.97);
    expect(paretoK(logWeights)).toBeLessThan(0.7);
    expect(run.tuned["latent_dim"]).toBe(4);
  });

  it("comes nearer to a banana than a factor analyser", async () => {
    const posterior = (): Posterior => aDensityPosterior(banana, { numChains: 2, seed: 5 });
    const flow = await fitTo(posterior(), { steps: 2500, lr: 0.005, samplesPerStep: 4 });
    const single = await fitTo(posterior(), { algo: "mfa", M: 1, r: 1, steps: 2500 });
    // log ∫π = log(2π·0.5): what the ELBO can reach.
    const evidence = Math.log(Math.PI);
    // Seen: −0.05 and 0.88 of the draws; a factor analyser −1.66 and 0.15.
    expect(flow.run.tuned["elbo"]! - evidence).toBeGreaterThan(-0.3);
    expect(single.run.tuned["elbo"]! - evidence).toBeLessThan(-1);
    expect(flow.ess).toBeGreaterThan(0.5);
    expect(flow.ess).toBeGreaterThan(2 * single.ess);
  });

  it("says that it is a subspace estimate, and gives the λ̂ of the subspace", async () => {
    // Curvature alike in all directions: every slice of 3 dimensions has λ̂ = ½·3·nβh/(nβh + γ).
    const model = { kind: "quadratic", curvature: Array.from({ length: 20 }, () => 4) } as const;
    const posterior = aPosterior({ model, numChains: 2 });
    const result = await fitTo(posterior, { dLatent: 3 });
    expect(result.run.warnings.join()).toMatch(
      /a subspace estimate: the flow moves 3 random directions of 20/,
    );
    const slice = exactQuadraticLlc([4, 4, 4], 10, 1);
    expect(Math.abs(llcOf(result, posterior) - slice)).toBeLessThan(5 * Math.sqrt(slice / 800));
  });

  it("is wrong with the sign of the loss's gradient turned", async () => {
    const result = await fitTo(
      brokenBy("descends gradients of the wrong sign", aPosterior({ numChains: 2 })),
      {
        steps: 300,
      },
    );
    expect(result.ess).toBeLessThan(0.5);
  });

  it("counts a gradient a step and a loss a draw", async () => {
    const posterior = aPosterior({ numChains: 2 });
    const run = await vi.start(posterior, { ...settings, steps: 30, samplesPerStep: 3, evalSamples: 7 });
    await collectDraws(run);
    // 10 points, 2 chains; 2 gradients for the scale.
    const gradients = 2 * 10 * (2 + 30 * 3);
    expect(run.work).toEqual({ gradients, warmupGradients: gradients, losses: 2 * 10 * 7 });
  });
});
