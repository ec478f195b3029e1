/** Kernels belong to temperatures: a row moves by that of the rung where it is. */
import { expect, it } from "vitest";
import { WorkCounter } from "../../../../src/samplers/chains/work-counter.ts";
import { Explorer } from "../../../../src/samplers/tempering/explorer.ts";
import type { PtSettings } from "../../../../src/samplers/tempering/pt-settings.ts";
import { aPosterior } from "../../../support/posteriors.ts";
import { settingsOf } from "../../../support/sampler-settings.ts";

const anExplorer = (kernels: NonNullable<PtSettings["kernels"]>) => {
  const posterior = aPosterior({ numChains: 4 });
  const counter = new WorkCounter(posterior.ensemble);
  const settings = {
    ...settingsOf("pt"),
    kernel: "custom",
    kernels,
    numIntegrationSteps: 1,
    maxDepth: 3,
  } as const;
  const explorer = new Explorer(posterior, settings, counter);
  const setRungs = (...rungs: number[]): Promise<void> => {
    explorer.setPlaces({
      rungOf: Int32Array.from(rungs),
      nBeta: Float64Array.from(rungs, (rung) => 10 / (1 + rung)),
    });
    return explorer.refresh();
  };
  return { explorer, counter, setRungs };
};

/** ε that only trees make more than one step of. */
const steps = Float64Array.of(0.03, 0.03, 0.03, 0.03);

it("a row moves by the kernel of its rung, and takes another with another rung", async () => {
  const { explorer, setRungs } = anExplorer(["nuts", "rwmh", "mala"]);
  await setRungs(0, 1, 2, 2);
  const { numSteps } = await explorer.explore(steps, 0);
  expect([(numSteps[0] ?? 0) > 1, ...numSteps.subarray(1)]).toEqual([true, 1, 1, 1]);
  await setRungs(2, 1, 0, 2);
  const later = (await explorer.explore(steps, 1)).numSteps;
  expect([later[0], later[1], (later[2] ?? 0) > 1, later[3]]).toEqual([1, 1, true, 1]);
});

it("rows of the reference, which has no kernel, stay and count as accepted", async () => {
  const { explorer, setRungs } = anExplorer(["hmc", "rwmh"]);
  await setRungs(0, 1, 2, 2);
  const before = (await explorer.snapshot())["position"] as Float64Array;
  const { acceptanceRate, numSteps } = await explorer.explore(Float64Array.of(0.03, 0.03, 0, 0), 0);
  const after = (await explorer.snapshot())["position"] as Float64Array;
  expect([...after.subarray(6)]).toEqual([...before.subarray(6)]);
  expect([...after.subarray(0, 3)]).not.toEqual([...before.subarray(0, 3)]);
  expect([...acceptanceRate.subarray(2), ...numSteps.subarray(2)]).toEqual([1, 1, 0, 0]);
});

it("a ladder of walks alone asks for no gradient", async () => {
  const { explorer, counter, setRungs } = anExplorer(["rwmh", "rwmh"]);
  await setRungs(0, 1, 0, 1);
  await explorer.explore(steps, 0);
  expect(counter.work).toEqual({ gradients: 0, warmupGradients: 0, losses: 2 * 4 * 10 });
});

it("probes speak of the rows of one kernel alone", async () => {
  const { explorer, setRungs } = anExplorer(["hmc", "rwmh"]);
  await setRungs(0, 1, 1, 1);
  const sizes = Float64Array.of(1e-6, 50, 50, 50);
  expect(await explorer.probe("hmc", sizes, 0)).toBeCloseTo(1, 5);
  expect(await explorer.probe("rwmh", sizes, 1)).toBeLessThan(0.01);
});
