/** Adjusted MCLMC: golden acceptance of a trajectory, what is refused, tuning, cost. */
import { describe, expect, it } from "vitest";
import { purpose } from "../../../src/random/purpose.ts";
import { amclmc } from "../../../src/samplers/amclmc.ts";
import type { AmclmcSettings } from "../../../src/samplers/isokinetic/amclmc-settings.ts";
import { IsokineticKernel } from "../../../src/samplers/isokinetic/isokinetic-kernel.ts";
import type { Posterior } from "../../../src/samplers/sampler.ts";
import { aPosterior, collectDraws } from "../../support/posteriors.ts";
import { settingsOf } from "../../support/sampler-settings.ts";
import { withNormals } from "../../support/with-normals.ts";

const fixed: AmclmcSettings = { ...settingsOf("amclmc"), warmup: 0, draws: 1, L: 2, stepSize: 0.4 };

/** U = ½‖w‖² in three dimensions; one chain that starts at `from` and goes along `along`. */
const posteriorAt = (from: number[], along: number[]): Posterior => {
  const model = { kind: "quadratic", curvature: [1, 1, 1] } as const;
  const inner = aPosterior({ model, nBeta: 1, gamma: 0, numChains: 1, startScale: 1 });
  const normals = { [purpose.start]: from, [purpose.direction]: along };
  return { ...inner, ensemble: withNormals(inner.ensemble, normals) };
};

const trajectory = (stepSize: number, numSteps: number) => ({
  stepSize,
  numSteps,
  direction: { purpose: purpose.direction, step: 0 },
});

describe("a trajectory", () => {
  // Standard normal, d = 3, x = (1, −0.5, 0.25), u = (0.6, 0.8, 0), ε = 0.8.
  it.each([
    ["mclachlan", 1, -0.0006562330901828117],
    ["leapfrog", 1, 0.005031736679193322],
    ["mclachlan", 10, -0.0020719899946283205],
  ] as const)("has the golden W of %s over %d steps", async (integrator, numSteps, golden) => {
    // The direction is scaled to unit length: any length of the normals will do.
    const posterior = posteriorAt([1, -0.5, 0.25], [3, 4, 0]);
    const kernel = new IsokineticKernel(posterior, integrator);
    await kernel.evaluate();
    const { energyError, acceptanceRate } = await kernel.transition(trajectory(0.8, numSteps), 0);
    expect(energyError[0]).toBeCloseTo(golden, 12);
    expect(acceptanceRate[0]).toBeCloseTo(Math.min(1, Math.exp(-golden)), 12);
  });

  it("that is not finite is refused, and the chain stays with its loss", async () => {
    const posterior = posteriorAt([1, -0.5, 0.25], [3, 4, 0]);
    const kernel = new IsokineticKernel(posterior, "mclachlan");
    await kernel.evaluate();
    const before = [kernel.loss.slice(), await posterior.ensemble.readVectors(kernel.position)];
    const info = await kernel.transition(trajectory(1e200, 3), 0);
    expect([info.acceptanceRate[0], info.energyError[0]]).toEqual([0, Number.POSITIVE_INFINITY]);
    expect(info.isDivergent[0]).toBe(1);
    expect([kernel.loss, await posterior.ensemble.readVectors(kernel.position)]).toEqual(before);
  });

  it("so long that u and the force agree to the last bit is refused, though its ΔK and ΔU cancel", async () => {
    // Along the gradient itself: the quadrature of ΔU by kicks is exact on a quadratic, so W is near 0 at any length.
    const kernel = new IsokineticKernel(posteriorAt([1, 0, 0], [1, 0, 0]), "leapfrog");
    await kernel.evaluate();
    const { acceptanceRate } = await kernel.transition(trajectory(1e6, 1), 0);
    expect(acceptanceRate[0]).toBe(0);
  });
});

