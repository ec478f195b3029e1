import fc from "fast-check";
import { expect, it } from "vitest";
import { monotoneCubic } from "../../../../src/samplers/tempering/monotone-cubic.ts";

it("goes through its points and stays at its ends", () => {
  const curve = monotoneCubic({ x: [0, 1, 3, 4], y: [5, 2, 1.5, -1] });
  expect([0, 1, 3, 4].map(curve)).toEqual([5, 2, 1.5, -1]);
  expect([-1, 5].map(curve)).toEqual([5, -1]);
});

it("is the line through points on a line", () => {
  const curve = monotoneCubic({ x: [0, 1, 3], y: [1, 3, 7] });
  expect(curve(2.25)).toBeCloseTo(5.5, 14);
});

it("is flat between equal values", () => {
  const curve = monotoneCubic({ x: [0, 1, 2, 3], y: [0, 1, 1, 2] });
  expect(curve(1.5)).toBe(1);
});

it("never falls where its points rise", () => {
  const step = fc.double({ min: 1e-6, max: 100, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(step, step), { minLength: 2, maxLength: 12 }), (steps) => {
      const x = [0];
      const y = [0];
      for (const [dx, dy] of steps) {
        x.push((x.at(-1) ?? 0) + dx);
        y.push((y.at(-1) ?? 0) + dy);
      }
      const curve = monotoneCubic({ x, y });
      const end = x.at(-1) ?? 0;
      let last = Number.NEGATIVE_INFINITY;
      for (let i = 0; i <= 300; i++) {
        const value = curve((end * i) / 300);
        expect(value).toBeGreaterThanOrEqual(last - 1e-9 * (y.at(-1) ?? 1));
        last = value;
      }
    }),
  );
});
