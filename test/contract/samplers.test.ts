/** What every registered sampler promises, tried on every backend and every variant in `samplerCases`. */
import { describe, expect, it } from "vitest";
import { samplerNames, samplerOf } from "../../src/samplers/registry.ts";
import type { DrawRecord, Posterior, SamplerRun, Snapshot, WorkCount } from "../../src/samplers/sampler.ts";
import type { BackendCase } from "../support/backend-cases.ts";
import { describeBackends } from "../support/backend-cases.ts";
import { expectClose } from "../support/close.ts";
import { aNetworkPosterior, collectDraws, countingEnsemble } from "../support/posteriors.ts";
import { samplerCases } from "../support/sampler-settings.ts";

const cases = samplerNames.flatMap((name) =>
  samplerCases[name].variants.map((settings, variant) => ({ name, variant, settings: settings as unknown })),
);
const numChains = 3;
const posteriorOn =
  (backend: BackendCase) =>
  (numRows: number, overrides: { seed?: number } = {}): Posterior =>
    aNetworkPosterior({
      numChains: numRows,
      startScale: 0.01,
      open: (problem) => backend.open(problem),
      ...overrides,
    });

/** All that a run leaves behind when it has ended. */
const resultOf = async (run: SamplerRun, draws: unknown): Promise<unknown> => ({
  draws,
  work: run.work,
  tuned: run.tuned,
  warnings: run.warnings,
  report: run.report,
  snapshot: await run.snapshot(),
});

/** ‖w − w*‖ of each recorded chain from the positions in a snapshot; the recorded walker of a ladder names its row. */
const distancesByPosition = (
  { center }: Posterior,
  { loss, statistics }: DrawRecord,
  snapshot: Snapshot,
): Float64Array => {
  const entry = Object.entries(snapshot).find(([name]) => /(^|[.])(chainP|p)osition$/.test(name));
  const positions = entry?.[1] as Float64Array;
  const dim = center.length;
  const numRungs = positions.length / dim / loss.length;
  return loss.map((_, chain) => {
    const row = chain * numRungs + (statistics["walker"]?.[chain] ?? 0);
    return Math.hypot(...center.map((value, i) => (positions[row * dim + i] as number) - value));
  });
};

/** The same from log π = −nβ·(L − L(w*)) − (γ/2)·‖w − w*‖² of independent draws. */
const distancesByDensity = (
  { nBeta, gamma, initialLoss }: Posterior,
  { loss, statistics }: DrawRecord,
): Float64Array =>
  (statistics["raw_loss"] ?? loss).map((value, chain) => {
    const lp = statistics["lp"]?.[chain] ?? Number.NaN;
    return Math.sqrt((-2 / gamma) * (lp + nBeta * (value - initialLoss)));
  });

type Case = (typeof cases)[number];

