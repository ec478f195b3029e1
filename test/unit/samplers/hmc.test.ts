/** HMC as a run: what adapts when, lengths, thinning, chains alone and together. */
import { describe, expect, it } from "vitest";
import type { HmcSettings } from "../../../src/samplers/hmc.ts";
import { hmc } from "../../../src/samplers/hmc.ts";
import type { DrawRecord, Posterior } from "../../../src/samplers/sampler.ts";
import { aPosterior, collectDraws } from "../../support/posteriors.ts";
import { settingsOf } from "../../support/sampler-settings.ts";

const sample = async (
  changes: Partial<HmcSettings>,
  posterior: Posterior = aPosterior(),
): Promise<{ draws: DrawRecord[]; stepSize: number }> => {
  const run = await hmc.start(posterior, { ...settingsOf("hmc"), ...changes });
  const draws = await collectDraws(run);
  return { draws, stepSize: run.tuned["step_size"] ?? Number.NaN };
};

const column = (draws: readonly DrawRecord[], name: string, chain = 0): number[] =>
  draws.map(({ statistics }) => statistics[name]?.[chain] ?? Number.NaN);

describe("hmc", () => {
  it("uses the given step size and unit mass when there is no warmup", async () => {
    const { draws, stepSize } = await sample({ warmup: 0, stepSize: 0.037 });
    expect(stepSize).toBe(0.037);
    expect(column(draws, "step_size")).toEqual(draws.map(() => 0.037));
  });

  it("keeps the given step size when only the mass matrix adapts", async () => {
    const { stepSize } = await sample({ adaptStepSize: false, stepSize: 0.02, warmup: 60 });
    expect(stepSize).toBe(0.02);
  });

  it("keeps unit mass when only the step size adapts", async () => {
    const run = await hmc.start(aPosterior(), { ...settingsOf("hmc"), warmup: 60, adaptMassMatrix: false });
    await collectDraws(run);
    expect(run.tuned).toMatchObject({ inverse_mass_min: 1, inverse_mass_max: 1 });
  });

  it("freezes step size and mass matrix before the first draw", async () => {
    const run = await hmc.start(aPosterior(), { ...settingsOf("hmc"), warmup: 60, draws: 20 });
    for (let index = 0; index < 60; index++) await run.warmup(index);
    const before = run.tuned;
    for (let index = 0; index < 20; index++) await run.draw(index);
    expect(run.tuned).toEqual(before);
  });

  it("finds the same step size from 1e-6 and from 1e3 within a factor of 2", async () => {
    const [small, large] = [
      await sample({ stepSize: 1e-6, warmup: 100 }),
      await sample({ stepSize: 1e3, warmup: 100 }),
    ];
    expect(small.stepSize / large.stepSize).toBeGreaterThan(0.5);
    expect(small.stepSize / large.stepSize).toBeLessThan(2);
  });

  it("draws one length for all chains, anew each time, with the wanted mean", async () => {
    const numDraws = 2000;
    const { draws } = await sample({ draws: numDraws, warmup: 0, numIntegrationSteps: 3.7 });
    const lengths = column(draws, "n_steps");
    for (const { statistics } of draws) expect(new Set(statistics["n_steps"]).size).toBe(1);
    expect([...new Set(lengths)].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    // Fixed seed; for another one: sd of a length is under 2, so 5 sd of the mean are 0.22 (6e-7).
    expect(lengths.reduce((sum, length) => sum + length, 0) / numDraws).toBeCloseTo(3.7, 0);
  });

  it("keeps the length without jitter", async () => {
    const { draws } = await sample({ trajectoryJitter: false, numIntegrationSteps: 3 });
    expect(column(draws, "n_steps")).toEqual([3, 3, 3, 3, 3]);
  });

  it("keeps every k-th transition when thinning by k, and forgets no divergence", async () => {
    const settings = { warmup: 0, stepSize: 0.13 };
    const { draws: all } = await sample({ ...settings, draws: 12, thinning: 1 });
    const { draws: thinned } = await sample({ ...settings, draws: 4, thinning: 3 });
    thinned.forEach(({ loss }, k) => expect(loss).toEqual(all[3 * k + 2]?.loss));
    const sums = [0, 3, 6, 9].map((k) =>
      column(all, "n_steps")
        .slice(k, k + 3)
        .reduce((a, b) => a + b, 0),
    );
    expect(column(thinned, "n_steps")).toEqual(sums);
    const rates = column(all, "acceptance_rate").slice(0, 3);
    expect(thinned[0]?.statistics["acceptance_rate"]?.[0]).toBeCloseTo(
      rates.reduce((a, b) => a + b, 0) / 3,
      14,
    );
    const { draws: divergent } = await sample(
      { warmup: 0, stepSize: 1, thinning: 3 },
      aPosterior({ startScale: 1 }),
    );
    expect(column(divergent, "diverging")).toEqual([1, 1, 1, 1, 1]);
  });

  it("gives a chain the same draws alone and in a batch when nothing adapts", async () => {
    const settings = { warmup: 0, stepSize: 0.1, draws: 20 };
    const { draws: batch } = await sample(settings);
    for (let chain = 0; chain < 4; chain++) {
      const { draws: alone } = await sample(settings, aPosterior({ numChains: 1, firstChain: chain }));
      expect(alone.map(({ loss }) => loss[0])).toEqual(batch.map(({ loss }) => loss[chain]));
      for (const name of hmc.statistics) expect(column(alone, name)).toEqual(column(batch, name, chain));
    }
  });

  it("refuses to begin where the loss is not finite, and says what to change", async () => {
    const run = await hmc.start(aPosterior({ startScale: 1e200 }), settingsOf("hmc"));
    const error = await run.warmup(0).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "NUMERICS",
      message: expect.stringContaining("start_scale") as string,
    });
  });
});
