/** The step-size rule of microcanonical dynamics. */
import { describe, expect, it } from "vitest";
import {
  type EnergyTuning,
  energyTuningEntries,
  energyTuningIn,
  startEnergyTuning,
  updateEnergyTuning,
} from "../../../../src/samplers/adaptation/mclmc-tuner.ts";

const rule = { dim: 10, desiredEnergyVar: 5e-4, trustInEstimate: 1.5, numEffectiveSamples: 150 };

const observe = (errors: readonly number[], bad: readonly number[] = errors.map(() => 0)) => ({
  energyError: Float64Array.from(errors),
  isBad: Uint8Array.from(bad),
});

describe("updateEnergyTuning", () => {
  // Golden numbers of an independent script: d = 10, start 0.25·√10, one chain.
  it("reproduces the golden sequence of step sizes", () => {
    const golden = [
      [0.3, 0.48834632569633835],
      [-0.05, 0.5132180035538088],
      [0.01, 0.5468035887096038],
      [0.002, 0.5684596392311478],
    ] as const;
    let state = startEnergyTuning(0.25 * Math.sqrt(10));
    for (const [error, stepSize] of golden) {
      state = updateEnergyTuning(state, observe([error]), rule);
      expect(state.stepSize).toBeCloseTo(stepSize, 14);
    }
  });

  it("takes one step of several chains as one step with their mean squared error", () => {
    const [a, b] = [0.3, 0.1];
    const state = startEnergyTuning(1);
    const pooled = updateEnergyTuning(state, observe([a, b]), rule);
    const single = updateEnergyTuning(state, observe([Math.sqrt((a * a + b * b) / 2)]), rule);
    expect(pooled.stepSize).toBeCloseTo(single.stepSize, 14);
  });

  // Seen to fail on a rule that counts a bad step as ΔE = 0: the step size then grows to 2.5.
  it("lowers the step size and its bound after a bad step, for good", () => {
    const first = updateEnergyTuning(startEnergyTuning(2), observe([0], [1]), rule);
    expect(first).toMatchObject({ stepSize: 1.6, maxStepSize: 1.6, weight: 0, weightedSum: 0 });
    const later = updateEnergyTuning(first, observe([1e-9]), rule);
    expect(later.stepSize).toBe(1.6);
  });

  it("learns from the good chains of a step that was bad in another", () => {
    const state = startEnergyTuning(2);
    const mixed = updateEnergyTuning(state, observe([0.3, 0], [0, 1]), rule);
    const alone = updateEnergyTuning(state, observe([0.3]), rule);
    expect(mixed.weightedSum).toBe(alone.weightedSum);
    expect(mixed.maxStepSize).toBe(1.6);
  });

  // Seen to matter on relu networks: a jump of 20 times threw chains 10^5 nats up.
  it("grows by a quarter a step at most", () => {
    expect(updateEnergyTuning(startEnergyTuning(2), observe([1e-9]), rule).stepSize).toBe(2.5);
  });

  it("settles where the mean of ΔE²/d is the wanted one", () => {
    // ΔE = ε³·z/10 with z = ±1 in turn gives ε⁶ = 100·10·5e-4 exactly.
    let state = startEnergyTuning(5);
    for (let step = 0; step < 400; step++) {
      state = updateEnergyTuning(
        state,
        observe([(step % 2 === 0 ? 1 : -1) * state.stepSize ** 3 * 0.1]),
        rule,
      );
    }
    expect(state.stepSize).toBeCloseTo(0.5 ** (1 / 6), 6);
  });

  it("comes down from energy errors so large that their weight underflows", () => {
    let state: EnergyTuning = startEnergyTuning(1e40);
    for (let step = 0; step < 3; step++) state = updateEnergyTuning(state, observe([1e150]), rule);
    expect(state.stepSize).toBeLessThan(1e40);
    expect(state.stepSize).toBeGreaterThan(0);
  });

  it("survives a snapshot", () => {
    const state = updateEnergyTuning(startEnergyTuning(2), observe([0.3, 0], [0, 1]), rule);
    expect(energyTuningIn(energyTuningEntries(state))).toEqual(state);
  });
});