const describeSampler = (backend: BackendCase, { name, settings }: Case): void => {
  const sampler = samplerOf(name);
  const numRows = sampler.ensembleRows?.(settings, numChains) ?? numChains;
  const posterior = (overrides: { seed?: number } = {}): Posterior =>
    posteriorOn(backend)(numRows, overrides);
  const start = (overrides: { seed?: number } = {}): Promise<SamplerRun> =>
    sampler.start(posterior(overrides), settings);

  it("records a finite loss and every statistic for each chain", async () => {
    const run = await start();
    const draws = await collectDraws(run);
    expect(draws).toHaveLength(run.numDraws);
    expect(run.numDraws).toBeGreaterThan(0);
    for (const { loss, statistics } of draws) {
      expect(loss).toHaveLength(numChains);
      expect(loss.every(Number.isFinite)).toBe(true);
      expect(Object.keys(statistics).sort()).toEqual([...sampler.statistics].sort());
      for (const values of Object.values(statistics)) expect(values).toHaveLength(numChains);
    }
    for (const statistic of [...sampler.statistics, ...Object.keys(run.tuned)]) {
      expect(statistic).toMatch(/^[a-zA-Z][a-zA-Z0-9_]*$/);
    }
  });

  it("records how far each chain is from w*", async () => {
    const run = await start();
    const last = (await collectDraws(run)).at(-1) as DrawRecord;
    const expected = sampler.isIndependent
      ? distancesByDensity(posterior(), last)
      : distancesByPosition(posterior(), last, await run.snapshot());
    expectClose(last.distance, expected, backend.precision === "float64" ? 1e-9 : 1e-4);
  });

  it("reports plain numbers, lists and matrices when its last draw is done", async () => {
    const run = await start();
    await collectDraws(run);
    const { report = {} } = run;
    for (const [key, value] of Object.entries(report)) {
      expect(key).toMatch(/^[a-z][a-z0-9_]*$/);
      for (const entry of [value].flat(2)) expect(typeof entry).toBe("number");
    }
  });

  it("can be told of before its first draw: a run may end in warmup", async () => {
    const run = await start();
    if (run.numWarmupUnits > 0) await run.warmup(0);
    const { report = {}, tuned, warnings } = run;
    expect([typeof report, typeof tuned, Array.isArray(warnings)]).toEqual(["object", "object", true]);
  });

  it("gives different chains different draws, and the same seed the same ones", async () => {
    const [first, second] = [await start(), await start()];
    const [draws, again] = [await collectDraws(first), await collectDraws(second)];
    expect(await resultOf(second, again)).toEqual(await resultOf(first, draws));
    expect(new Set(draws.at(-1)?.loss).size).toBe(numChains);
    const other = await collectDraws(await start({ seed: 8 }));
    expect(other.at(-1)?.loss).not.toEqual(draws.at(-1)?.loss);
  });

  it("continues bit-identically from a snapshot taken before any unit", async () => {
    const whole = await start();
    const expected = await resultOf(whole, await collectDraws(whole));
    const units = whole.numWarmupUnits + whole.numDraws;
    const walker = await start();
    const walked: unknown[] = [];
    // Everywhere on one backend; the others only add their own way to read and write arrays.
    const numStops = backend.name === "reference" && backend.precision === "float64" ? 40 : 6;
    const stride = Math.max(1, Math.floor(units / numStops));
    for (let unit = 0; unit < units; unit++) {
      if (unit % stride === 0 || unit === whole.numWarmupUnits || unit === units - 1) {
        const snapshot = structuredClone(await walker.snapshot());
        const resumed = await start();
        await resumed.restore(snapshot);
        const draws = [...walked];
        for (let rest = unit; rest < units; rest++) await doUnit(resumed, rest, draws);
        expect(await resultOf(resumed, draws)).toEqual(expected);
      }
      await doUnit(walker, unit, walked);
    }
  });

  it("hands out snapshots that later units do not change", async () => {
    const run = await start();
    const snapshot = await run.snapshot();
    const copy = structuredClone(snapshot);
    await collectDraws(run);
    expect(snapshot).toEqual(copy);
  });

  it("counts exactly the evaluations that the ensemble was asked for", async () => {
    const inner = posterior();
    const { ensemble, asked } = countingEnsemble(inner.ensemble);
    const run = await sampler.start({ ...inner, ensemble }, settings);
    const check = (): void => {
      const { gradients, losses } = run.work;
      expect({ gradients, losses }).toEqual(asked);
    };
    check();
    for (let unit = 0; unit < run.numWarmupUnits + run.numDraws; unit++) {
      await doUnit(run, unit, []);
      check();
    }
  });

  it("counts as warmup what came before the draws, and nothing after the first", async () => {
    const run = await start();
    for (let unit = 0; unit < run.numWarmupUnits; unit++) await run.warmup(unit);
    const warm = run.work;
    expect(warm.warmupGradients).toBe(warm.gradients);
    const after: WorkCount[] = [];
    for (let index = 0; index < run.numDraws; index++) {
      await run.draw(index);
      after.push(run.work);
    }
    expect(new Set(after.map(({ warmupGradients }) => warmupGradients)).size).toBe(1);
    expect(after[0]?.warmupGradients).toBeGreaterThanOrEqual(warm.warmupGradients);
  });
};

describeBackends("samplers", (backend) => {
  describe.each(cases)("$name, variant $variant", (tried) => describeSampler(backend, tried));
});

const doUnit = async (run: SamplerRun, unit: number, draws: unknown[]): Promise<void> => {
  if (unit < run.numWarmupUnits) await run.warmup(unit);
  else draws.push(await run.draw(unit - run.numWarmupUnits));
};

const refusals = samplerNames.flatMap((name) =>
  samplerCases[name].refused.map((change) => ({
    name,
    change,
    settings: { ...samplerCases[name].variants[0], ...change } as unknown,
  })),
);

describe("settings", () => {
  it.each(refusals)("$name refuses $change as CONFIG_INVALID", async ({ name, settings }) => {
    await expect(samplerOf(name).start(aNetworkPosterior(), settings)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });
});