describe("amclmc", () => {
  it("draws one length for all chains with mean L/ε, at two or one gradients a step", async () => {
    for (const [integrator, perStep] of [
      ["isokinetic_mclachlan", 2],
      ["isokinetic_velocity_verlet", 1],
    ] as const) {
      const run = await amclmc.start(aPosterior(), {
        ...fixed,
        integrator,
        draws: 800,
        stepSize: 0.02,
        L: 0.1,
      });
      const draws = await collectDraws(run);
      const lengths = draws.map(({ statistics }) => statistics["n_steps"]?.[0] ?? 0);
      for (const { statistics } of draws) expect(new Set(statistics["n_steps"]).size).toBe(1);
      const total = lengths.reduce((sum, length) => sum + length, 0);
      // sd of a length uniform on 1 … 9 is 2.6; 5 standard errors.
      expect(Math.abs(total / 800 - 5)).toBeLessThan((5 * 2.6) / Math.sqrt(800));
      expect(run.work.gradients).toBe((perStep * total + 1) * 40);
    }
  });

  it("has two steps a trajectory at least where L asks for less", async () => {
    const run = await amclmc.start(aPosterior(), { ...fixed, L: 0.1, stepSize: 0.3 });
    await collectDraws(run);
    expect(run.tuned).toMatchObject({ L: 0.1, step_size: 0.05 });
  });

  it("finds scales, length and a step size of about its target acceptance, then keeps them", async () => {
    const curvature = Array.from({ length: 30 }, (_, i) => 10 ** ((4 * i) / 29));
    const posterior = aPosterior({ model: { kind: "quadratic", curvature }, nBeta: 1, gamma: 0 });
    const run = await amclmc.start(posterior, { ...fixed, warmup: 400, draws: 200, L: null, stepSize: 1e-5 });
    for (let index = 0; index < 400; index++) await run.warmup(index);
    const { tuned } = run;
    let rate = 0;
    for (let index = 0; index < 200; index++) {
      const { statistics } = await run.draw(index);
      rate +=
        (statistics["acceptance_rate"] ?? new Float64Array(0)).reduce((sum, value) => sum + value, 0) / 800;
    }
    expect(run.tuned).toEqual(tuned);
    expect(rate).toBeGreaterThan(0.8);
    // √V of curvatures 1 and 1e4.
    expect(tuned["preconditioner_max"]).toBeGreaterThan(0.6);
    expect(tuned["preconditioner_max"]).toBeLessThan(1.6);
    expect((tuned["preconditioner_min"] ?? 0) * 100).toBeGreaterThan(0.6);
    expect((tuned["preconditioner_min"] ?? 0) * 100).toBeLessThan(1.6);
    expect((tuned["L"] ?? 0) / Math.sqrt(30)).toBeGreaterThan(0.3);
    expect((tuned["L"] ?? 0) / (tuned["step_size"] ?? 1)).toBeGreaterThanOrEqual(2 - 1e-12);
  });

  it("says that L was not refined when its stage was too short", async () => {
    const run = await amclmc.start(aPosterior(), { ...fixed, warmup: 40, L: null });
    await collectDraws(run);
    expect(run.warnings).toEqual([expect.stringContaining("L was not refined")]);
  });

  it("keeps a given L, also while the preconditioner is found", async () => {
    const run = await amclmc.start(aPosterior(), { ...fixed, warmup: 60, L: 3 });
    await collectDraws(run);
    expect(run.tuned["L"]).toBe(3);
    expect(run.warnings).toEqual([]);
  });

  it("refuses one parameter", async () => {
    const model = { kind: "quadratic", curvature: [1] } as const;
    await expect(amclmc.start(aPosterior({ model }), fixed)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });

  it("gives a chain the same draws alone and in a batch when nothing adapts", async () => {
    const settings = { ...fixed, draws: 20, stepSize: 0.1, L: 0.5 };
    const batch = await collectDraws(await amclmc.start(aPosterior(), settings));
    const alone = await collectDraws(
      await amclmc.start(aPosterior({ numChains: 1, firstChain: 2 }), settings),
    );
    expect(alone.map(({ loss }) => loss[0])).toEqual(batch.map(({ loss }) => loss[2]));
  });
});
