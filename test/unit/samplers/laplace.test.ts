/** The Laplace approximation: exact where the loss is quadratic, open about what it leaves out elsewhere. */
import { describe, expect, it } from "vitest";
import { importanceMean } from "../../../src/analysis/importance.ts";
import { paretoK } from "../../../src/analysis/pareto-k.ts";
import type { LaplaceSettings } from "../../../src/samplers/curvature/laplace-settings.ts";
import { laplace } from "../../../src/samplers/laplace.ts";
import type { DrawRecord, Posterior, SamplerRun } from "../../../src/samplers/sampler.ts";
import { aDensityPosterior, type Density } from "../../support/density-ensemble.ts";
import {
  aNetworkPosterior,
  aPosterior,
  collectDraws,
  exactQuadraticLlc,
  llcChains,
} from "../../support/posteriors.ts";
import { settingsOf } from "../../support/sampler-settings.ts";
import { zScore } from "../../support/z-score.ts";

const settings: LaplaceSettings = settingsOf("laplace");
const curvature = [1, 4, 25];

const runOf = async (
  posterior: Posterior,
  overrides: Partial<LaplaceSettings> = {},
): Promise<{ run: SamplerRun; draws: DrawRecord[] }> => {
  const run = await laplace.start(posterior, { ...settings, ...overrides });
  return { run, draws: await collectDraws(run) };
};

const valuesOf = (draws: readonly DrawRecord[], statistic: string): number[] =>
  draws.flatMap(({ statistics }) => [...statistics[statistic]!]);

/** U = ½wᵀPw with P = R·diag(p)·Rᵀ + 0.1·I in five dimensions. */
const correlated: Density = {
  dim: 5,
  potential: (w, gradient) => {
    const sum = w.reduce((total, value) => total + value, 0);
    gradient?.set(w.map((value, i) => 3 * sum + (i + 1) * value));
    return (3 * sum * sum + w.reduce((total, value, i) => total + (i + 1) * value * value, 0)) / 2;
  },
};

describe("laplace on a quadratic", () => {
  it.each(["dense", "diagonal", "low_rank"] as const)(
    "is the posterior: all weights are its evidence, %s",
    async (hessian) => {
      const { run, draws } = await runOf(aPosterior(), { hessian, draws: 50 });
      // log ∫ π = ½Σ log(2π/(nβh + γ)) for nβ 10, γ 1, h = 1, 4, 25.
      const evidence = [11, 41, 251].reduce((sum, p) => sum + Math.log((2 * Math.PI) / p) / 2, 0);
      for (const weight of valuesOf(draws, "log_weight")) expect(weight).toBeCloseTo(evidence, 8);
      expect(run.tuned["laplace_llc"]).toBeCloseTo(exactQuadraticLlc(curvature, 10, 1), 9);
      expect(run.tuned["importance_ess"]).toBeCloseTo(200, 4);
      expect(run.tuned["negative_curvatures"]).toBe(0);
    },
  );

  it("draws what it says: λ̂ of the draws is the closed form", async () => {
    const posterior = aPosterior();
    const { run, draws } = await runOf(posterior, { draws: 2000 });
    const llc = llcChains(draws, posterior).flatMap((chain) => [...chain]);
    expect(zScore(llc, run.tuned["laplace_llc"]!)).toBeLessThan(5);
  });

  it("resolves correlations by the dense Hessian, and by as many directions as there are", async () => {
    for (const overrides of [{}, { hessian: "low_rank", rank: 5 }] as const) {
      const posterior = aDensityPosterior(correlated, { numChains: 3, seed: 5 });
      const { run, draws } = await runOf(posterior, { ...overrides, draws: 40 });
      const weights = valuesOf(draws, "log_weight");
      for (const weight of weights) expect(weight).toBeCloseTo(weights[0]!, 7);
      expect(run.warnings).toEqual([]);
    }
  });

  it.each([3, 5, 8])(
    "keeps all of a space in which the loss is flat along most directions, rank %i",
    async (rank) => {
      // H maps every start to a plane: what it leaves of a third direction and more is rounding.
      const model = { kind: "quadratic", curvature: [5, 0, 0, 3, 0, 0] } as const;
      const { draws } = await runOf(aPosterior({ model }), { hessian: "low_rank", rank, draws: 50 });
      const evidence = [51, 31, 1, 1, 1, 1].reduce((sum, p) => sum + Math.log((2 * Math.PI) / p) / 2, 0);
      for (const weight of valuesOf(draws, "log_weight")) expect(weight).toBeCloseTo(evidence, 6);
    },
  );

  it("loses them with the diagonal alone, and says so", async () => {
    const posterior = aDensityPosterior(correlated, { numChains: 3, seed: 5 });
    const { run, draws } = await runOf(posterior, { hessian: "diagonal", probes: 400, draws: 400 });
    expect(run.warnings.join()).toMatch(/only the diagonal of the Hessian is used/);
    expect(run.tuned["importance_ess"]!).toBeLessThan(0.9 * draws.length * 3);
  });

  it("gives directions beyond its rank their mean curvature, and says so", async () => {
    // 4 stiff directions and 60 alike: leading ones found, the rest exact in the mean.
    const stiff = Array.from({ length: 64 }, (_, i) => (i < 4 ? 1000 : 2));
    const { run, draws } = await runOf(aPosterior({ model: { kind: "quadratic", curvature: stiff } }), {
      hessian: "low_rank",
      rank: 8,
      probes: 4,
    });
    expect(run.tuned["laplace_llc"]).toBeCloseTo(exactQuadraticLlc(stiff, 10, 1), 6);
    const weights = valuesOf(draws, "log_weight");
    // Two multiplications leave (2/1000)² of the rest in the leading directions.
    for (const weight of weights) expect(weight).toBeCloseTo(weights[0]!, 2);
    expect(run.warnings.join()).toMatch(/only the leading curvatures of 64 are resolved/);
  });
});

