/** Draws of the mixtures. */
import { describe, expect, it } from "vitest";
import { drawFromFits } from "../../../../src/samplers/variational/vi-draws.ts";
import { aMixture, drawable } from "../../../support/mixtures.ts";
import { aPosterior } from "../../../support/posteriors.ts";

const drawAll = async (
  options: { numChains: number; firstChain?: number },
  address: { kind: "training" | "evaluation"; step: number },
) => {
  const posterior = aPosterior({ ...options, center: Float64Array.of(1, 2, 3) });
  const { ensemble } = posterior;
  const buffers = { noise: ensemble.vectors(), position: ensemble.vectors() };
  const mixtures = Array.from({ length: options.numChains }, () => aMixture(3, [2, 1]));
  const draws = await drawFromFits({ posterior, buffers }, drawable(mixtures), address);
  return { draws, positions: await ensemble.readVectors(buffers.position) };
};

describe("drawFromFits", () => {
  it("puts the positions at w* plus the displacements", async () => {
    const { draws, positions } = await drawAll({ numChains: 2 }, { kind: "training", step: 3 });
    draws.forEach((draw, chain) =>
      draw.forEach((value, i) => expect(positions[3 * chain + i]).toBe(i + 1 + value)),
    );
  });

  it("gives a chain the same draw alone and among others", async () => {
    const { draws } = await drawAll({ numChains: 3 }, { kind: "training", step: 3 });
    const { draws: alone } = await drawAll({ numChains: 1, firstChain: 2 }, { kind: "training", step: 3 });
    expect(alone[0]).toEqual(draws[2]);
  });

  it("never uses a number of training again for evaluation, or of one step for another", async () => {
    const addresses = [
      { kind: "training", step: 3 },
      { kind: "evaluation", step: 3 },
      { kind: "training", step: 4 },
    ] as const;
    const firsts = await Promise.all(
      addresses.map(async (address) => (await drawAll({ numChains: 1 }, address)).draws[0]),
    );
    expect(new Set(firsts.map((draw) => draw?.[0])).size).toBe(3);
  });
});
