/** Exact learning coefficients against closed forms, high-precision quadrature and published tables. */
import { describe, expect, it } from "vitest";
import { exactLlcOf, monomialLlc, quadraticLlc } from "../../../src/analysis/exact-llc.ts";

const closeTo = (value: number | null, expected: number, tolerance: number): void =>
  expect(Math.abs((value ?? NaN) / expected - 1)).toBeLessThan(tolerance);

describe("exactLlcOf", () => {
  // ½ + s − s·K1(s)/K0(s), s = 1/(8·nβ), in double precision by an independent script.
  it.each([
    [10, 0.2902743220903188],
    [100, 0.35420382845066894],
    [1e3, 0.3902726631225421],
    [1e4, 0.41233714280075406],
    [1e5, 0.4270527364874651],
    [1e6, 0.43754261022273255],
  ])("gives the estimate of w1²w2² at nβ = %d, γ = 1", (nBeta, expected) => {
    const exact = exactLlcOf({ kind: "monomial", coefficient: 1, exponents: [1, 1] }, { nBeta, gamma: 1 });
    expect(exact).toMatchObject({ lambda: 0.5, multiplicity: 2 });
    closeTo(exact.estimate, expected, 1e-14);
  });

  it("halves the number of curved directions of a quadratic, and pulls the estimate down by γ", () => {
    const exact = exactLlcOf({ kind: "quadratic", curvature: [2, 0, 1] }, { nBeta: 100, gamma: 4 });
    expect(exact).toMatchObject({ lambda: 1, multiplicity: 1 });
    closeTo(exact.estimate, 0.5 * (200 / 204 + 100 / 104), 1e-15);
    expect(quadraticLlc([1, 1], { nBeta: 7, gamma: 0 })).toBe(1);
  });

  it("is Aoyagi's value for a deep linear network, with no estimate at finite nβ", () => {
    const exact = exactLlcOf({ kind: "deep_linear", widths: [5, 3, 5], rank: 2 }, { nBeta: 100, gamma: 1 });
    expect(exact).toEqual({ lambda: 9.5, multiplicity: 2, estimate: null });
  });

  it("takes the steepest coordinate of a normal crossing and counts ties", () => {
    const of = (exponents: readonly number[]) =>
      exactLlcOf({ kind: "monomial", coefficient: 3, exponents }, { nBeta: 50, gamma: 1 });
    expect(of([1, 3])).toMatchObject({ lambda: 1 / 6, multiplicity: 1 });
    expect(of([2, 2, 1])).toMatchObject({ lambda: 0.25, multiplicity: 2 });
    expect(of([0, 1])).toMatchObject({ lambda: 0.5, multiplicity: 1 });
  });

  it("adds 1/(2k) over the coordinates of a power sum, exactly so without localiser", () => {
    const sum = { kind: "power_sum", coefficient: 0.3, exponents: [1, 2, 0.5] } as const;
    const exact = exactLlcOf(sum, { nBeta: 1000, gamma: 0 });
    expect(exact).toEqual({ lambda: 1.75, multiplicity: 1, estimate: 1.75 });
    expect(exactLlcOf(sum, { nBeta: 1000, gamma: 1 }).estimate).toBeLessThan(1.75);
  });

  it("has no estimate where the posterior is improper", () => {
    const localisation = { nBeta: 100, gamma: 0 };
    const monomial = { kind: "monomial", coefficient: 1, exponents: [1, 1] } as const;
    expect(exactLlcOf(monomial, localisation).estimate).toBeNull();
    expect(exactLlcOf({ kind: "quadratic", curvature: [1, 0] }, localisation).estimate).toBeNull();
    expect(exactLlcOf({ ...monomial, exponents: [0, 2] }, localisation).estimate).toBeNull();
  });
});

describe("monomialLlc", () => {
  // mpmath, 25 digits: quad of nβ·c·w^{2k}·e^{−nβ·c·w^{2k} − γw²/2} over quad of the density, c = γ = 1, nβ = 100.
  it.each([
    [2, 0.241717587204477],
    [1, 0.497512437810945],
    [0.5, 0.99980009992607],
  ])("agrees with quadrature of 25 digits for |w|^(2·%d)", (k, expected) => {
    closeTo(monomialLlc({ coefficient: 1, exponents: [k] }, { nBeta: 100, gamma: 1 }), expected, 1e-14);
  });

  // mpmath: one coordinate integrated in closed form, the others by quad.
  it.each([
    [[1, 2], 100, 0.205712397561913, 1e-13],
    [[1, 2], 1e4, 0.235811495272572, 1e-13],
    [[1, 1, 1], 100, 0.259501627806, 1e-11],
  ])(
    "agrees with independent quadrature for exponents %j at nβ = %d",
    (exponents, nBeta, expected, tolerance) => {
      closeTo(monomialLlc({ coefficient: 1, exponents }, { nBeta, gamma: 1 }), expected, tolerance);
    },
  );

  it("is 1/(2k) at every temperature in one dimension without localiser", () => {
    for (const nBeta of [1, 1e3, 1e9]) {
      expect(monomialLlc({ coefficient: 2, exponents: [3] }, { nBeta, gamma: 0 })).toBe(1 / 6);
    }
  });

  it("depends on nβ·c and γ only through nβ·c/γ^Σk", () => {
    const one = monomialLlc({ coefficient: 1, exponents: [1, 2] }, { nBeta: 800, gamma: 2 });
    const other = monomialLlc({ coefficient: 10, exponents: [1, 2] }, { nBeta: 10, gamma: 1 });
    closeTo(one, other, 1e-12);
  });

  it("is continuous where the closed form hands over to quadrature (s = 1)", () => {
    const at = (s: number): number =>
      monomialLlc({ coefficient: 1 / (8 * s), exponents: [1, 1] }, { nBeta: 1, gamma: 1 });
    closeTo(at(1 + 1e-13), at(1 - 1e-13), 1e-12);
    // For large s: λ̂ → E[nβ·w1²w2²] = 1/(8s).
    closeTo(at(1e6), 1 / 8e6, 1e-5);
  });
});
