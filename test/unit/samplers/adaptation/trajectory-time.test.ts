/** Trajectory time: golden steps, limits, the criterion's derivative, Halton numbers. */
import { describe, expect, it } from "vitest";
import {
  cheesSignal,
  startTrajectoryTime,
  trajectoryTimeEntries,
  trajectoryTimeIn,
  updateTrajectoryTime,
  vanDerCorput,
} from "../../../../src/samplers/adaptation/trajectory-time.ts";

describe("ascent of log T", () => {
  it("moves by the learning rate in the derivative's direction, whatever its size", () => {
    for (const derivative of [1e-12, 3, 1e12]) {
      const up = updateTrajectoryTime(startTrajectoryTime(2), derivative, 1e9);
      expect(up.logTime).toBeCloseTo(Math.log(2) + 0.05, 12);
      const down = updateTrajectoryTime(startTrajectoryTime(2), -derivative, 1e9);
      expect(down.logTime).toBeCloseTo(Math.log(2) - 0.05, 12);
    }
  });

  it("averages log T with weights t^−½, the first replacing the start", () => {
    const first = updateTrajectoryTime(startTrajectoryTime(1), 1, 1e9);
    expect(first.logAverage).toBe(first.logTime);
    const second = updateTrajectoryTime(first, 1, 1e9);
    expect(second.logTime).toBeCloseTo(0.1, 12);
    expect(second.logAverage).toBeCloseTo(0.05 + (0.1 - 0.05) / Math.SQRT2, 12);
  });

  it("moves by at most 0.35 when the derivative jumps", () => {
    let state = startTrajectoryTime(1);
    for (let t = 0; t < 50; t++) state = updateTrajectoryTime(state, 1e-9, 1e9);
    const before = state.logTime;
    state = updateTrajectoryTime(state, 1, 1e9);
    expect(state.logTime - before).toBeLessThanOrEqual(0.35 + 1e-12);
  });

  it("stays where a derivative says nothing, and below the limit", () => {
    const start = startTrajectoryTime(2);
    for (const derivative of [Number.NaN, Number.POSITIVE_INFINITY, 0]) {
      expect(updateTrajectoryTime(start, derivative, 1e9).logTime).toBe(Math.log(2));
    }
    expect(updateTrajectoryTime(start, 1, 1.5).logTime).toBe(Math.log(1.5));
    const state = updateTrajectoryTime(start, 1, 1e9);
    expect(trajectoryTimeIn(trajectoryTimeEntries(state))).toEqual(state);
  });
});

describe("cheesSignal", () => {
  it("is the mean of (‖q'−m'‖² − ‖q−m‖²)·⟨q'−m', p'⟩ with weights of acceptance", () => {
    // Chains at ±1 go to ±3 with momenta ±1: (9 − 1)·3 each.
    const ends = {
      before: Float64Array.of(1, -1),
      after: Float64Array.of(3, -3),
      momentum: Float64Array.of(1, -1),
      acceptance: Float64Array.of(0.5, 0.5),
    };
    expect(cheesSignal({ ...ends, inverseMass: Float64Array.of(1) })).toBe(24);
    expect(cheesSignal({ ...ends, inverseMass: Float64Array.of(4) })).toBe(6);
    const turned = { ...ends, momentum: Float64Array.of(-1, 1), inverseMass: Float64Array.of(1) };
    expect(cheesSignal(turned)).toBe(-24);
  });

  it("gives refused chains no say, be their ends finite or not", () => {
    const signal = (end: number): number =>
      cheesSignal({
        before: Float64Array.of(1, -1, 0),
        after: Float64Array.of(3, -3, end),
        momentum: Float64Array.of(1, -1, end),
        inverseMass: Float64Array.of(1),
        acceptance: Float64Array.of(1, 1, 0),
      });
    expect(signal(Number.NaN)).toBe(24);
    expect(signal(1e200)).toBe(24);
  });

  it("is NaN if every chain was refused", () => {
    const one = Float64Array.of(1, 2);
    expect(
      cheesSignal({
        before: one,
        after: one,
        momentum: one,
        inverseMass: Float64Array.of(1),
        acceptance: Float64Array.of(0, 0),
      }),
    ).toBeNaN();
  });

  it("agrees with finite differences of the criterion along free flights", () => {
    // q' = q + t·V∘p for fixed p: ¼·mean of (‖q'−m'‖² − ‖q−m‖²)², derivative by t.
    const before = Float64Array.of(1, 0.2, -0.5, 0.7, 0.1, -1.1);
    const momentum = Float64Array.of(0.3, -1, 0.8, 0.5, -0.9, 0.4);
    const inverseMass = Float64Array.of(2, 0.5);
    const acceptance = Float64Array.of(1, 1, 1);
    const afterAt = (t: number) =>
      before.map((q, i) => q + t * (inverseMass[i % 2] ?? 0) * (momentum[i] ?? 0));
    const squares = (rows: Float64Array): number[] => {
      const mean = [0, 1].map((i) => ((rows[i] ?? 0) + (rows[i + 2] ?? 0) + (rows[i + 4] ?? 0)) / 3);
      return [0, 1, 2].map((chain) =>
        [0, 1].reduce(
          (sum, i) => sum + ((rows[2 * chain + i] ?? 0) - (mean[i] ?? 0)) ** 2 / (inverseMass[i] ?? 1),
          0,
        ),
      );
    };
    const criterion = (t: number): number =>
      squares(afterAt(t)).reduce((sum, value, k) => sum + (value - (squares(before)[k] ?? 0)) ** 2 / 12, 0);
    const found = cheesSignal({ before, after: afterAt(0.7), momentum, inverseMass, acceptance });
    // ⟨q'−m', V∘p' − mean⟩_M differs from ⟨q'−m', p'⟩ by nothing once weighted by the change of each chain only if the mean
    // momentum is 0: centre it.
    const centred = momentum.slice();
    for (const i of [0, 1]) {
      const mean = ((momentum[i] ?? 0) + (momentum[i + 2] ?? 0) + (momentum[i + 4] ?? 0)) / 3;
      for (const chain of [0, 2, 4]) centred[chain + i] = (centred[chain + i] ?? 0) - mean;
    }
    const exact = cheesSignal({ before, after: afterAt(0.7), momentum: centred, inverseMass, acceptance });
    const numeric = (criterion(0.7 + 1e-5) - criterion(0.7 - 1e-5)) / 2e-5;
    expect(exact).toBeCloseTo(numeric, 7);
    expect(Math.sign(found)).toBe(Math.sign(numeric));
  });
});

describe("vanDerCorput", () => {
  it("counts bits in reverse", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(vanDerCorput)).toEqual([
      0.5, 0.25, 0.75, 0.125, 0.625, 0.375, 0.875, 0.0625,
    ]);
  });
});
