/**
 * Every registered sampler against the law that it claims: the short form (`every-sampler.slow.test.ts` is the long one).
 *
 * Bounds: |z| < 5 a check (5.7e-7), fewer than 200 checks here: a false alarm in 10,000 seeds. `LAMBDA_HAT_LAW_SEED` sets the
 * seed. Kept small: 2,000 chains from exact starts, 64 replicates of calibration, 30,000 gradients a chain.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../src/compute/backend.ts";
import { createWasmBackend } from "../../src/compute/wasm/wasm-backend.ts";
import { samplerNames } from "../../src/samplers/registry.ts";
import { calibrationOf } from "../support/laws/calibration.ts";
import { invarianceOf } from "../support/laws/invariance.ts";
import { isRight, type LlcTarget, llcOf, llcTargets } from "../support/laws/llc.ts";
import { batchedAndAlone, bytesOnEach } from "../support/laws/reproducibility.ts";
import { samplerUnder } from "../support/laws/sampler-law.ts";
import { casesOf, kernelLaws, samplerLaws } from "../support/laws/sampler-laws.ts";
import { zBound } from "../support/laws/scores.ts";
import { type LawTarget, lawTargets } from "../support/laws/targets.ts";

it("there is a law for every registered sampler, with a mistake that must be refused", () => {
  const held: readonly string[] = samplerLaws
    .filter(([, { broken }]) => broken.length > 0)
    .map(([name]) => name);
  expect(samplerNames.filter((name) => !held.includes(name))).toEqual([]);
});

const numChains = 2000;
const leastMobility = 0.1;
const [gaussian] = lawTargets as readonly [LawTarget, ...LawTarget[]];
const targetRows = lawTargets.map((target) => [target.name, target] as const);

describe.each(kernelLaws)("%s from an exact start", (name, law) => {
  it.each(targetRows)("keeps its law: %s", async (_, target) => {
    const { score, mobility } = await invarianceOf([name, law], target, { numChains });
    expect(score).toBeLessThan(zBound);
    expect(mobility).toBeGreaterThan(leastMobility);
  });

  it.each(law.broken)("is refused when it %s", async (breakage) => {
    const { score } = await invarianceOf([name, law], gaussian, { numChains, breakage });
    expect(score).toBeGreaterThan(zBound);
  });

  it("is refused when it stands still", async () => {
    const { mobility } = await invarianceOf([name, law], gaussian, { numChains, breakage: "stands still" });
    expect(mobility).toBeLessThan(leastMobility);
  });

  if (law.kernel(gaussian).stationaryVariance === undefined) return;
  it("keeps the discretised law, not the one that it approximates", async () => {
    const { score } = await invarianceOf([name, law], gaussian, { numChains, wantsTarget: true });
    expect(score).toBeGreaterThan(zBound);
  });
});

const [quadratic] = llcTargets as readonly [LlcTarget, ...LlcTarget[]];

describe.each(samplerLaws.filter(([, { kernel }]) => kernel === null))("%s", (name, law) => {
  it.each(law.broken)("is refused when it %s", async (breakage) => {
    const estimate = await llcOf([name, law], quadratic, { gradients: 20_000, breakage });
    expect(isRight(estimate)).toBe(false);
  });
});

describe.each(samplerLaws)("%s", (name, law) => {
  it("is calibrated on a linear-Gaussian model", async () => {
    const { score } = await calibrationOf([name, law], 64);
    expect(score).toBeLessThan(zBound);
  });

  const held = llcTargets.filter(({ isGaussian }) => isGaussian || law.kind !== "variational");
  it.each(held.map((target) => [target.name, target] as const))(
    "gives the exact λ̂: %s",
    async (_, target) => {
      const estimate = await llcOf([name, law], target, { gradients: 30_000 });
      expect(isRight(estimate), JSON.stringify(estimate)).toBe(true);
    },
  );
});

describe.each(samplerLaws)("the draws of %s", (name, law) => {
  const backends: Backend[] = [];
  beforeAll(async () => {
    for (const numThreads of [1, 4]) backends.push(await createWasmBackend({ numThreads }));
  });
  afterAll(() => {
    for (const backend of backends) backend.close();
  });

  it("are the same to the byte with 1 and 4 threads", async () => {
    for (const settings of casesOf([name, law])) {
      const [one, four] = await bytesOnEach([samplerUnder([name, law]), settings], backends);
      expect(four).toEqual(one);
    }
  });

  const { alone: run } = law;
  if (!("settings" in run)) return; // its chains know of each other: `run.reason`
  it("are the same to the byte with chains batched and alone", async () => {
    const [backend] = backends;
    if (backend === undefined) throw new Error("bug: no backend");
    const { batched, alone } = await batchedAndAlone([samplerUnder([name, law]), run.settings], backend);
    expect(new Set(batched).size).toBe(batched.length);
    expect(alone).toEqual(batched);
  });
});
