/** Dispersed starts. */
import { describe, expect, it } from "vitest";
import { centerPositions, startPositions } from "../../../../src/samplers/chains/start-positions.ts";
import { aPosterior } from "../../../support/posteriors.ts";

const center = Float64Array.of(1, -2, 3);

describe("startPositions", () => {
  it("is w* for every chain when the scale is 0", async () => {
    const posterior = aPosterior({ center, startScale: 0 });
    expect(await posterior.ensemble.readVectors(startPositions(posterior))).toEqual(
      centerPositions(posterior),
    );
  });

  it("is proportional to the scale, different in every chain", async () => {
    const offsets = async (startScale: number): Promise<number[]> => {
      const posterior = aPosterior({ center, startScale });
      const starts = await posterior.ensemble.readVectors(startPositions(posterior));
      return [...starts].map((w, i) => (w - (center[i % 3] ?? 0)) / startScale);
    };
    const [small, large] = [await offsets(0.25), await offsets(4)];
    large.forEach((value, i) => expect(small[i]).toBeCloseTo(value, 12));
    expect(new Set(large).size).toBe(12);
  });

  it("gives a chain the same start alone and in a batch", async () => {
    const batch = aPosterior({ center });
    const alone = aPosterior({ center, numChains: 1, firstChain: 2 });
    const starts = await batch.ensemble.readVectors(startPositions(batch));
    expect(await alone.ensemble.readVectors(startPositions(alone))).toEqual(starts.slice(6, 9));
  });
});
