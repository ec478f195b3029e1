/** MCLMC: what is tuned, what it costs, what it says about itself. */
import { describe, expect, it } from "vitest";
import type { MclmcSettings } from "../../../src/samplers/isokinetic/mclmc-settings.ts";
import { mclmc } from "../../../src/samplers/mclmc.ts";
import type { SamplerRun } from "../../../src/samplers/sampler.ts";
import { aPosterior, collectDraws } from "../../support/posteriors.ts";

const settings: MclmcSettings = {
  draws: 20,
  warmup: 7,
  stepsPerDraw: 3,
  L: null,
  stepSize: null,
  integrator: "isokinetic_mclachlan",
  diagonalPreconditioning: true,
  numSteps: 300,
  fracTune1: 0.1,
  fracTune2: 0.1,
  fracTune3: 0.1,
  desiredEnergyVar: 1e-5,
  trustInEstimate: 1.5,
  numEffectiveSamples: 150,
};
const fixed: MclmcSettings = { ...settings, L: 2, stepSize: 0.1, diagonalPreconditioning: false };
const start = (overrides: Partial<MclmcSettings> = {}): Promise<SamplerRun> =>
  mclmc.start(aPosterior(), { ...settings, ...overrides });

describe("mclmc", () => {
  it("uses a given L and step size as they are, without any tuning", async () => {
    const run = await mclmc.start(aPosterior(), fixed);
    expect(run.numWarmupUnits).toBe(3);
    await collectDraws(run);
    expect(run.tuned).toMatchObject({ L: 2, step_size: 0.1, preconditioner_min: 1, preconditioner_max: 1 });
  });

  it("keeps the one that is given and tunes the other", async () => {
    const givenLength = await mclmc.start(aPosterior(), { ...fixed, stepSize: null });
    await collectDraws(givenLength);
    expect(givenLength.tuned["L"]).toBe(2);
    expect(givenLength.tuned["step_size"]).not.toBe(0.1);
    const givenStep = await mclmc.start(aPosterior(), { ...fixed, L: null });
    await collectDraws(givenStep);
    expect(givenStep.tuned["step_size"]).toBe(0.1);
    expect(givenStep.tuned["L"]).not.toBe(2);
    const preconditioned = await start({ stepSize: 0.3, L: 1.5 });
    await collectDraws(preconditioned);
    expect(preconditioned.tuned).toMatchObject({ L: 1.5, step_size: 0.3 });
    expect(preconditioned.tuned["preconditioner_min"]).not.toBe(1);
  });

  // 10 points, 4 chains: one gradient at the starts, 2 (1) a step; phases of 31, 31, 11, 30 steps and 7 of warmup.
  it.each([
    ["isokinetic_mclachlan", 2],
    ["isokinetic_velocity_verlet", 1],
  ] as const)("%s costs %d gradients a step, warmup apart", async (integrator, perStep) => {
    const run = await start({ integrator });
    await collectDraws(run);
    expect(run.work.warmupGradients).toBe(40 * (1 + perStep * (31 + 31 + 11 + 30 + 7)));
    expect(run.work.gradients - run.work.warmupGradients).toBe(40 * perStep * 20 * 3);
    expect(run.work.losses).toBe(0);
  });

  it("measures the curvature beside w* when all chains start at w*", async () => {
    const run = await mclmc.start(aPosterior({ startScale: 0 }), settings);
    expect(run.work.gradients).toBe(2 * 40);
    const draws = await collectDraws(run);
    expect(draws.at(-1)?.loss.every((loss) => loss > 0)).toBe(true);
  });

  it("starts from the scale of the posterior: no bad step on a narrow one", async () => {
    const run = await mclmc.start(aPosterior({ nBeta: 1e8, startScale: 1e-4 }), settings);
    await collectDraws(run);
    expect(run.tuned["tuning_bad_steps"]).toBe(0);
    expect(run.tuned["preconditioner_max"]).toBeLessThan(1e-3);
  });

  it("moves no coordinate further in its first preconditioned step than in the step before", async () => {
    const inner = aPosterior({ model: { kind: "quadratic", curvature: [1e4, 1, 0] } });
    const steps: number[] = [];
    let widest = 1;
    const ensemble = new Proxy(inner.ensemble, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          if (name === "writeRow") widest = Math.max(...(args[1] as Float64Array));
          if (name === "isokinetic") steps.push((args[1] as { stepSize: number }).stepSize * widest);
          return (member as (...values: unknown[]) => unknown).apply(target, args);
        };
      },
    });
    await collectDraws(await mclmc.start({ ...inner, ensemble }, settings));
    // Phases 1 and 2 are 31 steps each; the step after them is the first in new coordinates.
    expect(steps[62]! / steps[61]!).toBeLessThanOrEqual(1.25 * (1 + 1e-12));
    expect(steps[62]! / steps[61]!).toBeGreaterThan(0.5);
  });

  it("says that phase 3 or the preconditioner rest on too little", async () => {
    const run = await start({ numSteps: 30 });
    await collectDraws(run);
    expect(run.warnings.join()).toMatch(/preconditioner rests on about \d+ independent positions/);
    expect(run.warnings.join()).toMatch(/L was not refined in phase 3/);
  });

  it("warns of the bias and of energy errors above the wanted ones", async () => {
    const run = await mclmc.start(aPosterior(), { ...fixed, stepSize: 0.8, draws: 200 });
    await collectDraws(run);
    expect(run.tuned["energy_error_variance_per_dim"]).toBeGreaterThan(1e-3);
    expect(run.warnings.join()).toMatch(/energy-error variance per dimension while drawing is/);
    expect(run.warnings.join()).toMatch(/llc would be off by -/);
  });

  it("calls a draw diverging if a step since the last one was bad", async () => {
    // Curvature 1e300 overflows as soon as a step leaves w*.
    const run = await mclmc.start(
      aPosterior({ model: { kind: "quadratic", curvature: [1e300, 1e300] }, startScale: 1e-150 }),
      {
        ...fixed,
        stepSize: 1e6,
      },
    );
    const draws = await collectDraws(run);
    expect(draws.every(({ statistics }) => statistics["diverging"]?.every((value) => value === 1))).toBe(
      true,
    );
    expect(run.tuned["bad_steps"]).toBe(4 * 60);
    expect(run.tuned["energy_error_variance_per_dim"]).toBeNaN();
  });

  it("refuses to begin where the loss is not finite", async () => {
    const model = { kind: "quadratic", curvature: [1e308, 1e308] } as const;
    await expect(mclmc.start(aPosterior({ model, startScale: 1e3 }), settings)).rejects.toMatchObject({
      code: "NUMERICS",
    });
  });

  it("refuses a model of one parameter", async () => {
    const model = { kind: "quadratic", curvature: [1] } as const;
    await expect(mclmc.start(aPosterior({ model }), settings)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });
});
