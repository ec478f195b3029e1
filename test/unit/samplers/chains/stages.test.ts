/** Numbering of warmup units. */
import { describe, expect, it } from "vitest";
import { numUnitsOf, stageAt } from "../../../../src/samplers/chains/stages.ts";

const stages = [
  { name: "first", count: 2 },
  { name: "empty", count: 0 },
  { name: "last", count: 1 },
] as const;

describe("stageAt", () => {
  it("numbers the units of all stages through and leaves empty stages out", () => {
    expect(numUnitsOf(stages)).toBe(3);
    expect([0, 1, 2].map((index) => stageAt(stages, index))).toEqual([
      { name: "first", offset: 0, count: 2, isLast: false },
      { name: "first", offset: 1, count: 2, isLast: true },
      { name: "last", offset: 0, count: 1, isLast: true },
    ]);
  });

  it("calls a unit after the end a bug", () => {
    expect(() => stageAt(stages, 3)).toThrow(/^bug:/);
  });
});
