/** The variational family: density, score, covariance, draws. */
import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../../src/random/normal.ts";
import { type FactorMixture, mixtureShape } from "../../../../src/samplers/variational/vi-mixture.ts";
import { aMixture, planeGrid } from "../../../support/mixtures.ts";

/** S_m as a dense matrix, from the definition. */
const covarianceOf = (mixture: FactorMixture, component: number): number[][] => {
  const { dim, ranks } = mixture.shape;
  const columns = Array.from({ length: ranks[component]! }, (_, j) => mixture.column(component, j));
  return Array.from({ length: dim }, (_, i) =>
    Array.from({ length: dim }, (__, k) => {
      const inner = columns.reduce((sum, column) => sum + column[i]! * column[k]!, i === k ? 1 : 0);
      return mixture.deviation[i]! * inner * mixture.deviation[k]!;
    }),
  );
};

const bivariateDensity = (covariance: number[][], [x, y]: Float64Array): number => {
  const [[a, b], [, c]] = covariance as [[number, number], [number, number]];
  const determinant = a * c - b * b;
  const square = (c * x! * x! - 2 * b * x! * y! + a * y! * y!) / determinant;
  return Math.exp(-square / 2) / (2 * Math.PI * Math.sqrt(determinant));
};

describe("FactorMixture", () => {
  const mixture = aMixture(2, [1, 2, 0], { scale: 0.7, temperature: 1.7 });

  it("integrates to 1", () => {
    const total = planeGrid(12, 300).reduce(
      (sum, { point, area }) => sum + area * Math.exp(mixture.evaluate(point).logDensity),
      0,
    );
    expect(total).toBeCloseTo(1, 10);
  });

  it("is the mixture of its components' Gaussians, weighted by the softmax of logits over temperature", () => {
    const logits = [...mixture.logits].map((value) => Math.exp(value / 1.7));
    const sum = logits.reduce((total, value) => total + value, 0);
    const point = Float64Array.of(0.3, -0.8);
    const parts = [0, 1, 2].map(
      (m) => (logits[m]! / sum) * bivariateDensity(covarianceOf(mixture, m), point),
    );
    const density = parts.reduce((total, value) => total + value, 0);
    const { logDensity, responsibilities } = mixture.evaluate(point);
    expect(logDensity).toBeCloseTo(Math.log(density), 12);
    parts.forEach((part, m) => expect(responsibilities[m]).toBeCloseTo(part / density, 12));
  });

  it("has the gradient of its log density as score", () => {
    const wide = aMixture(5, [2, 1], { seed: 9 });
    const point = Float64Array.of(0.3, -0.8, 1.2, 0, -0.4);
    const score = wide.evaluate(point).score.slice();
    score.forEach((value, i) => {
      const at = (shift: number) => wide.evaluate(point.map((x, k) => (k === i ? x + shift : x))).logDensity;
      expect(value).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 8);
    });
  });

  it("knows its covariance and variances", () => {
    const x = Float64Array.of(0.4, -1.1);
    const expected = [0, 1].map((i) =>
      [0, 1, 2].reduce((sum, m) => {
        const row = covarianceOf(mixture, m)[i]!;
        return sum + mixture.weights[m]! * (row[0]! * x[0]! + row[1]! * x[1]!);
      }, 0),
    );
    mixture.covarianceTimes(x).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 12));
    const basis = [Float64Array.of(1, 0), Float64Array.of(0, 1)];
    mixture.variances().forEach((value, i) => {
      expect(value).toBeCloseTo(mixture.covarianceTimes(basis[i]!)[i]!, 12);
    });
  });

  // 40,000 draws; second moments have relative standard error ≤ 1 %, bounds of 5 of them (6e-7 a check).
  it("draws displacements with a component's covariance", () => {
    const draws = 40_000;
    const [noise, latent] = [new Float64Array(2), new Float64Array(2)];
    const out = new Float64Array(2);
    const sums = [0, 0, 0];
    for (let step = 0; step < draws; step++) {
      fillNormal({ seed: 1, purpose: 1, step }, noise);
      fillNormal({ seed: 1, purpose: 2, step }, latent);
      mixture.displace(1, { latent, noise }, out);
      [out[0]! ** 2, out[0]! * out[1]!, out[1]! ** 2].forEach((value, i) => {
        sums[i]! += value / draws;
      });
    }
    const [[a, b], [, c]] = covarianceOf(mixture, 1) as [[number, number], [number, number]];
    const scale = Math.sqrt(a * c);
    [a, b, c].forEach((value, i) =>
      expect(Math.abs(sums[i]! - value) / scale).toBeLessThan(0.05 * Math.max(1, value / scale)),
    );
  });

  it("averages z over the draws that end at v: t = E[z | v, m]", () => {
    // One component in one dimension: z given v is normal with mean a·y/(1 + a²), y = v/σ.
    const single = aMixture(1, [1]);
    const [a] = single.column(0, 0);
    const { factors } = single.evaluate(Float64Array.of(0.9));
    expect(factors[0]![0]).toBeCloseTo((a! * 0.9) / single.deviation[0]! / (1 + a! * a!), 13);
  });

  it("gives components of lower rank fewer parameters", () => {
    expect(mixtureShape(10, [2, 0, 1])).toEqual({
      dim: 10,
      ranks: [2, 0, 1],
      loadingsAt: [10, 30, 30],
      logitsAt: 40,
      numParameters: 43,
    });
  });

  it("keeps σ within six decades of the scale", () => {
    const extreme = aMixture(1, [0], { scale: 2 });
    extreme.values[0] = 1e9;
    extreme.refresh();
    expect(extreme.deviation[0]).toBeCloseTo(2e6, 6);
    extreme.values[0] = -1e9;
    extreme.refresh();
    expect(extreme.deviation[0]).toBeCloseTo(2e-6, 16);
  });

  it("counts effective components from the entropy of the weights", () => {
    const equal = aMixture(1, [0, 0, 0, 0]);
    equal.logits.fill(0.3);
    equal.refresh();
    expect(equal.effectiveComponents()).toBeCloseTo(4, 12);
    equal.logits[2] = 1000;
    equal.refresh();
    expect(equal.effectiveComponents()).toBe(1);
  });

  it("is NaN where the displacement is", () => {
    expect(mixture.evaluate(Float64Array.of(Number.NaN, 0)).logDensity).toBeNaN();
  });
});
