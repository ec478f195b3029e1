/** Adam upwards, its schedules, clipping. */
import { describe, expect, it } from "vitest";
import { AdamAscent, clipNorm, learningRateAt } from "../../../../src/samplers/variational/vi-optimiser.ts";

const schedule = { lr: 0.1, lrWarmupFrac: 0.25, steps: 8 };

describe("learningRateAt", () => {
  const rates = (lrSchedule: "constant" | "cosine" | "linear_decay" | null) =>
    Array.from({ length: 8 }, (_, step) => learningRateAt({ ...schedule, lrSchedule }, step));

  it("rises linearly to lr, then stays, for null and constant", () => {
    expect(rates(null)).toEqual([0.05, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]);
    expect(rates("constant")).toEqual(rates(null));
  });

  it("falls linearly from lr to 0, which would be reached one step after the last", () => {
    const wanted = [0.05, 0.1, 6, 5, 4, 3, 2, 1].map((value, i) => (i < 2 ? value : (0.1 * value) / 6));
    rates("linear_decay").forEach((rate, i) => expect(rate).toBeCloseTo(wanted[i]!, 15));
  });

  it("falls as half a cosine from lr, and is not yet 0 at the last step", () => {
    rates("cosine").forEach((rate, i) => {
      const wanted = i < 2 ? 0.05 * (i + 1) : 0.05 * (1 + Math.cos((Math.PI * (i - 2)) / 6));
      expect(rate).toBeCloseTo(wanted, 15);
    });
    expect(rates("cosine").at(-1)).toBeGreaterThan(0);
  });

  it("starts at lr without a rise", () => {
    expect(learningRateAt({ lr: 0.1, lrWarmupFrac: 0, steps: 4, lrSchedule: "cosine" }, 0)).toBe(0.1);
  });
});

describe("clipNorm", () => {
  it("shortens what is longer than the bound, says how long it was, and keeps the rest", () => {
    const long = Float64Array.of(3, 4);
    expect(clipNorm(long, 2.5)).toBe(5);
    expect([...long]).toEqual([1.5, 2]);
    const short = Float64Array.of(3, 4);
    expect([clipNorm(short, 5), clipNorm(short, null)]).toEqual([5, 5]);
    expect([...short]).toEqual([3, 4]);
  });
});

describe("AdamAscent", () => {
  it("goes up: the first step is the rate in the direction of the gradient's signs", () => {
    const values = Float64Array.of(1, 1, 1);
    new AdamAscent(3).climb(values, Float64Array.of(5, -0.001, 0), 0.1);
    expect(values[0]).toBeCloseTo(1.1, 8);
    expect(values[1]).toBeCloseTo(0.9, 5);
    expect(values[2]).toBe(1);
  });

  it("follows the published recurrence", () => {
    const gradients = [0.3, -0.2, 0.5];
    let [m, v, theta] = [0, 0, 2];
    const values = Float64Array.of(2);
    const adam = new AdamAscent(1);
    gradients.forEach((g, i) => {
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      theta += (0.05 * (m / (1 - 0.9 ** (i + 1)))) / (Math.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8);
      adam.climb(values, Float64Array.of(g), 0.05);
      expect(values[0]).toBeCloseTo(theta, 12);
    });
  });

  it("continues bit-identically from a snapshot", () => {
    const [one, other] = [new AdamAscent(2), new AdamAscent(2)];
    const values = Float64Array.of(0, 0);
    one.climb(values, Float64Array.of(1, 2), 0.1);
    other.restore(one.snapshot("x"), "x");
    const [a, b] = [values.slice(), values.slice()];
    one.climb(a, Float64Array.of(-1, 0.5), 0.1);
    other.climb(b, Float64Array.of(-1, 0.5), 0.1);
    expect(b).toEqual(a);
  });
});
