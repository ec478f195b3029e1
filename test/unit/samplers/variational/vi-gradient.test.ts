/**
 * Gradients of the ELBO, exact: expectations over q by quadrature on the plane, derivatives by central differences of
 * the quadrature ELBO. No random numbers, no tolerance beyond that of the differences.
 */
import { describe, expect, it } from "vitest";
import { addElboGradient, addWeightTerms } from "../../../../src/samplers/variational/vi-gradient.ts";
import type { FactorMixture } from "../../../../src/samplers/variational/vi-mixture.ts";
import { aMixture, planeGrid } from "../../../support/mixtures.ts";

const grid = planeGrid(7, 160);
const temperature = 1.3;
const mixtureAt = (values?: Float64Array): FactorMixture => {
  const mixture = aMixture(2, [2, 1, 0], { scale: 0.5, temperature });
  if (values !== undefined) mixture.values.set(values);
  mixture.refresh();
  return mixture;
};

/** A target that is neither Gaussian nor symmetric. */
const logTarget = ([x, y]: Float64Array): number =>
  -(x! * x!) - 0.3 * x! ** 4 + 0.4 * x! * y! - 2 * y! * y! + 0.3 * y!;
const targetGradient = ([x, y]: Float64Array): Float64Array =>
  Float64Array.of(-2 * x! - 1.2 * x! ** 3 + 0.4 * y!, 0.4 * x! - 4 * y! + 0.3);

const elbo = (mixture: FactorMixture): number =>
  grid.reduce((sum, { point, area }) => {
    const { logDensity } = mixture.evaluate(point);
    return sum + area * Math.exp(logDensity) * (logTarget(point) - logDensity);
  }, 0);

const elboDifferences = (): Float64Array => {
  const { values } = mixtureAt();
  return values.map((_, i) => {
    const shifted = (shift: number) =>
      elbo(mixtureAt(values.map((value, k) => (k === i ? value + shift : value))));
    return (shifted(1e-4) - shifted(-1e-4)) / 2e-4;
  });
};

/** E_q of the gradient, with what is fed to it changed by `change`. */
const expectedGradient = (
  change: (force: Float64Array, score: Float64Array) => Float64Array = (force) => force,
  baseline = 0.7,
): Float64Array => {
  const mixture = mixtureAt();
  const total = mixture.values.map(() => 0);
  for (const { point, area } of grid) {
    const { logDensity, score } = mixture.evaluate(point);
    addElboGradient(
      mixture,
      {
        displacement: point,
        logTarget: logTarget(point),
        targetGradient: change(targetGradient(point), score),
      },
      { gradient: total, share: area * Math.exp(logDensity), baseline, temperature },
    );
  }
  return total;
};

const largestDifference = (a: Float64Array, b: Float64Array): number =>
  a.reduce((high, value, i) => Math.max(high, Math.abs(value - b[i]!)), 0);

describe("addElboGradient", () => {
  const differences = elboDifferences();

  it("has the gradient of the ELBO as its mean, for widths, loadings and logits", () => {
    expect(largestDifference(expectedGradient(), differences)).toBeLessThan(1e-6);
    expect(
      largestDifference(
        differences,
        differences.map(() => 0),
      ),
    ).toBeGreaterThan(0.1);
  });

  it("has the same mean whatever the baseline", () => {
    expect(largestDifference(expectedGradient(undefined, -40), differences)).toBeLessThan(1e-6);
  });

  it("is wrong without the path of −log q, or with its sign or the target's turned", () => {
    const noEntropy = expectedGradient((force, score) => force.map((value, i) => value + score[i]!));
    const turnedEntropy = expectedGradient((force, score) => force.map((value, i) => value + 2 * score[i]!));
    const turned = expectedGradient((force) => force.map((value) => -value));
    for (const broken of [noEntropy, turnedEntropy, turned]) {
      expect(largestDifference(broken, differences)).toBeGreaterThan(0.1);
    }
  });

  it("vanishes for every draw when q is the posterior", () => {
    const mixture = aMixture(3, [2], { seed: 4 });
    const displacement = Float64Array.of(0.2, -1, 0.5);
    const { logDensity, score } = mixture.evaluate(displacement);
    const gradient = mixture.values.map(() => 0);
    const sample = { displacement, logTarget: logDensity + 3, targetGradient: score.slice() };
    const value = addElboGradient(mixture, sample, { gradient, share: 1, baseline: 3, temperature: 1 });
    expect(value).toBeCloseTo(3, 12);
    expect(gradient.every((entry) => Math.abs(entry) < 1e-12)).toBe(true);
  });

  it("leaves the logits alone while there is no baseline", () => {
    const mixture = mixtureAt();
    const gradient = mixture.values.map(() => 0);
    const displacement = Float64Array.of(0.2, -1);
    const sample = { displacement, logTarget: -1, targetGradient: Float64Array.of(1, 2) };
    addElboGradient(mixture, sample, { gradient, share: 1, baseline: Number.NaN, temperature });
    expect([...gradient.subarray(mixture.shape.logitsAt)]).toEqual([0, 0, 0]);
    expect(gradient[0]).not.toBe(0);
  });

  it("adds nothing and says NaN where the target is not finite", () => {
    const mixture = mixtureAt();
    const gradient = mixture.values.map(() => 0);
    const into = { gradient, share: 1, baseline: 0, temperature };
    const displacement = Float64Array.of(0.2, -1);
    const infinite = {
      displacement,
      logTarget: Number.NEGATIVE_INFINITY,
      targetGradient: Float64Array.of(1, 2),
    };
    const broken = { displacement, logTarget: -1, targetGradient: Float64Array.of(Number.NaN, 2) };
    expect(addElboGradient(mixture, infinite, into)).toBeNaN();
    expect(addElboGradient(mixture, broken, into)).toBeNaN();
    expect(gradient.every((entry) => entry === 0)).toBe(true);
  });
});

describe("addWeightTerms", () => {
  it("is the gradient of (α0 − 1)·Σ log π_m + c·H(π) in the logits", () => {
    const terms = { alphaDirichletPrior: 2.5, entropyBonus: 0.8, alphaTemperature: temperature };
    const objective = ({ weights }: FactorMixture): number =>
      weights.reduce((sum, p) => sum + 1.5 * Math.log(p) - 0.8 * p * Math.log(p), 0);
    const mixture = mixtureAt();
    const gradient = mixture.values.map(() => 0);
    addWeightTerms(mixture, terms, gradient);
    mixture.values.forEach((_, i) => {
      const at = (shift: number) =>
        objective(mixtureAt(mixture.values.map((value, k) => (k === i ? value + shift : value))));
      expect(gradient[i]).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 8);
    });
  });

  it("is nothing without prior and bonus", () => {
    const mixture = mixtureAt();
    const gradient = mixture.values.map(() => 0);
    addWeightTerms(mixture, { alphaDirichletPrior: null, entropyBonus: 0, alphaTemperature: 1 }, gradient);
    expect(gradient.every((entry) => entry === 0)).toBe(true);
  });
});
