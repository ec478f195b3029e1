/** Records of positions and the autocorrelation time that they give. */
import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../../src/random/normal.ts";
import { autocorrelationTime } from "../../../../src/samplers/adaptation/autocorrelation-time.ts";
import { PositionRecords } from "../../../../src/samplers/adaptation/position-records.ts";

const normals = (length: number): Float64Array => {
  const out = new Float64Array(length);
  fillNormal({ seed: 5, purpose: 1 }, out);
  return out;
};

describe("PositionRecords", () => {
  it("gives the mean over coordinates of the autocorrelation times of all chains", () => {
    const [numChains, dim, numRecords] = [2, 3, 50];
    const records = new PositionRecords({ numChains, dim, numRecords });
    const values = normals(numRecords * numChains * dim);
    for (let t = 0; t < numRecords; t++) records.add(values.slice(6 * t, 6 * t + 6));
    const times = [0, 1, 2].map((i) =>
      autocorrelationTime(
        [0, 1].map((c) => Float64Array.from({ length: 50 }, (_, t) => values[6 * t + 3 * c + i] ?? 0)),
      ),
    );
    expect(records.meanAutocorrelationTime()).toBeCloseTo(times.reduce((a, b) => a + b, 0) / 3, 12);
  });

  it("looks at 64 coordinates at most, and keeps no more records than it has room for", () => {
    const records = new PositionRecords({ numChains: 1, dim: 1000, numRecords: 8 });
    const values = normals(12_000);
    for (let t = 0; t < 12; t++) records.add(values.slice(1000 * t, 1000 * t + 1000));
    const { recordsValues } = records.snapshot();
    expect(recordsValues).toHaveLength(64 * 8);
    expect((recordsValues as Float64Array)[7]).toBe(values[7000]);
  });

  it("knows no time from fewer than 4 records, and comes back from a snapshot", () => {
    const shape = { numChains: 1, dim: 2, numRecords: 5 };
    const [records, restored] = [new PositionRecords(shape), new PositionRecords(shape)];
    for (let t = 0; t < 3; t++) records.add(normals(2));
    expect(records.meanAutocorrelationTime()).toBeNaN();
    restored.restore(records.snapshot());
    for (const each of [records, restored]) for (const x of [3, 1]) each.add(Float64Array.of(x, -x));
    expect(restored.meanAutocorrelationTime()).toBe(records.meanAutocorrelationTime());
    expect(records.meanAutocorrelationTime()).toBeGreaterThanOrEqual(1);
  });
});
