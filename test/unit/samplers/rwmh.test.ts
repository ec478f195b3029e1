/** Random-walk Metropolis: golden acceptance, shapes of the walk, adaptation, cost. */
import { describe, expect, it } from "vitest";
import { purpose } from "../../../src/random/purpose.ts";
import { type RwmhSettings, rwmh } from "../../../src/samplers/rwmh.ts";
import type { Posterior } from "../../../src/samplers/sampler.ts";
import { aPosterior, collectDraws } from "../../support/posteriors.ts";
import { settingsOf } from "../../support/sampler-settings.ts";
import { withNormals } from "../../support/with-normals.ts";

const fixed: RwmhSettings = { ...settingsOf("rwmh"), warmup: 0, thinning: 1, draws: 1, stepSize: 1 };

/** U = ½‖w‖² in two dimensions, one chain that starts at `from` and whose noise is `z`. */
const posteriorAt = (from: number[], z: number[]): Posterior => {
  const model = { kind: "quadratic", curvature: [1, 1] } as const;
  const inner = aPosterior({ model, nBeta: 0.5, gamma: 0.5, numChains: 1, startScale: 1 });
  return {
    ...inner,
    ensemble: withNormals(inner.ensemble, { [purpose.start]: from, [purpose.momentum]: z }),
  };
};

describe("acceptance", () => {
  it.each([
    ["uphill, ΔU = 1.25", [1, 1], [0.5, 0.5], Math.exp(-1.25)],
    ["downhill", [1, 1], [-0.5, -0.5], 1],
  ])("is min(1, e^−ΔU): %s", async (_, from, z, rate) => {
    const run = await rwmh.start(posteriorAt(from, z), fixed);
    const { statistics } = await run.draw(0);
    expect(statistics["acceptance_rate"]?.[0]).toBeCloseTo(rate, 12);
  });

  it("is 0 for a proposal whose loss is not finite, and the chain stays", async () => {
    const run = await rwmh.start(posteriorAt([1, 1], [1, 1]), { ...fixed, stepSize: 1e200 });
    const { loss, statistics } = await run.draw(0);
    expect(statistics["acceptance_rate"]?.[0]).toBe(0);
    expect(loss[0]).toBe(1);
  });
});

describe("rwmh", () => {
  it("spends losses only, one a transition and one at the start", async () => {
    const run = await rwmh.start(aPosterior(), { ...fixed, draws: 6, thinning: 5, stepSize: 0.1 });
    await collectDraws(run);
    expect(run.work).toEqual({ gradients: 0, warmupGradients: 0, losses: (6 * 5 + 1) * 4 * 10 });
  });

  it("walks by 2.38/√d where nothing is said and nothing adapts", async () => {
    const run = await rwmh.start(aPosterior(), { ...fixed, stepSize: null });
    await collectDraws(run);
    expect(run.tuned["step_size"]).toBe(2.38 / Math.sqrt(3));
  });

  it.each(["diagonal", "dense"] as const)(
    "learns a %s covariance and accepts as wanted",
    async (covariance) => {
      const run = await rwmh.start(aPosterior({ numChains: 8 }), {
        ...settingsOf("rwmh"),
        covariance,
        warmup: 1500,
        draws: 300,
      });
      const draws = await collectDraws(run);
      const rates = draws.flatMap(({ statistics }) => [...(statistics["acceptance_rate"] ?? [])]);
      const rate = rates.reduce((sum, value) => sum + value, 0) / rates.length;
      expect(rate).toBeGreaterThan(0.16);
      expect(rate).toBeLessThan(0.32);
      // Variances 1/11 and 1/251 from windows of many hundred correlated positions.
      expect((run.tuned["scale_max"] ?? 0) * Math.sqrt(11)).toBeGreaterThan(0.7);
      expect((run.tuned["scale_max"] ?? 0) * Math.sqrt(11)).toBeLessThan(1.4);
      expect((run.tuned["scale_min"] ?? 0) * Math.sqrt(251)).toBeGreaterThan(0.7);
      expect((run.tuned["scale_min"] ?? 0) * Math.sqrt(251)).toBeLessThan(1.4);
    },
  );

  it("aims at 0.44 with one parameter", async () => {
    const model = { kind: "quadratic", curvature: [1] } as const;
    const run = await rwmh.start(aPosterior({ model, numChains: 8 }), {
      ...settingsOf("rwmh"),
      warmup: 400,
      draws: 200,
    });
    const rates = (await collectDraws(run)).flatMap(({ statistics }) => [
      ...(statistics["acceptance_rate"] ?? []),
    ]);
    const rate = rates.reduce((sum, value) => sum + value, 0) / rates.length;
    expect(rate).toBeGreaterThan(0.36);
    expect(rate).toBeLessThan(0.52);
  });

  it("freezes scale and shape before the first draw", async () => {
    const run = await rwmh.start(aPosterior(), { ...settingsOf("rwmh"), warmup: 60, draws: 10 });
    for (let index = 0; index < 60; index++) await run.warmup(index);
    const before = run.tuned;
    for (let index = 0; index < 10; index++) await run.draw(index);
    expect(run.tuned).toEqual(before);
  });

  it("refuses a dense covariance of too many parameters before it starts", async () => {
    const model = { kind: "quadratic", curvature: Array.from({ length: 501 }, () => 1) } as const;
    const start = rwmh.start(aPosterior({ model }), { ...fixed, covariance: "dense" });
    await expect(start).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("gives a chain the same draws alone and in a batch when nothing adapts", async () => {
    const settings = { ...fixed, draws: 20, stepSize: 0.1 };
    const batch = await collectDraws(await rwmh.start(aPosterior(), settings));
    const alone = await collectDraws(await rwmh.start(aPosterior({ numChains: 1, firstChain: 2 }), settings));
    expect(alone.map(({ loss }) => loss[0])).toEqual(batch.map(({ loss }) => loss[2]));
  });
});
