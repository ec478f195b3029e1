/** Mass matrices from windows: both forms, too few rows, snapshots. */
import { describe, expect, it } from "vitest";
import { createMassEstimate, variancesOf } from "../../../../src/samplers/adaptation/mass-estimate.ts";
import { expectClose } from "../../../support/close.ts";

const rows = Float64Array.of(1, 2, 3, -1, 2, 0, 5, 4);

describe("createMassEstimate", () => {
  it("gives the regularised covariance: variances, or a factor of all of it", () => {
    const [diagonal, dense] = [createMassEstimate("diagonal", 2), createMassEstimate("dense", 2)];
    for (const estimate of [diagonal, dense]) estimate.add(rows);
    // n/(n+5) = 4/9 of the sample's variances 35/12, 59/12 and covariance 7/4.
    const variances = [(4 / 9) * (35 / 12), (4 / 9) * (59 / 12)];
    const [independent, correlated] = [diagonal.take(0) ?? diagonal.unit, dense.take(0) ?? dense.unit];
    expectClose(variancesOf(independent), variances, 1e-14);
    expectClose(variancesOf(correlated), variances, 1e-14);
    expect(independent.factor).toBeNull();
    expect([...correlated.inverseMass]).toEqual([1, 1]);
    const [a = 0, right, b = 0] = correlated.factor ?? [];
    expect(right).toBe(0);
    expect(a * b).toBeCloseTo((4 / 9) * (7 / 4), 13);
  });

  it("leaves covariances out where rows are no more than coordinates, and forgets rows once taken", () => {
    const dense = createMassEstimate("dense", 2);
    dense.add(rows.subarray(0, 4));
    const [a = 0, right, b, c = 0] = dense.take(1e-3)?.factor ?? [];
    expect([right, b]).toEqual([0, 0]);
    // 2/7 of the variances 2 and 4.5, and 5/7 of a thousandth of their geometric mean 3.
    expect(a ** 2).toBeCloseTo((2 / 7) * 2 + (5 / 7) * 3e-3, 13);
    expect(c ** 2).toBeCloseTo((2 / 7) * 4.5 + (5 / 7) * 3e-3, 13);
    expect(dense.take(1e-3)).toBeNull();
  });

  it.each(["diagonal", "dense"] as const)("comes back from a snapshot: %s", (form) => {
    const [whole, restored] = [createMassEstimate(form, 2), createMassEstimate(form, 2)];
    whole.add(rows);
    const mass = whole.take(1e-3) ?? whole.unit;
    whole.add(rows.subarray(2));
    expect(restored.restore(structuredClone(whole.entries(mass)))).toEqual(mass);
    expect(restored.entries(mass)).toEqual(whole.entries(mass));
    expect(restored.take(1e-3)).toEqual(whole.take(1e-3));
  });
});
