/** Orthonormal rows. */
import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../../src/random/normal.ts";
import { orthonormaliseRows } from "../../../../src/targets/network/orthonormal.ts";

describe("orthonormaliseRows", () => {
  it.each([
    [1, 1],
    [3, 3],
    [5, 62],
  ])("makes %d rows of length %d orthonormal to rounding", (count, length) => {
    const rows = new Float64Array(count * length);
    fillNormal({ seed: 3, purpose: 1 }, rows);
    orthonormaliseRows(rows, length);
    for (let a = 0; a < count; a++) {
      for (let b = 0; b <= a; b++) {
        const left = rows.subarray(a * length, (a + 1) * length);
        const right = rows.subarray(b * length, (b + 1) * length);
        const product = left.reduce((sum, value, i) => sum + value * (right[i] ?? NaN), 0);
        expect(Math.abs(product - (a === b ? 1 : 0))).toBeLessThan(1e-15);
      }
    }
  });

  it("keeps the direction of the first row", () => {
    const rows = Float64Array.of(3, 4, 1, 0);
    orthonormaliseRows(rows, 2);
    expect([...rows]).toEqual([0.6, 0.8, expect.closeTo(0.8, 15), expect.closeTo(-0.6, 15)]);
  });
});
