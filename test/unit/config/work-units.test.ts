/** Work by settings is what samplers count when they run: about that where settings tell it, else no more. */
import { describe, expect, it } from "vitest";
import type { RunConfig, SamplerSettings } from "../../../src/config/experiment.ts";
import { lossUnits, type Work, workOf } from "../../../src/config/work-units.ts";
import { snakeKeys } from "../../../src/core/case.ts";
import { samplerNames, samplerOf } from "../../../src/samplers/registry.ts";
import { aNetworkPosterior, collectDraws } from "../../support/posteriors.ts";
import { samplerCases } from "../../support/sampler-settings.ts";

const chains = 3;
const configOf = (name: string, settings: object): RunConfig =>
  ({
    sampler: { name, ...(snakeKeys(settings) as SamplerSettings) },
    posterior: {},
    sampling: { chains },
    precision: "float64",
  }) as unknown as RunConfig;

const cases = samplerNames.flatMap((name) =>
  samplerCases[name].variants.map((settings, variant) => ({ name, variant, settings: settings as object })),
);

/** Trajectories whose length settings do not tell. */
const isOpenEnded = (name: string, settings: object): boolean =>
  ["nuts", "chees", "amclmc"].includes(name) || JSON.stringify(settings).includes('"nuts"');

describe("workOf", () => {
  it.each(cases)("$name $variant is what it counts", async ({ name, settings }) => {
    const sampler = samplerOf(name);
    const numRows = sampler.ensembleRows?.(settings, chains) ?? chains;
    const posterior = aNetworkPosterior({ numChains: numRows, startScale: 0.01 });
    const run = await sampler.start(posterior, settings);
    await collectDraws(run);
    const { numData, dim } = posterior.ensemble;
    const { units, draws } = workOf(configOf(name, settings), { numData, dim, isNetwork: true });
    const counted = run.work.gradients + lossUnits * run.work.losses;
    expect(draws).toBe(run.numDraws);
    // Trajectories of random length may be shorter than their mean, one in four here.
    expect(units).toBeLessThanOrEqual(1.25 * counted);
    // The rest is start-up: searches of step sizes, measurements of curvature, pilot draws.
    const startUp = 250 * numRows * numData;
    if (!isOpenEnded(name, settings)) expect(counted).toBeLessThanOrEqual(1.25 * units + startUp);
  });

  const units = (name: string, settings: object): Work =>
    workOf(configOf(name, settings), { numData: 100, dim: 9, isNetwork: true });

  it.each([
    ["hmc", { draws: 10, warmup: 5, thinning: 2, num_integration_steps: 8 }, 25 * 8 * 100],
    ["nuts", { draws: 10, warmup: 5, thinning: 1 }, 15 * 100],
    ["pt", { draws: 10, warmup: 0, thinning: 1, rungs: null, local_steps: 3 }, 10 * 3 * 8 * 8 * 100],
    ["pt", { draws: 10, kernel: "rwmh", betas: [1, 0.5], reference: true }, 10 * 3 * 100 * lossUnits],
    ["sgld", { steps: 40, warmup: null, batch_size: 10, eval_every: 4 }, 40 * 10 + 8 * 100 * lossUnits],
    ["sgld", { steps: 40, warmup: 0, batch_size: 256, eval_every: 50 }, 0],
    [
      "vi",
      { steps: 40, samples_per_step: 4, batch_size: null, eval_samples: 8 },
      160 * 100 + 800 * lossUnits,
    ],
    ["rwmh", { draws: 10, warmup: 5 }, 15 * 100 * lossUnits],
    ["laplace", { draws: 10, hessian: "dense" }, (2 * 9 * 100) / chains + 10 * 100 * lossUnits],
  ])("of %s %o", (name, settings, expected) => {
    expect(units(name, settings).units).toBeCloseTo(chains * expected, 6);
  });

  it("is the same for null and for what null means", () => {
    const pt = { draws: 10_000, warmup: 300, rungs: null, num_integration_steps: null };
    expect(units("pt", pt)).toEqual(units("pt", { ...pt, rungs: 8, num_integration_steps: 8 }));
  });

  it("compares no flow with a mixture, no walk with trajectories, no minibatches of one size with another", () => {
    const classOf = (name: string, settings: object): string => units(name, settings).speedClass;
    expect(classOf("vi", { algo: "flow" })).not.toBe(classOf("vi", { algo: "mfa" }));
    expect(classOf("vi", { algo: "mfa", M: 1 })).not.toBe(classOf("vi", { algo: "mfa", M: 8 }));
    expect(classOf("pt", { kernel: "rwmh" })).not.toBe(classOf("pt", { kernel: "hmc" }));
    expect(units("sgld", { steps: 40, batch_size: 10 }).unitsPerCall).toBe(chains * 10);
  });
});
