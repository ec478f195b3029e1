/** Deterministic activations against the platform's. */
import { describe, expect, it } from "vitest";
import { activationOf, hyperbolicTangent, logistic } from "../../../../src/targets/network/activation.ts";

const grid = Array.from({ length: 4001 }, (_, i) => (i - 2000) / 100);

describe("hyperbolicTangent", () => {
  it("differs from Math.tanh by at most 4e-16", () => {
    for (const x of [...grid, 1e-300, 1e-9, 0.2499999, 0.25, 400, -400]) {
      expect(Math.abs(hyperbolicTangent(x) - Math.tanh(x))).toBeLessThan(4e-16);
    }
  });

  it("is ±1 at infinity and NaN for NaN", () => {
    expect(hyperbolicTangent(Infinity)).toBe(1);
    expect(hyperbolicTangent(-Infinity)).toBe(-1);
    expect(hyperbolicTangent(NaN)).toBeNaN();
  });
});

describe("logistic", () => {
  it("differs from 1/(1 + e^−x) by at most 4e-16", () => {
    for (const x of grid) expect(Math.abs(logistic(x) - 1 / (1 + Math.exp(-x)))).toBeLessThan(4e-16);
    expect(logistic(-1000)).toBeLessThan(1e-300);
    expect(logistic(1000)).toBe(1);
  });
});

describe("activationOf", () => {
  // jax.nn.gelu(x) (approximate=True), float64.
  it("gives the tanh form of gelu", () => {
    const gelu = activationOf("gelu");
    expect(gelu(1)).toBeCloseTo(0.8411919906082768, 15);
    expect(gelu(-2)).toBeCloseTo(-0.04540230591222494, 15);
  });

  it("is NaN for NaN, whatever the activation", () => {
    for (const name of ["relu", "tanh", "gelu", "sigmoid", "identity"] as const) {
      expect(activationOf(name)(NaN)).toBeNaN();
    }
  });

  it("cuts relu at 0 and leaves identity alone", () => {
    expect(activationOf("relu")(-3)).toBe(0);
    expect(activationOf("relu")(3)).toBe(3);
    expect(activationOf("identity")(-3)).toBe(-3);
    expect(activationOf("sigmoid")(0)).toBe(0.5);
  });
});
