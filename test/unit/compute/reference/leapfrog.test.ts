/** The leapfrog with a factor against the plain one in the coordinates that the factor makes. */
import { describe, expect, it } from "vitest";
import { leapfrogChain } from "../../../../src/compute/reference/leapfrog.ts";
import { expectClose } from "../../../support/close.ts";

const factor = Float64Array.of(2, 0, 0, 0.7, 0.5, 0, -1, 0.4, 0.3);
const dim = 3;
const times = (x: Float64Array): Float64Array =>
  x.map((_, i) => x.reduce((sum, value, j) => sum + (factor[i * dim + j] ?? 0) * value, 0));
const timesTransposed = (x: Float64Array): Float64Array =>
  x.map((_, j) => x.reduce((sum, value, i) => sum + (factor[i * dim + j] ?? 0) * value, 0));

/** U = Σ w_i⁴/4 + w_0·w_2. */
const evaluate = (w: Float64Array, gradient: Float64Array) => {
  const [a = 0, b = 0, c = 0] = w;
  gradient.set([a ** 3 + c, b ** 3, c ** 3 + a]);
  const potential = (a ** 4 + b ** 4 + c ** 4) / 4 + a * c;
  return { loss: potential, potential };
};

describe("leapfrogChain with a factor F", () => {
  it("is the leapfrog of y = F⁻¹q under U(F·y), with the same momenta", () => {
    const inFactored = (y: Float64Array, gradient: Float64Array) => {
      const slope = new Float64Array(dim);
      const evaluation = evaluate(times(y), slope);
      gradient.set(timesTransposed(slope));
      return evaluation;
    };
    const y = Float64Array.of(0.3, -0.8, 0.5);
    const momentum = Float64Array.of(1, -0.2, 0.6);
    const inverseMass = Float64Array.of(1, 0.5, 2);
    const plain = { position: y.slice(), momentum: momentum.slice(), gradient: new Float64Array(dim) };
    const factored = { position: times(y), momentum: momentum.slice(), gradient: new Float64Array(dim) };
    inFactored(plain.position, plain.gradient);
    evaluate(factored.position, factored.gradient);
    const settings = { stepSize: 0.1, numSteps: 12, inverseMass };
    const wanted = leapfrogChain(plain, inFactored, { ...settings, factor: null });
    const found = leapfrogChain(factored, evaluate, { ...settings, factor });
    expect(found.potential).toBeCloseTo(wanted.potential, 13);
    expectClose(factored.position, times(plain.position), 1e-13);
    expectClose(factored.momentum, plain.momentum, 1e-13);
    expectClose(timesTransposed(factored.gradient), plain.gradient, 1e-13);
  });
});
