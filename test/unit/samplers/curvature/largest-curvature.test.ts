/** Largest curvatures against exact ones. */
import { describe, expect, it } from "vitest";
import { centerPositions } from "../../../../src/samplers/chains/start-positions.ts";
import { WorkCounter } from "../../../../src/samplers/chains/work-counter.ts";
import { greatestFinite, LargestCurvature } from "../../../../src/samplers/curvature/largest-curvature.ts";
import type { Posterior } from "../../../../src/samplers/sampler.ts";
import { aPosterior } from "../../../support/posteriors.ts";

const measure = (
  posterior: Posterior,
  changes: { positions?: Float64Array; preconditioner?: Float64Array } = {},
): Promise<Float64Array> =>
  new LargestCurvature(posterior, new WorkCounter(posterior.ensemble)).of({
    positions: centerPositions(posterior),
    ...changes,
  });

describe("LargestCurvature", () => {
  it("finds the largest curvature nβ·h + γ of a quadratic", async () => {
    for (const curvature of await measure(aPosterior())) expect(curvature / 251).toBeCloseTo(1, 6);
  });

  it("is that of each chain's own position: at (a, 0) of w1²w2² it is 2nβa² + γ", async () => {
    const posterior = aPosterior({
      model: { kind: "monomial", coefficient: 1, exponents: [1, 1] },
      numChains: 3,
    });
    const found = await measure(posterior, { positions: Float64Array.of(0, 0, 0.5, 0, 0, 2) });
    // Differences over 2e-3 add fourth derivatives of up to nβ·4·1e-6.
    [1, 6, 81].forEach((exact, chain) => expect(found[chain]).toBeCloseTo(exact, 3));
  });

  it("sees the curvature through the preconditioner", async () => {
    const preconditioner = Float64Array.of(1, 1, 0.01, 1, 10, 0.01, 1, 1, 0.01, 1, 1, 0.01);
    const found = await measure(aPosterior(), { preconditioner });
    [41, 410, 41, 41].forEach((exact, chain) => expect((found[chain] ?? 0) / exact).toBeCloseTo(1, 5));
  });

  it("is not finite where a chain is not, and the others do not notice", async () => {
    const positions = new Float64Array(12).fill(Number.NaN, 0, 3);
    const found = await measure(aPosterior(), { positions });
    expect(found[0]).toBeNaN();
    expect(greatestFinite(found) / 251).toBeCloseTo(1, 6);
    expect(greatestFinite(new Float64Array(2).fill(Number.NaN))).toBeNaN();
  });
});
