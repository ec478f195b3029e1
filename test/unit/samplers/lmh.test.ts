/** Langevin-gradient Metropolis–Hastings: golden acceptance, its special cases, branches, cost. */
import { describe, expect, it } from "vitest";
import { purpose } from "../../../src/random/purpose.ts";
import { lmh } from "../../../src/samplers/lmh.ts";
import { mala } from "../../../src/samplers/mala.ts";
import type { LmhSettings } from "../../../src/samplers/metropolis/lmh-settings.ts";
import type { DrawRecord, Posterior } from "../../../src/samplers/sampler.ts";
import { aNetworkPosterior, aPosterior, collectDraws } from "../../support/posteriors.ts";
import { settingsOf } from "../../support/sampler-settings.ts";
import { withNormals } from "../../support/with-normals.ts";

const fixed: LmhSettings = { ...settingsOf("lmh"), warmup: 0, thinning: 1, draws: 1, lProb: 1 };

const sample = async (changes: Partial<LmhSettings>, posterior: Posterior = aPosterior()) => {
  const run = await lmh.start(posterior, { ...fixed, ...changes });
  return { run, draws: await collectDraws(run) };
};

const column = (draws: readonly DrawRecord[], name: string, chain = 0): number[] =>
  draws.map(({ statistics }) => statistics[name]?.[chain] ?? Number.NaN);

/** Acceptance of the move from `from` to `to` on U = ½‖w‖², drift w − η·w. */
const acceptanceOf = async (
  [from, to]: readonly [number[], number[]],
  { stepSize, rate }: { stepSize: number; rate: number },
): Promise<number> => {
  const model = { kind: "quadratic", curvature: from.map(() => 1) } as const;
  const inner = aPosterior({ model, nBeta: 1, gamma: 0, numChains: 1, startScale: 1 });
  const z = to.map((value, i) => (value - (1 - rate) * (from[i] ?? 0)) / stepSize);
  const ensemble = withNormals(inner.ensemble, { [purpose.start]: from, [purpose.momentum]: z });
  const { draws } = await sample({ stepSize, learningRate: rate }, { ...inner, ensemble });
  return column(draws, "acceptance_rate")[0] ?? Number.NaN;
};

describe("acceptance", () => {
  // The Langevin goldens of MALA: s = √ε, η = ε/2.
  it.each([
    [[0, 0], [1.5, 5.5], 0.1, 0.6661436107035067],
    [[1, 1], [1.5, 0.5], 0.5, 0.9692332344763441],
    [[0, 0], [10.5, 5.5], 0.1, 0.17269124326638316],
    [[0, 0], [10.5, 5.5], 0.5, 0.00015358598268134713],
    [[1, 2], [1.5, 2.5], 0.1, 0.957193225869719],
  ])("from %j to %j with s² %d is %d", async (from, to, square, golden) => {
    const found = await acceptanceOf([from, to], { stepSize: Math.sqrt(square), rate: square / 2 });
    expect(found).toBeCloseTo(golden, 12);
  });

  it("corrects by s², not by s, for a drift of any size", async () => {
    // w = 1, w' = 0.9, η = 0.5, s = 0.4: −ΔU = 0.095, (−(1 − 0.45)² + (0.9 − 0.5)²)/(2·0.16) = −0.4453125.
    const found = await acceptanceOf([[1], [0.9]], { stepSize: 0.4, rate: 0.5 });
    expect(found).toBeCloseTo(Math.exp(0.095 - 0.4453125), 12);
  });
});

