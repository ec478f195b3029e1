/**
 * Errors of the elementary functions in units in the last place, against fixed-point series of 160 bits in BigInt.
 */
import { describe, expect, it } from "vitest";
import { cosineOfTurn, exponential, naturalLog, sineOfTurn } from "../../../src/random/elementary.ts";
import { fillUniform } from "../../../src/random/uniform.ts";

const BITS = 160n;
const ONE = 1n << BITS;

/** A double → fixed point, exact for multiples of 2⁻¹⁵⁰. */
const fixed = (x: number): bigint => {
  const exponent = Math.floor(Math.log2(Math.abs(x) || 1));
  const scale = 60 - exponent;
  return ((BigInt(x * 2 ** scale) << BITS) * 1n) >> BigInt(scale);
};
const times = (a: bigint, b: bigint): bigint => (a * b) >> BITS;

const exactExp = (x: bigint): bigint => {
  let [sum, term] = [ONE, ONE];
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    term = times(term, x) / k;
    sum += term;
  }
  return sum;
};
/** log x by Newton's iteration on exp: y ← y + 2(x − e^y)/(x + e^y), cubic. */
const exactLog = (x: number): bigint => {
  let y = fixed(Math.log(x));
  for (let k = 0; k < 3; k++) {
    const e = exactExp(y);
    y += (2n * (fixed(x) - e) * ONE) / (fixed(x) + e);
  }
  return y;
};
const PI = (() => {
  const arctanInverse = (n: bigint): bigint => {
    let [sum, power] = [0n, ONE / n];
    for (let k = 1n; power !== 0n; k += 2n) {
      sum += (k % 4n === 1n ? power : -power) / k;
      power /= n * n;
    }
    return sum;
  };
  return 4n * (4n * arctanInverse(5n) - arctanInverse(239n)); // Machin
})();
const exactTurn = (t: number, isSine: boolean): bigint => {
  const x = times(2n * PI, fixed(t));
  let term = isSine ? x : ONE;
  let sum = term;
  for (let k = isSine ? 2n : 1n; term !== 0n && term !== -1n; k += 2n) {
    term = -times(times(term, x), x) / (k * (k + 1n));
    sum += term;
  }
  return sum;
};

const ulpsBetween = (value: number, exact: bigint): number => {
  const magnitude = Math.abs(Number(exact) / Number(ONE));
  const ulp = 2 ** (Math.floor(Math.log2(magnitude)) - 52);
  return Math.abs(Number(fixed(value) - exact)) / Number(ONE) / ulp;
};
const worst = (points: readonly number[], error: (x: number) => number): number =>
  Math.max(...points.map(error));

const uniforms = (count: number, seed: number): number[] => {
  const out = new Float64Array(count);
  fillUniform({ seed, purpose: 0 }, out);
  return [...out];
};

describe("elementary functions", () => {
  it("naturalLog is within 2 ulp on (0, 1) and above, to the ends of the uniforms' range", () => {
    const unit = uniforms(2000, 1);
    const points = [...unit, ...unit.map((u) => 2 ** -52 * u), ...unit.map((u) => 1 - 2 ** -30 * u)];
    points.push(
      ...unit.map((u) => 1 + u),
      ...unit.map((u) => 1000 * u),
      2 ** -53,
      1 - 2 ** -53,
      2,
      0.5,
      1 + 2 ** -52,
    );
    expect(worst(points, (x) => ulpsBetween(naturalLog(x), exactLog(x)))).toBeLessThan(2);
    expect(naturalLog(1)).toBe(0);
  });

  it("exponential is within 2 ulp on [−40, 40] and clamped at ±708", () => {
    const points = uniforms(2000, 2).map((u) => 80 * u - 40);
    expect(worst(points, (x) => ulpsBetween(exponential(x), exactExp(fixed(x))))).toBeLessThan(2);
    expect(exponential(0)).toBe(1);
    expect(exponential(-1e6)).toBe(exponential(-708));
    expect(exponential(708) / Math.exp(708)).toBeCloseTo(1, 14);
    expect(exponential(-708) / Math.exp(-708)).toBeCloseTo(1, 14);
    expect(exponential(NaN)).toBeNaN();
  });

  it("sineOfTurn and cosineOfTurn are within 2 ulp on (0, 1)", () => {
    const points = [
      ...uniforms(2000, 3),
      2 ** -53,
      1 - 2 ** -53,
      0.125,
      0.375,
      0.25 + 2 ** -52,
      0.5 - 2 ** -53,
    ];
    expect(worst(points, (t) => ulpsBetween(sineOfTurn(t), exactTurn(t, true)))).toBeLessThan(2);
    expect(worst(points, (t) => ulpsBetween(cosineOfTurn(t), exactTurn(t, false)))).toBeLessThan(2);
  });

  it("quarters of a turn give 0, 1 and −1 exactly", () => {
    const quarters = [0, 0.25, 0.5, 0.75, 1];
    expect(quarters.map((t) => sineOfTurn(t) + 0)).toEqual([0, 1, 0, -1, 0]);
    expect(quarters.map((t) => cosineOfTurn(t) + 0)).toEqual([1, 0, -1, 0, 1]);
  });

  it("keeps the bits that the kernels repeat", () => {
    // Frozen values of this implementation: a change here changes every normal number of every seed.
    expect([naturalLog(0.3), naturalLog(2 ** -53), sineOfTurn(0.3), cosineOfTurn(0.9)]).toEqual([
      -1.2039728043259361, -36.7368005696771, 0.9510565162951536, 0.8090169943749475,
    ]);
  });
});
