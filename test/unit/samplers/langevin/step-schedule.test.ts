import { describe, expect, it } from "vitest";
import { recordedSteps, StepFactors } from "../../../../src/samplers/langevin/step-schedule.ts";

describe("StepFactors", () => {
  it("is 1 for a constant schedule", () => {
    expect(Array.from(new StepFactors({ schedule: "constant" }, 10).slice(3, 4))).toEqual([1, 1, 1, 1]);
  });

  it("falls as (1 + k/b)^−κ, from 1", () => {
    const factors = new StepFactors({ schedule: "polynomial", decayPower: 0.5, decayOffset: 8 }, 100);
    expect(factors.at(0)).toBe(1);
    expect(factors.at(24)).toBeCloseTo(0.5, 15);
  });

  it("falls along a cosine in every cycle: 1 at its start, ½ in the middle, never 0", () => {
    const factors = new StepFactors({ schedule: "cyclical", cycles: 3 }, 30);
    for (const start of [0, 10, 20]) {
      expect(factors.at(start)).toBe(1);
      expect(factors.at(start + 5)).toBeCloseTo(0.5, 15);
      expect(factors.at(start + 9)).toBeGreaterThan(0.02);
    }
  });

  it("slices what it gives step by step", () => {
    const factors = new StepFactors({ schedule: "cyclical" }, 50);
    expect(Array.from(factors.slice(7, 5))).toEqual([7, 8, 9, 10, 11].map((k) => factors.at(k)));
  });
});

describe("recordedSteps", () => {
  const shape = { steps: 20, warmup: 4, evalEvery: 2 };

  it("is every evalEvery steps after warmup", () => {
    const factors = new StepFactors({ schedule: "constant" }, 20);
    expect([...recordedSteps(factors, shape)]).toEqual([6, 8, 10, 12, 14, 16, 18, 20]);
  });

  it("leaves out the explored share of each cycle", () => {
    const factors = new StepFactors({ schedule: "cyclical", cycles: 2, exploration: 0.5 }, 20);
    expect([...recordedSteps(factors, shape)]).toEqual([6, 8, 10, 16, 18, 20]);
  });
});
