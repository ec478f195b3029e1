/** ChEES-HMC: lengths, what is learnt, what it needs. */
import { describe, expect, it } from "vitest";
import { vanDerCorput } from "../../../src/samplers/adaptation/trajectory-time.ts";
import { type CheesSettings, chees } from "../../../src/samplers/chees.ts";
import { aPosterior, collectDraws } from "../../support/posteriors.ts";
import { settingsOf } from "../../support/sampler-settings.ts";

const fixed: CheesSettings = {
  ...settingsOf("chees"),
  warmup: 0,
  draws: 16,
  stepSize: 0.02,
  trajectoryTime: 0.2,
};

describe("chees", () => {
  it("follows ⌈h·T/ε⌉ steps with the Halton number of the transition, the same for all chains", async () => {
    const run = await chees.start(aPosterior(), fixed);
    const draws = await collectDraws(run);
    draws.forEach(({ statistics }, index) => {
      const numSteps = Math.ceil((vanDerCorput(index + 1) * 0.2) / 0.02);
      expect([...(statistics["n_steps"] ?? [])]).toEqual([numSteps, numSteps, numSteps, numSteps]);
    });
    const total = draws.reduce((sum, { statistics }) => sum + (statistics["n_steps"]?.[0] ?? 0), 0);
    expect(run.work).toEqual({ gradients: (total + 1) * 40, warmupGradients: 40, losses: 0 });
  });

  it("makes no more than max_steps steps", async () => {
    const run = await chees.start(aPosterior(), { ...fixed, trajectoryTime: 100, maxSteps: 7 });
    const lengths = (await collectDraws(run)).map(({ statistics }) => statistics["n_steps"]?.[0]);
    expect(new Set(lengths)).toEqual(new Set([7]));
  });

  it("finds about the same trajectory time from 0.01 and from 4, and keeps it", async () => {
    // Unit Gaussian: ChEES is largest where trajectories end half a turn away, at T·h of order π/2.
    const posterior = () =>
      aPosterior({
        model: { kind: "quadratic", curvature: Array.from({ length: 20 }, () => 1) },
        nBeta: 1,
        gamma: 0,
        numChains: 32,
        startScale: 1,
      });
    const timeFrom = async (trajectoryTime: number): Promise<number> => {
      const run = await chees.start(posterior(), {
        ...fixed,
        adaptMassMatrix: false,
        warmup: 400,
        trajectoryTime,
        maxSteps: 200,
        draws: 5,
      });
      for (let index = 0; index < 400; index++) await run.warmup(index);
      const { tuned } = run;
      await run.draw(0);
      expect(run.tuned).toEqual(tuned);
      return tuned["trajectory_time"] ?? Number.NaN;
    };
    const [short, long] = [await timeFrom(0.01), await timeFrom(4)];
    for (const time of [short, long]) {
      expect(time).toBeGreaterThan(1);
      expect(time).toBeLessThan(6);
    }
    expect(Math.abs(Math.log(short / long))).toBeLessThan(0.7);
  });

  it("learns a mass matrix and accepts as wanted", async () => {
    const run = await chees.start(aPosterior({ numChains: 16 }), {
      ...fixed,
      trajectoryTime: null,
      warmup: 300,
      draws: 200,
    });
    const draws = await collectDraws(run);
    const rates = draws.flatMap(({ statistics }) => [...(statistics["acceptance_rate"] ?? [])]);
    const rate = rates.reduce((sum, value) => sum + value, 0) / rates.length;
    // The harmonic mean is aimed at 0.651; the mean lies above it.
    expect(rate).toBeGreaterThan(0.65);
    expect(rate).toBeLessThan(0.97);
    expect((run.tuned["inverse_mass_max"] ?? 0) * 11).toBeGreaterThan(0.5);
    expect((run.tuned["inverse_mass_max"] ?? 0) * 11).toBeLessThan(2);
    expect((run.tuned["inverse_mass_min"] ?? 0) * 251).toBeGreaterThan(0.5);
    expect((run.tuned["inverse_mass_min"] ?? 0) * 251).toBeLessThan(2);
  });

  it("refuses to learn from one chain, but runs it where nothing adapts", async () => {
    const alone = aPosterior({ numChains: 1, firstChain: 2 });
    await expect(chees.start(alone, { ...fixed, warmup: 10 })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
    const batch = await collectDraws(await chees.start(aPosterior(), fixed));
    const draws = await collectDraws(await chees.start(alone, fixed));
    expect(draws.map(({ loss }) => loss[0])).toEqual(batch.map(({ loss }) => loss[2]));
  });
});
