/** Widths from budgets. */
import { describe, expect, it } from "vitest";
import { type NetworkSpec, numParametersOf } from "../../../../src/compute/model.ts";
import { resolveWidths, widthWithin } from "../../../../src/targets/network/widths.ts";

const frame: Omit<NetworkSpec, "widths"> = {
  inDim: 4,
  outDim: 1,
  activation: "relu",
  bias: true,
  layernorm: false,
  skipConnections: false,
  residualPeriod: 2,
};

describe("widthWithin", () => {
  // The Python project's `small` and `base` presets.
  it.each([
    [4, 2, 50, 4, 45],
    [32, 3, 10_000, 62, 9921],
  ])("of inDim %d, depth %d and budget %d is %d, with %d parameters", (inDim, depth, budget, width, size) => {
    const wide = { ...frame, inDim };
    expect(widthWithin(wide, depth, budget)).toBe(width);
    expect(numParametersOf({ ...wide, widths: Array<number>(depth).fill(width) })).toBe(size);
  });

  const frames = [1, 3].flatMap((outDim) =>
    [true, false].flatMap((bias) =>
      [true, false].map((layernorm) => ({ ...frame, outDim, bias, layernorm })),
    ),
  );
  it.each(frames)("never exceeds the budget, and one more unit would: %j", (part) => {
    for (const depth of [1, 2, 5]) {
      const sizeOf = (h: number): number =>
        numParametersOf({ ...part, widths: Array<number>(depth).fill(h) });
      const width = widthWithin(part, depth, 777);
      expect(sizeOf(width)).toBeLessThanOrEqual(777);
      expect(sizeOf(width + 1)).toBeGreaterThan(777);
    }
  });

  it("is 1 where even that exceeds the budget", () => {
    expect(widthWithin(frame, 3, 2)).toBe(1);
  });
});

describe("resolveWidths", () => {
  const nothing = { depth: 2, widths: null, targetParams: null, hidden: null };

  it("prefers widths, then target_params, then hidden", () => {
    expect(resolveWidths(frame, { ...nothing, widths: [7], targetParams: 50, hidden: 9 })).toEqual([7]);
    expect(resolveWidths(frame, { ...nothing, targetParams: 50, hidden: 9 })).toEqual([4, 4]);
    expect(resolveWidths(frame, { ...nothing, hidden: 9 })).toEqual([9, 9]);
  });

  it("is empty at depth 0", () => {
    expect(resolveWidths(frame, { ...nothing, depth: 0, targetParams: 50 })).toEqual([]);
  });

  it("refuses hidden layers that nothing sizes", () => {
    expect(() => resolveWidths(frame, nothing)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }) as Error,
    );
  });
});
