/** Search of a first step size on acceptance curves that are known. */
import { describe, expect, it } from "vitest";
import { SweepError } from "../../../../src/core/errors.ts";
import { searchStepSize } from "../../../../src/samplers/adaptation/step-size-search.ts";

/** Acceptance e^{−ε}, which crosses 0.8 at ε = 0.223. */
const decreasing = async (stepSize: number): Promise<number> => Math.exp(-stepSize);

describe("searchStepSize", () => {
  it("ends on the other side of the threshold, within a factor of 2, from above and below", async () => {
    expect(await searchStepSize(16, decreasing)).toBe(0.125);
    expect(await searchStepSize(2 ** -10, decreasing)).toBe(0.25);
  });

  it("takes a NaN acceptance for a rejection", async () => {
    const cliff = async (stepSize: number): Promise<number> => (stepSize > 1e-3 ? Number.NaN : 1);
    expect(await searchStepSize(1, cliff)).toBe(2 ** -10);
  });

  it("refuses a posterior that accepts every step size", async () => {
    const error = await searchStepSize(1, async () => 1).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SweepError);
    expect(error).toMatchObject({ code: "NUMERICS" });
  });

  it("refuses a posterior that accepts none", async () => {
    await expect(searchStepSize(1, async () => Number.NaN)).rejects.toMatchObject({ code: "NUMERICS" });
  });
});