describe("lmh", () => {
  it("is MALA with one step of all data, and every proposal Langevin", async () => {
    const { draws } = await sample({ draws: 40, stepSize: 0.08 });
    const settings = { ...settingsOf("mala"), warmup: 0, thinning: 1, draws: 40, stepSize: 0.08 ** 2 };
    const others = await collectDraws(await mala.start(aPosterior(), settings));
    draws.forEach(({ loss, statistics }, index) => {
      loss.forEach((value, chain) => expect(value).toBeCloseTo(others[index]?.loss[chain] ?? 0, 10));
      const rates = others[index]?.statistics["acceptance_rate"];
      statistics["acceptance_rate"]?.forEach((rate, chain) =>
        expect(rate).toBeCloseTo(rates?.[chain] ?? 0, 9),
      );
    });
  });

  it("draws one branch for all chains, Langevin with the wanted probability", async () => {
    const { draws } = await sample({ draws: 1500, lProb: 0.3, stepSize: 0.05 });
    const branches = column(draws, "n_langevin");
    for (const { statistics } of draws) expect(new Set(statistics["n_langevin"]).size).toBe(1);
    const share = branches.reduce((sum, flag) => sum + flag, 0) / branches.length;
    // 5 standard errors, false alarm 6e-7.
    expect(Math.abs(share - 0.3)).toBeLessThan(5 * Math.sqrt(0.21 / 1500));
  });

  it("gives both branches their own noise", async () => {
    const { draws } = await sample({ draws: 40, lProb: 0.5, stepSize: 0.06, walkStepSize: 0.02 });
    const pairs = column(draws, "step_size").map((size, i) => `${size} ${column(draws, "n_langevin")[i]}`);
    expect(new Set(pairs)).toEqual(new Set(["0.06 1", "0.02 0"]));
  });

  it("counts a gradient for a Langevin transition, one more after a walk, a loss for a walk", async () => {
    const { run, draws } = await sample({ draws: 60, lProb: 0.5, stepSize: 0.05 });
    const branches = column(draws, "n_langevin");
    const numLangevin = branches.reduce((sum, flag) => sum + flag, 0);
    // With a step that small every batch of 4 walks accepts somewhere.
    const numAfterWalk = branches.filter((flag, i) => flag === 1 && branches[i - 1] !== 1).length;
    expect(run.work.gradients).toBe((numLangevin + numAfterWalk) * 40);
    expect(run.work.losses).toBe((60 - numLangevin + 1) * 40);
  });

  it("counts the drift in both directions with minibatches: one pass over the data each by default", async () => {
    const posterior = aNetworkPosterior({ numChains: 2 });
    const { run } = await sample({ draws: 5, batchSize: 8, stepSize: 0.01 }, posterior);
    // 23 points are 3 minibatches of 8 rows.
    expect(run.work).toMatchObject({ gradients: 5 * 2 * 3 * 8 * 2, losses: 6 * 23 * 2 });
  });

  it("treats a minibatch of all data or more as all data", async () => {
    const { draws } = await sample({ draws: 10, batchSize: 10 });
    const { draws: whole } = await sample({ draws: 10, batchSize: null });
    expect(draws).toEqual(whole);
  });

  it("finds both scales in warmup and keeps them", async () => {
    const run = await lmh.start(aPosterior({ numChains: 8 }), {
      ...fixed,
      lProb: 0.5,
      warmup: 600,
      draws: 400,
    });
    const rates: Record<number, number[]> = { 0: [], 1: [] };
    for (let index = 0; index < 600; index++) await run.warmup(index);
    const before = run.tuned;
    for (let index = 0; index < 400; index++) {
      const { statistics } = await run.draw(index);
      rates[statistics["n_langevin"]?.[0] ?? 0]?.push(...(statistics["acceptance_rate"] ?? []));
    }
    expect(run.tuned).toEqual(before);
    const mean = (values: number[] = []): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(rates[1])).toBeGreaterThan(0.45);
    expect(mean(rates[1])).toBeLessThan(0.7);
    expect(mean(rates[0])).toBeGreaterThan(0.15);
    expect(mean(rates[0])).toBeLessThan(0.33);
    // η·nβ of Langevin dynamics.
    expect(run.tuned["learning_rate"]).toBeCloseTo(((before["step_size"] ?? 0) ** 2 / 2) * 10, 12);
  });

  it("gives a chain the same draws alone and in a batch when nothing adapts", async () => {
    const changes = { draws: 30, lProb: 0.5, stepSize: 0.05, driftSteps: 2 };
    const { draws: batch } = await sample(changes);
    const { draws: alone } = await sample(changes, aPosterior({ numChains: 1, firstChain: 2 }));
    alone.forEach(({ loss }, i) => expect(loss[0]).toBeCloseTo(batch[i]?.loss[2] ?? Number.NaN, 13));
  });
});
