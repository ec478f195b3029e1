/** MALA: golden acceptance probabilities, its equality with one leapfrog step, adaptation. */
import { describe, expect, it } from "vitest";
import { purpose } from "../../../src/random/purpose.ts";
import { hmc } from "../../../src/samplers/hmc.ts";
import { type MalaSettings, mala } from "../../../src/samplers/mala.ts";
import type { Posterior } from "../../../src/samplers/sampler.ts";
import { aPosterior, collectDraws } from "../../support/posteriors.ts";
import { settingsOf } from "../../support/sampler-settings.ts";
import { withNormals } from "../../support/with-normals.ts";

const fixed: MalaSettings = { ...settingsOf("mala"), warmup: 0, thinning: 1, draws: 1 };

/** Acceptance of the move from `from` to `to` on U = ½‖w‖². */
const acceptanceOf = async (from: number[], to: number[], stepSize: number): Promise<number> => {
  const inner = aPosterior({
    model: { kind: "quadratic", curvature: from.map(() => 1) },
    nBeta: 1,
    gamma: 0,
    numChains: 1,
    startScale: 1,
  });
  // to = from − (ε/2)·from + √ε·z
  const z = to.map((value, i) => (value - (1 - stepSize / 2) * (from[i] ?? 0)) / Math.sqrt(stepSize));
  const posterior: Posterior = {
    ...inner,
    ensemble: withNormals(inner.ensemble, { [purpose.start]: from, [purpose.momentum]: z }),
  };
  const run = await mala.start(posterior, { ...fixed, stepSize });
  const { statistics } = await run.draw(0);
  return statistics["acceptance_rate"]?.[0] ?? Number.NaN;
};

describe("acceptance", () => {
  // Inputs of devinterp's mala_test and of Lau's notebook; values in double precision.
  it.each([
    [[0, 0], [1.5, 5.5], 0.1, 0.6661436107035067],
    [[1, 1], [1.5, 0.5], 0.5, 0.9692332344763441],
    [[0, 0], [10.5, 5.5], 0.1, 0.17269124326638316],
    [[0, 0], [10.5, 5.5], 0.5, 0.00015358598268134713],
    [[1, 2], [1.5, 2.5], 0.1, 0.957193225869719],
  ])("from %j to %j with epsilon %d is %d", async (from, to, stepSize, golden) => {
    expect(await acceptanceOf(from, to, stepSize)).toBeCloseTo(golden, 12);
  });
});

describe("mala", () => {
  it("is hmc with one leapfrog step of √ε", async () => {
    const draws = await collectDraws(await mala.start(aPosterior(), { ...fixed, draws: 30, stepSize: 0.01 }));
    const settings = {
      ...settingsOf("hmc"),
      warmup: 0,
      draws: 30,
      stepSize: 0.1,
      numIntegrationSteps: 1,
      trajectoryJitter: false,
    };
    const others = await collectDraws(await hmc.start(aPosterior(), settings));
    expect(draws.map(({ loss }) => loss)).toEqual(others.map(({ loss }) => loss));
  });

  it("does one gradient a transition, and one at the start", async () => {
    const run = await mala.start(aPosterior(), { ...fixed, draws: 7, thinning: 3, stepSize: 0.01 });
    await collectDraws(run);
    expect(run.work).toEqual({ gradients: (7 * 3 + 1) * 4 * 10, warmupGradients: 4 * 10, losses: 0 });
  });

  it("learns variances up to the floor's weight, and an epsilon for its target acceptance", async () => {
    const run = await mala.start(aPosterior(), { ...fixed, warmup: 600, draws: 400, stepSize: 1e-9 });
    const draws = await collectDraws(run);
    const rates = draws.flatMap(({ statistics }) => [...(statistics["acceptance_rate"] ?? [])]);
    const rate = rates.reduce((sum, value) => sum + value, 0) / rates.length;
    // Dual averaging over the last 50 transitions of 4 chains is noisy.
    expect(rate).toBeGreaterThan(0.4);
    expect(rate).toBeLessThan(0.8);
    const ratio = (run.tuned["preconditioner_max"] ?? 0) / (run.tuned["preconditioner_min"] ?? 0);
    expect(ratio).toBeGreaterThan(10);
    expect(ratio).toBeLessThan(50);
  });

  it("keeps ε and a unit preconditioner where told to", async () => {
    const run = await mala.start(aPosterior(), {
      ...fixed,
      warmup: 60,
      adaptStepSize: false,
      diagonalPreconditioning: false,
      stepSize: 0.004,
    });
    await collectDraws(run);
    expect(run.tuned["step_size"]).toBeCloseTo(0.004, 15);
    expect(run.tuned).toMatchObject({ preconditioner_min: 1, preconditioner_max: 1 });
  });

  it("gives a chain the same draws alone and in a batch when nothing adapts", async () => {
    const settings = { ...fixed, draws: 20, stepSize: 0.005 };
    const batch = await collectDraws(await mala.start(aPosterior(), settings));
    const alone = await collectDraws(await mala.start(aPosterior({ numChains: 1, firstChain: 2 }), settings));
    expect(alone.map(({ loss }) => loss[0])).toEqual(batch.map(({ loss }) => loss[2]));
  });
});
