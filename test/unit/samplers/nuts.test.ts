/** NUTS: trees of Stan's recursion, chains alone and together, what adapts, depths and warnings. */
import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../src/random/normal.ts";
import { purpose } from "../../../src/random/purpose.ts";
import { uniformAt } from "../../../src/random/uniform.ts";
import { type NutsSettings, nuts } from "../../../src/samplers/nuts.ts";
import type { DrawRecord, Posterior } from "../../../src/samplers/sampler.ts";
import { aPosterior, collectDraws, countingEnsemble } from "../../support/posteriors.ts";
import { type OracleTree, recursiveTree } from "../../support/recursive-nuts.ts";
import { settingsOf } from "../../support/sampler-settings.ts";

const base: NutsSettings = { ...settingsOf("nuts"), warmup: 0, stepSize: 0.1, draws: 40, maxDepth: 8 };

const sample = async (
  changes: Partial<NutsSettings>,
  posterior: Posterior = aPosterior(),
): Promise<DrawRecord[]> => collectDraws(await nuts.start(posterior, { ...base, ...changes }));

const column = (draws: readonly DrawRecord[], name: string, chain = 0): number[] =>
  draws.map(({ statistics }) => statistics[name]?.[chain] ?? Number.NaN);

/** U of the default posterior of `aPosterior`: nβ = 10, γ = 1, curvatures 1, 4, 25. */
const potential = (w: Float64Array, gradient: Float64Array): number => {
  let value = 0;
  w.forEach((x, i) => {
    const slope = (10 * ([1, 4, 25][i] ?? 0) + 1) * x;
    gradient[i] = slope;
    value += (slope * x) / 2;
  });
  return value;
};

/** Every tree of a run beside the one that the recursion makes from the same start. */
const compared = async (stepSize: number, hasSeamChecks: boolean) => {
  const posterior = aPosterior({ numChains: 8 });
  const run = await nuts.start(posterior, { ...base, stepSize });
  const rows: { found: Record<string, number>; wanted: OracleTree }[] = [];
  for (let step = 0; step < 40; step++) {
    if (step === 0) await run.draw(0);
    const before = (await run.snapshot())["position"] as Float64Array;
    const { statistics } = await run.draw(step + 1);
    for (let chain = 0; chain < 8; chain++) {
      const stream = { seed: posterior.seed, chain, step: step + 1 };
      const p = new Float64Array(3);
      fillNormal({ ...stream, purpose: purpose.momentum }, p);
      const wanted = recursiveTree(
        potential,
        { q: [...before.subarray(3 * chain, 3 * chain + 3)], p: [...p] },
        {
          stepSize,
          maxDepth: base.maxDepth,
          hasSeamChecks,
          isForward: (depth) => uniformAt({ ...stream, purpose: purpose.treeDirection }, depth) < 0.5,
        },
      );
      const found = Object.fromEntries(
        Object.entries(statistics).map(([name, values]) => [name, values[chain] ?? Number.NaN]),
      );
      rows.push({ found, wanted });
    }
  }
  return rows;
};

describe("trees", () => {
  it.each([0.001, 0.02, 0.05, 0.11, 0.124])(
    "are those of Stan's recursion at step size %d",
    async (stepSize) => {
      for (const { found, wanted } of await compared(stepSize, true)) {
        expect(found["n_steps"]).toBe(wanted.numSteps);
        expect(found["tree_depth"]).toBe(wanted.depth);
        expect(found["diverging"]).toBe(wanted.isDivergent ? 1 : 0);
        expect(found["acceptance_rate"]).toBeCloseTo(wanted.acceptanceRate, 10);
        expect(found["max_energy_error"]).toBeCloseTo(wanted.maxEnergyError, 8);
      }
    },
  );

  it("are others where the recursion leaves out the checks across the seam", async () => {
    const rows = await compared(0.05, false);
    const differing = rows.filter(({ found, wanted }) => found["n_steps"] !== wanted.numSteps);
    expect(differing.length).toBeGreaterThan(3);
    for (const { found, wanted } of rows) expect(found["n_steps"]).toBeLessThanOrEqual(wanted.numSteps);
  });
});

