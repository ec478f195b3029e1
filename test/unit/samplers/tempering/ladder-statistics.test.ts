import { describe, expect, it } from "vitest";
import { LadderStatistics, type ScanRecord } from "../../../../src/samplers/tempering/ladder-statistics.ts";

const shape = { numReplicas: 2, numRungs: 3 };
const betas = Float64Array.of(1, 0.5, 0);

/** Walkers of both replicas; energies at r·3 + rung. */
const aScan = (energies: readonly number[], changes: Partial<ScanRecord> = {}): ScanRecord => ({
  betas,
  energies: Float64Array.from(energies),
  acceptance: Float64Array.of(1, 0.5, 0, 0, 0.5, 1),
  swapProbabilities: Float64Array.of(0.25, Number.NaN, 0.75, Number.NaN),
  rungBefore: Int32Array.of(0, 1, 2, 0, 1, 2),
  rungAfter: Int32Array.of(1, 0, 2, 0, 1, 2),
  ...changes,
});

const filled = (): LadderStatistics => {
  const statistics = new LadderStatistics(shape);
  statistics.add(aScan([1, 2, 5, 3, 4, 9]));
  statistics.add(
    aScan([2, 2, 7, 1, 3, 6], { swapProbabilities: Float64Array.of(Number.NaN, 1, Number.NaN, 0.5) }),
  );
  return statistics;
};

describe("LadderStatistics", () => {
  it("averages the probabilities of the swaps that were tried; 0.5 where none was", () => {
    const statistics = filled();
    expect([...statistics.rejections()]).toEqual([0.5, 0.25]);
    expect([...statistics.swapTries]).toEqual([2, 2]);
    expect([...new LadderStatistics(shape).rejections()]).toEqual([0.5, 0.5]);
  });

  it("counts where walkers of each rung went: rows of the swap matrix add up to 1", () => {
    expect(filled().swapMatrix()).toEqual([
      [0.5, 0.5, 0],
      [0.5, 0.5, 0],
      [0, 0, 1],
    ]);
  });

  it("gives mean, variance and standard error over replicas of the energy at each rung", () => {
    const { mean, variance, standardError } = filled().energies();
    expect([...mean]).toEqual([1.75, 2.75, 6.75]);
    expect(variance[0]).toBeCloseTo((0.75 ** 2 + 0.25 ** 2 + 1.25 ** 2 + 0.75 ** 2) / 4, 14);
    // Replica means 1.5 and 2: their spread is 0.5/√2, over √2.
    expect(standardError[0]).toBeCloseTo(0.25, 14);
    expect([...filled().acceptance()]).toEqual([0.5, 0.5, 0.5]);
  });

  it("estimates the evidence from both sides by the formulas of its header", () => {
    const { fromHot, fromCold, thermodynamic } = filled().evidence(betas);
    const logMean = (values: readonly number[]): number =>
      Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0) / values.length);
    const [cold, middle, hot] = [
      [1, 2, 3, 1],
      [2, 2, 4, 3],
      [5, 7, 9, 6],
    ] as const;
    const half = (values: readonly number[], sign: number): number[] => values.map((e) => (sign * e) / 2);
    expect(fromHot).toBeCloseTo(logMean(half(middle, -1)) + logMean(half(hot, -1)), 13);
    expect(fromCold).toBeCloseTo(-logMean(half(cold, 1)) - logMean(half(middle, 1)), 13);
    const { mean, variance } = filled().energies();
    const [m0 = 0, m1 = 0, m2 = 0] = mean;
    const [v0 = 0, , v2 = 0] = variance;
    expect(thermodynamic).toBeCloseTo(-(m0 + 2 * m1 + m2) / 4 - (v0 - v2) / 48, 13);
  });

  it("gives an infinite or undefined energy at the reference no weight, and no other harm", () => {
    const statistics = new LadderStatistics(shape);
    statistics.add(aScan([1, 2, Number.POSITIVE_INFINITY, 1, 2, Number.NaN]));
    statistics.add(aScan([1, 2, 4, 1, 2, 4]));
    const { fromHot } = statistics.evidence(betas);
    expect(fromHot).toBeCloseTo(-1 + Math.log(2 * Math.exp(-2)) - Math.log(4), 13);
  });

  it("begins anew after reset, and where its snapshot was taken after restore", () => {
    const statistics = filled();
    const copy = new LadderStatistics(shape);
    copy.restore(statistics.snapshot());
    expect(copy.snapshot()).toEqual(statistics.snapshot());
    statistics.reset();
    expect(statistics.snapshot()).toEqual(new LadderStatistics(shape).snapshot());
  });
});
