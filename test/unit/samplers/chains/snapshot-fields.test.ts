/** Refusals of snapshots that do not fit. */
import { describe, expect, it } from "vitest";
import {
  arrayIn,
  booleanIn,
  numberIn,
  sentencesEntry,
  sentencesIn,
  textIn,
} from "../../../../src/samplers/chains/snapshot-fields.ts";

const snapshot = { count: 3, isWarm: true, note: "a", values: Float64Array.of(1, 2) };

describe("snapshot fields", () => {
  it("reads each kind", () => {
    expect(numberIn(snapshot, "count")).toBe(3);
    expect(booleanIn(snapshot, "isWarm")).toBe(true);
    expect(textIn(snapshot, "note")).toBe("a");
    expect(arrayIn(snapshot, "values", 2)).toEqual(Float64Array.of(1, 2));
  });

  it("gives a copy of an array", () => {
    arrayIn(snapshot, "values", 2).fill(9);
    expect(snapshot.values[0]).toBe(1);
  });

  it("refuses what is missing, of another kind or of another length, as TRACE_INVALID", () => {
    const bad = [
      () => numberIn(snapshot, "absent"),
      () => numberIn(snapshot, "note"),
      () => booleanIn(snapshot, "count"),
      () => textIn(snapshot, "values"),
      () => arrayIn(snapshot, "values", 3),
    ];
    for (const read of bad) expect(read).toThrow(expect.objectContaining({ code: "TRACE_INVALID" }));
    expect(() => arrayIn(snapshot, "values", 3)).toThrow(
      'checkpoint entry "values" holds 2 numbers; expected 3 numbers.',
    );
  });

  it("keeps sentences, also none", () => {
    expect(sentencesIn({ warnings: sentencesEntry(["a.", "b."]) }, "warnings")).toEqual(["a.", "b."]);
    expect(sentencesIn({ warnings: sentencesEntry([]) }, "warnings")).toEqual([]);
  });
});
