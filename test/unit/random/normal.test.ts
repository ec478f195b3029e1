/**
 * Distribution and addressing of normals and uniforms. Seeds are fixed; false-alarm rates are stated at each bound.
 * Seen to fail: cosine in place of sine (correlation of pairs), −log u for −2·log u (moments), one uniform for radius
 * and angle (all), a last coefficient of an elementary function rounded to six digits (frozen bits).
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../src/random/normal.ts";

const NUM = 200_000;
const sample = (seed: number, step = 0): Float64Array => {
  const out = new Float64Array(NUM);
  fillNormal({ seed, purpose: 1, step }, out);
  return out;
};
const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Φ(x) by the power series of erf, |error| < 1e-12. */
const normalCdf = (x: number): number => {
  if (Math.abs(x) > 6) return x < 0 ? 0 : 1;
  let [sum, term] = [x, x];
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
};

describe("fillNormal", () => {
  it("has the moments of N(0, 1), each within 5 standard errors (6e-7 false alarms a check)", () => {
    const z = sample(1);
    // Variances of z, z², z³, z⁴: 1, 2, 15, 96.
    const checks = [
      { power: 1, expected: 0, variance: 1 },
      { power: 2, expected: 1, variance: 2 },
      { power: 3, expected: 0, variance: 15 },
      { power: 4, expected: 3, variance: 96 },
    ];
    for (const { power, expected, variance } of checks) {
      const score = (mean(z.map((value) => value ** power)) - expected) / Math.sqrt(variance / NUM);
      expect(Math.abs(score), `power ${power}`).toBeLessThan(5);
    }
  });

  it("passes Kolmogorov–Smirnov for each half of the pairs (√n·D < 2.5: false alarm 7e-6)", () => {
    const z = sample(2);
    for (const parity of [0, 1]) {
      const half = z.filter((_, i) => i % 2 === parity).sort();
      let distance = 0;
      half.forEach((value, i) => {
        const p = normalCdf(value);
        distance = Math.max(distance, (i + 1) / half.length - p, p - i / half.length);
      });
      expect(Math.sqrt(half.length) * distance, `parity ${parity}`).toBeLessThan(2.5);
    }
  });

  it("is uncorrelated in pairs, along the index and across steps, in value and square (5 standard errors)", () => {
    const [z, next] = [sample(3), sample(3, 1)];
    const products = {
      pairs: z.map((value, i) => (i % 2 === 0 ? value * (z[i + 1] as number) : 0)),
      neighbours: z.map((value, i) => (i % 2 === 1 ? value * (z[(i + 1) % NUM] as number) : 0)),
      steps: z.map((value, i) => value * (next[i] as number)),
      squares: z.map((value, i) => (value ** 2 - 1) * ((z[i ^ 1] as number) ** 2 - 1)),
    };
    const variances = { pairs: 0.5, neighbours: 0.5, steps: 1, squares: 8 }; // squares: pairs counted twice
    for (const name of ["pairs", "neighbours", "steps", "squares"] as const) {
      expect(Math.abs(mean(products[name])) / Math.sqrt(variances[name] / NUM), name).toBeLessThan(5);
    }
  });

  it("gives the same numbers from any first index, odd ones too", () => {
    const whole = new Float64Array(40);
    fillNormal({ seed: 5, purpose: 2, step: 3, chain: 4 }, whole);
    for (const [first, length] of [
      [0, 1],
      [1, 1],
      [1, 2],
      [7, 12],
      [8, 5],
      [39, 1],
    ] as const) {
      const part = new Float64Array(length);
      fillNormal({ seed: 5, purpose: 2, step: 3, chain: 4 }, part, first);
      expect(part).toEqual(whole.slice(first, first + length));
    }
  });

  it("equals Box–Muller on Philox computed elsewhere", () => {
    // Python integers for Philox, math.log, math.cos and math.sin: equal up to the last bits.
    const z = new Float64Array(4);
    fillNormal({ seed: 42, purpose: 35, step: 1, chain: 2 }, z);
    const expected = [0.4108783326959248, -0.03237735910847994, 0.40439700014164676, 1.4065016289077745];
    z.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 15));
  });

  it("keeps the bits of 200,000 numbers", () => {
    // Frozen: they change only together with every seed's results, on all backends.
    const bytes = Buffer.from(sample(42).buffer);
    expect(createHash("sha256").update(bytes).digest("hex").slice(0, 16)).toBe("f9c96e17557431af");
  });
});
