/** The isokinetic step of one chain: the map B on its own, and what a step draws and keeps. */
import { describe, expect, it } from "vitest";
import {
  type IsokineticChain,
  type IsokineticStep,
  isokineticStep,
} from "../../../../src/compute/reference/isokinetic.ts";

const stepOf = (changes: Partial<IsokineticStep>): IsokineticStep => ({
  integrator: "leapfrog",
  stepSize: 0.5,
  decoherenceLength: Infinity,
  scale: new Float64Array(3).fill(1),
  noiseBefore: new Float64Array(3),
  noiseAfter: new Float64Array(3),
  freshDirection: () => Float64Array.of(0, 0, 2),
  ...changes,
});
const chainAt = (gradient: readonly number[]): IsokineticChain => ({
  position: new Float64Array(3),
  direction: Float64Array.of(1, 0, 0),
  gradient: Float64Array.from(gradient),
  evaluation: { loss: 0, potential: 0 },
});

describe("isokineticStep", () => {
  it("turns u = (1, 0, 0) under ∇ℓ = (0, −2, 0) to (sech ½, −tanh ½, 0) with ΔK = 2·log cosh ½", () => {
    // Constant force: the two half turns of leapfrog with ε = ½ make one turn of ½.
    const chain = chainAt([0, 2, 0]);
    const constantForce = (
      _position: Float64Array,
      gradient: Float64Array,
    ): { loss: number; potential: number } => {
      gradient.set([0, 2, 0]);
      return { loss: 0, potential: 0 };
    };
    const { energyError } = isokineticStep(chain, constantForce, stepOf({}));
    [0.8868188839700739, -0.46211715726000974, 0].forEach((u, i) =>
      expect(chain.direction[i]).toBeCloseTo(u, 15),
    );
    expect(energyError).toBeCloseTo(0.24022901391655516, 15);
  });

  it("draws a fresh direction only after a bad step", () => {
    let draws = 0;
    const freshDirection = (): Float64Array => {
      draws++;
      return Float64Array.of(0, 0, 2);
    };
    const flat = (_position: Float64Array, gradient: Float64Array): { loss: number; potential: number } => {
      gradient.fill(0);
      return { loss: 1, potential: 1 };
    };
    const good = chainAt([0, 0, 0]);
    expect(isokineticStep(good, flat, stepOf({ freshDirection }))).toEqual({ energyError: 1, isBad: false });
    expect(draws).toBe(0);
    const bad = chainAt([0, 0, 0]);
    const cliff = (): { loss: number; potential: number } => ({ loss: 1, potential: Infinity });
    expect(isokineticStep(bad, cliff, stepOf({ freshDirection }))).toEqual({ energyError: 0, isBad: true });
    expect(draws).toBe(1);
    expect(bad).toEqual({ ...chainAt([0, 0, 0]), direction: Float64Array.of(0, 0, 1) });
  });

  it("is bad when the gradient alone is not finite", () => {
    const torn = (_position: Float64Array, gradient: Float64Array): { loss: number; potential: number } => {
      gradient.set([0, 0, NaN]);
      return { loss: 0, potential: 0 };
    };
    const chain = chainAt([0, 0, 0]);
    expect(isokineticStep(chain, torn, stepOf({})).isBad).toBe(true);
    expect([...chain.position, ...chain.gradient]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
