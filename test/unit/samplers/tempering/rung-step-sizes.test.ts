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
} from "../../../../src/samplers/tempering/rung-step-sizes.ts";
import { expectClose } from "../../../support/close.ts";

const betas = Float64Array.of(1, 0.25, 0);

describe("RungStepSizes", () => {
  it("begins at ε/√β, and at 0 for the reference", () => {
    expect([...new RungStepSizes(0.1, betas).values]).toEqual([0.1, 0.2, 0]);
  });

  it("averages each rung by itself and leaves the reference at 0", () => {
    const rungs = new RungStepSizes(0.1, betas);
    rungs.update(Float64Array.of(0.9, 0.1, 1), 0.8);
    const alone = updateDualAveraging(startDualAveraging(0.2), 0.1, 0.8);
    expect(rungs.values[2]).toBe(0);
    expectClose(rungs.averaged(), [rungs.averaged()[0] ?? 0, averagedStepSize(alone), 0], 1e-15);
  });

  it("continues from its snapshot", () => {
    const rungs = new RungStepSizes(0.1, betas);
    rungs.update(Float64Array.of(0.9, 0.1, 1), 0.8);
    const copy = new RungStepSizes(1, betas);
    copy.restore(rungs.snapshot());
    for (const each of [rungs, copy]) each.update(Float64Array.of(0.3, 0.7, 1), 0.8);
    expect(copy.values).toEqual(rungs.values);
    expect(copy.averaged()).toEqual(rungs.averaged());
  });
});

describe("carriedStepSizes", () => {
  it("keeps a power law of β on any ladder with the same ends", () => {
    const from = Float64Array.of(1, 0.5, 0.1, 0.01);
    const to = Float64Array.of(1, 0.3, 0.05, 0.01);
    expectClose(carriedStepSizes(scaledStepSizes(0.1, from), from, to), scaledStepSizes(0.1, to), 1e-12);
  });

  it("gives the reference 0, and everything else the only step size that is known", () => {
    const two = Float64Array.of(1, 0);
    expect([...carriedStepSizes(Float64Array.of(0.3, 0), two, two)]).toEqual([0.3, 0]);
  });
});