describe("laplace", () => {
  it("is the same whatever the number of chains that find the Hessian", async () => {
    for (const hessian of ["dense", "low_rank", "diagonal"] as const) {
      const llcOf = async (numChains: number): Promise<number | undefined> =>
        (await runOf(aNetworkPosterior({ numChains }), { hessian })).run.tuned["laplace_llc"];
      expect(await llcOf(3)).toBe(await llcOf(1));
    }
  });

  // 23 points, 3 chains, 29 weights: ⌈29/3⌉ units of two gradients; low rank 3·⌈4/3⌉ + ⌈5/3⌉; diagonal ⌈5/3⌉.
  it.each([
    ["dense", 10],
    ["low_rank", 8],
    ["diagonal", 2],
  ] as const)("counts two gradients a unit and a loss a draw: %s", async (hessian, units) => {
    const { run } = await runOf(aNetworkPosterior({ numChains: 3 }), { hessian, draws: 7 });
    const gradients = 3 * 23 * 2 * units;
    expect(run.work).toEqual({ gradients, warmupGradients: gradients, losses: 3 * 23 * 7 });
  });

  it("counts negative curvature as 0, with gamma as the only bound, and says so", async () => {
    const saddle: Density = {
      dim: 2,
      potential: ([x = 0, y = 0], gradient) => {
        gradient?.set([4 * x, -y]);
        return 2 * x * x - (y * y) / 2;
      },
    };
    const inner = aDensityPosterior(saddle, { numChains: 2, seed: 5 });
    const posterior = { ...inner, gamma: 3 };
    const { run } = await runOf(posterior);
    expect(run.tuned["negative_curvatures"]).toBe(1);
    expect(run.tuned["curvature_min"]).toBeCloseTo(-1, 6);
    expect(run.tuned["laplace_llc"]).toBeCloseTo(4 / (2 * 7), 6);
    expect(run.warnings.join()).toMatch(/1 curvature\(s\) of the loss at w\* are negative, down to -1\.0/);
  });

  it("refuses a flat direction without a localiser, as NUMERICS", async () => {
    const flat = aPosterior({ model: { kind: "quadratic", curvature: [1, 0] }, gamma: 0 });
    await expect(runOf(flat)).rejects.toMatchObject({ code: "NUMERICS" });
  });

  it("refuses a Hessian that is not finite, as NUMERICS", async () => {
    const wall: Density = { dim: 2, potential: (_, gradient) => (gradient?.fill(Number.NaN), Number.NaN) };
    await expect(runOf(aDensityPosterior(wall, { numChains: 2, seed: 5 }))).rejects.toMatchObject({
      code: "NUMERICS",
    });
  });

  it("refuses a dense Hessian beyond max_dense_dim, which auto avoids", async () => {
    const posterior = aPosterior();
    const dense = { ...settings, hessian: "dense", maxDenseDim: 2 } as const;
    await expect(laplace.start(posterior, dense)).rejects.toThrow(
      "laplace.hessian: got dense for 3 parameters; expected at most laplace.max_dense_dim = 2.",
    );
    const { run } = await runOf(posterior, { maxDenseDim: 2, rank: 2 });
    expect(run.warnings.join()).toMatch(/only the leading curvatures of 3/);
  });

  it("is too wide on a normal crossing, which its importance weights tell", async () => {
    // H = 0 at the crossing: q is the localiser's Gaussian. Exact λ̂ of w1²w2² for nβ 100, γ 1: 0.35420.
    const model = { kind: "monomial", coefficient: 1, exponents: [1, 1] } as const;
    const posterior = aPosterior({ model, nBeta: 100 });
    const { run, draws } = await runOf(posterior, { draws: 5000 });
    const llc = llcChains(draws, posterior).flatMap((chain) => [...chain]);
    const mean = llc.reduce((sum, value) => sum + value, 0) / llc.length;
    const weights = Float64Array.from(valuesOf(draws, "log_weight"));
    const weighted = importanceMean(Float64Array.from(draws.flatMap(({ loss }) => [...loss])), weights);
    expect(mean).toBeGreaterThan(50);
    expect(run.tuned["importance_llc"]).toBeCloseTo(100 * weighted.mean, 10);
    expect(Math.abs(run.tuned["importance_llc"]! - 0.3542)).toBeLessThan(5 * 100 * weighted.error);
  });

  it("shows a large Pareto k̂ where the posterior has heavier tails", async () => {
    const heavy: Density = {
      dim: 2,
      potential: (w, gradient) => {
        gradient?.set(w.map((x) => (2 * x) / (1 + x * x)));
        return w.reduce((sum, x) => sum + Math.log(1 + x * x), 0);
      },
    };
    const { draws } = await runOf(aDensityPosterior(heavy, { numChains: 4, seed: 5 }), { draws: 500 });
    expect(paretoK(Float64Array.from(valuesOf(draws, "log_weight")))).toBeGreaterThan(0.7);
  });

  it("marks draws whose loss is not finite", async () => {
    const edge: Density = {
      dim: 1,
      potential: ([x = 0], gradient) => {
        gradient?.set([x]);
        return x > 1 ? Number.NaN : (x * x) / 2;
      },
    };
    const { draws } = await runOf(aDensityPosterior(edge, { numChains: 4, seed: 5 }), { draws: 50 });
    const losses = draws.flatMap(({ loss }) => [...loss]);
    const flags = valuesOf(draws, "diverging");
    expect(flags).toEqual(losses.map((value) => (Number.isFinite(value) ? 0 : 1)));
    expect(flags).toContain(1);
  });
});