describe("nuts", () => {
  it("gives a chain the same draws alone and in a batch when nothing adapts", async () => {
    const batch = await sample({});
    for (let chain = 0; chain < 4; chain++) {
      const alone = await sample({}, aPosterior({ numChains: 1, firstChain: chain }));
      expect(alone.map(({ loss }) => loss[0])).toEqual(batch.map(({ loss }) => loss[chain]));
      for (const name of nuts.statistics) expect(column(alone, name)).toEqual(column(batch, name, chain));
    }
  });

  it("stops at max_depth with 2^max_depth − 1 steps, says so, and warns", async () => {
    const run = await nuts.start(aPosterior(), { ...base, stepSize: 1e-4, maxDepth: 3 });
    const draws = await collectDraws(run);
    expect(new Set(column(draws, "n_steps"))).toEqual(new Set([7]));
    expect(new Set(column(draws, "tree_depth"))).toEqual(new Set([3]));
    expect(new Set(column(draws, "reached_max_treedepth"))).toEqual(new Set([1]));
    expect(run.warnings).toEqual([expect.stringContaining("100 % of the trajectories")]);
    const calm = await nuts.start(aPosterior(), base);
    expect(column(await collectDraws(calm), "reached_max_treedepth")).not.toContain(1);
    expect(calm.warnings).toEqual([]);
  });

  it("counts each chain's own tree as work", async () => {
    const inner = aPosterior();
    const { ensemble, asked } = countingEnsemble(inner.ensemble);
    const run = await nuts.start({ ...inner, ensemble }, base);
    for (let index = 0; index < 5; index++) {
      const before = run.work.gradients;
      const { statistics } = await run.draw(index);
      // The first draw also evaluates the starts.
      const numSteps = [...(statistics["n_steps"] ?? [])].reduce(
        (sum, count) => sum + count,
        index === 0 ? 4 : 0,
      );
      expect(run.work.gradients - before).toBe(numSteps * 10);
    }
    expect(run.work.gradients).toBe(asked.gradients);
  });

  it("marks a divergence, keeps the chain where it is, and spares the others", async () => {
    const run = await nuts.start(aPosterior({ startScale: 1 }), { ...base, stepSize: 2 });
    const before = (await run.snapshot())["position"];
    const { statistics } = await run.draw(0);
    expect([...(statistics["diverging"] ?? [])]).toEqual([1, 1, 1, 1]);
    expect([...(statistics["n_steps"] ?? [])]).toEqual([1, 1, 1, 1]);
    expect((await run.snapshot())["position"]).toEqual(before);
  });

  it("adapts step size and mass matrix in warmup and nothing after", async () => {
    const run = await nuts.start(aPosterior(), { ...base, warmup: 200, draws: 10 });
    for (let index = 0; index < 200; index++) await run.warmup(index);
    const before = run.tuned;
    for (let index = 0; index < 10; index++) await run.draw(index);
    expect(run.tuned).toEqual(before);
    // Variances 1/11 and 1/251, from a few hundred correlated positions.
    expect((before["inverse_mass_max"] ?? Number.NaN) * 11).toBeGreaterThan(0.4);
    expect((before["inverse_mass_max"] ?? Number.NaN) * 11).toBeLessThan(2.5);
    expect((before["inverse_mass_min"] ?? Number.NaN) * 251).toBeGreaterThan(0.4);
    expect((before["inverse_mass_min"] ?? Number.NaN) * 251).toBeLessThan(2.5);
  });

  it("refuses to begin where the loss is not finite", async () => {
    const run = await nuts.start(aPosterior({ startScale: 1e200 }), base);
    await expect(run.draw(0)).rejects.toMatchObject({ code: "NUMERICS" });
  });
});
