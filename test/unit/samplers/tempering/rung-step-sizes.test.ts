import { describe, expect, it } from "vitest";
import {
  averagedStepSize,
  startDualAveraging,
  updateDualAveraging,
} from "../../../../src/samplers/adaptation/dual-averaging.ts";
import {
  carriedStepSizes,
  RungStepSizes,
  scaledStepSizes,
  searchedStepSizes,
} from "../../../../src/samplers/tempering/rung-step-sizes.ts";
import { expectClose } from "../../../support/close.ts";

const betas = Float64Array.of(1, 0.25, 0);
const targets = Float64Array.of(0.6, 0.8, 0.8);

describe("RungStepSizes", () => {
  it("begins at ε/√β, and at 0 for the reference", () => {
    expect([...new RungStepSizes(0.1, betas).values]).toEqual([0.1, 0.2, 0]);
  });

  it("averages each rung by itself and leaves the reference at 0", () => {
    const rungs = new RungStepSizes(0.1, betas);
    rungs.update(Float64Array.of(0.9, 0.1, 1), targets);
    const alone = updateDualAveraging(startDualAveraging(0.2), 0.1, 0.8);
    expect(rungs.values[2]).toBe(0);
    expectClose(rungs.averaged(), [rungs.averaged()[0] ?? 0, averagedStepSize(alone), 0], 1e-15);
  });

  it("continues from its snapshot", () => {
    const rungs = new RungStepSizes(0.1, betas);
    rungs.update(Float64Array.of(0.9, 0.1, 1), targets);
    const copy = new RungStepSizes(1, betas);
    copy.restore(rungs.snapshot());
    for (const each of [rungs, copy]) each.update(Float64Array.of(0.3, 0.7, 1), targets);
    expect(copy.values).toEqual(rungs.values);
    expect(copy.averaged()).toEqual(rungs.averaged());
  });
});

describe("searchedStepSizes", () => {
  it("finds one factor a kernel, and leaves the reference and other kernels' rungs alone", async () => {
    const kernels = ["walk", "leap", "walk"] as const;
    const asked: string[] = [];
    const found = await searchedStepSizes(Float64Array.of(1, 1, 2, 0), kernels, async (kernel, stepSizes) => {
      asked.push(kernel);
      expect(stepSizes[3]).toBe(0);
      return (stepSizes[kernel === "walk" ? 0 : 1] ?? 0) > (kernel === "walk" ? 3 : 0.3) ? 0.5 : 0.9;
    });
    expect([...found]).toEqual([4, 0.25, 8, 0]);
    expect(asked).toEqual(["walk", "walk", "walk", "leap", "leap", "leap"]);
  });
});

describe("carriedStepSizes", () => {
  const from = Float64Array.of(1, 0.5, 0.1, 0.01);
  const to = Float64Array.of(1, 0.3, 0.05, 0.01);

  it("keeps a power law of β on any ladder with the same ends", () => {
    const kernels = ["hmc", "hmc", "hmc", "hmc"];
    const carried = carriedStepSizes(scaledStepSizes(0.1, from), { from, to, kernels });
    expectClose(carried, scaledStepSizes(0.1, to), 1e-12);
  });

  it("carries those of each kernel by themselves, between its own hottest and coldest", () => {
    const kernels = ["walk", "walk", "leap", "walk"];
    const steps = Float64Array.of(0.1, 0.2, 7, 0.4);
    const carried = carriedStepSizes(steps, { from, to, kernels });
    const walks = carriedStepSizes(Float64Array.of(0.1, 0.2, 0.4), {
      from: Float64Array.of(1, 0.5, 0.01),
      to: Float64Array.of(1, 0.3, 0.01),
      kernels: ["walk", "walk", "walk"],
    });
    expectClose(carried, [walks[0]!, walks[1]!, 7, walks[2]!], 1e-15);
  });

  it("gives the reference 0, and everything else the only step size that is known", () => {
    const two = Float64Array.of(1, 0);
    expect([...carriedStepSizes(Float64Array.of(0.3, 0), { from: two, to: two, kernels: ["hmc"] })]).toEqual([
      0.3, 0,
    ]);
  });
});
