/** Scale of the coordinates of a fit. */
import { describe, expect, it } from "vitest";
import { WorkCounter } from "../../../../src/samplers/chains/work-counter.ts";
import { baseScale, Whitening } from "../../../../src/samplers/variational/vi-scale.ts";
import { aPosterior } from "../../../support/posteriors.ts";

const isotropic = { kind: "quadratic", curvature: [2, 2, 2] } as const;
const scaleOf = (options: Parameters<typeof aPosterior>[0]): Promise<number> => {
  const posterior = aPosterior(options);
  return baseScale(posterior, new WorkCounter(posterior.ensemble));
};

describe("baseScale", () => {
  it("is 1/√(nβh + γ) on an isotropic quadratic, wherever chains start", async () => {
    for (const startScale of [0, 0.1, 3]) {
      expect(await scaleOf({ model: isotropic, nBeta: 50, gamma: 7, startScale })).toBeCloseTo(
        1 / Math.sqrt(107),
        12,
      );
    }
  });

  it("is never wider than the localiser allows", async () => {
    const saddle = { kind: "quadratic", curvature: [-5, -5, -5] } as const;
    expect(await scaleOf({ model: saddle, gamma: 4 })).toBe(0.5);
  });

  it("is the width of the starts where there is no curvature at all", async () => {
    const flat = { kind: "quadratic", curvature: [0, 0] } as const;
    expect(await scaleOf({ model: flat, gamma: 0, startScale: 0.2 })).toBe(0.2);
  });

  it("costs two gradients a chain", async () => {
    const posterior = aPosterior();
    const counter = new WorkCounter(posterior.ensemble);
    await baseScale(posterior, counter);
    expect(counter.work.gradients).toBe(2 * 4 * 10);
  });
});

describe("Whitening", () => {
  const whitened = async (
    mode: "rmsprop" | "adam",
    batches: readonly (readonly number[])[],
  ): Promise<Float64Array> => {
    const posterior = aPosterior({ numChains: 2 });
    const gradient = posterior.ensemble.vectors();
    const whitening = new Whitening(3, { mode, decay: 0.5 });
    for (const batch of batches) {
      posterior.ensemble.writeVectors(gradient, Float64Array.from(batch));
      await whitening.update(posterior, gradient);
    }
    return whitening.scaleAround(2);
  };

  it("is the root of the root mean square gradient, inverted, about its geometric mean", async () => {
    // Mean squares 1, 16, 256 (pooled over two chains): A_i = 1, 4, 16, Ā = 4, factors √4, 1, 1/√4.
    const scale = await whitened("rmsprop", [[1, 4, 16, -1, 4, -16]]);
    [4, 2, 1].forEach((value, i) => expect(scale[i]).toBeCloseTo(value, 12));
  });

  it("forgets the start of its averages and takes the mean out in mode adam", async () => {
    // Two chains with gradients mean ± deviation; deviations 1, 4, 16 as above, whatever the mean.
    const batch = [5 + 1, -3 + 4, 16, 5 - 1, -3 - 4, -16];
    const scale = await whitened("adam", [batch, batch, batch]);
    [4, 2, 1].forEach((value, i) => expect(scale[i]).toBeCloseTo(value, 12));
    const mixed = await whitened("rmsprop", [batch, batch, batch]);
    expect(mixed[0]).not.toBeCloseTo(4, 1);
  });

  it("keeps factors within a decade and gives a coordinate without gradient the widest", async () => {
    const scale = await whitened("rmsprop", [[0, 1e-6, 1e6, 0, 1e-6, 1e6]]);
    [20, 20, 0.2].forEach((value, i) => expect(scale[i]).toBeCloseTo(value, 12));
  });

  it("changes nothing where all gradients are 0", async () => {
    expect([...(await whitened("rmsprop", [[0, 0, 0, 0, 0, 0]]))]).toEqual([2, 2, 2]);
  });
});
