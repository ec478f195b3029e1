/** Laws of time limits. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatWalltime, parseWalltime } from "../../../src/cards/walltime.ts";

describe("parseWalltime", () => {
  it("reads every form that sbatch documents", () => {
    // https://slurm.schedmd.com/sbatch.html, --time
    expect(
      ["90", 90, "90:30", "01:30:00", "1-12", "1-12:30", "1-12:30:15", "02:00:00", "100:00:00"].map(
        parseWalltime,
      ),
    ).toEqual([5400, 5400, 5430, 5400, 129_600, 131_400, 131_415, 7200, 360_000]);
  });

  it("zero, UNLIMITED and INFINITE are no limit", () => {
    expect(["0", 0, "00:00:00", "UNLIMITED", "infinite"].map(parseWalltime)).toEqual(
      Array.from({ length: 5 }, () => "unlimited"),
    );
  });

  it("is null for everything else", () => {
    for (const text of ["", "1h", "1:2:3:4", "-5", "1.5", "1-", "a-1", null, {}, Number.NaN, "1-2-3"])
      expect(parseWalltime(text)).toBeNull();
  });

  it("reads back what formatWalltime writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e7 }), (seconds) => {
        expect(parseWalltime(formatWalltime(seconds))).toBe(seconds);
      }),
    );
    expect(formatWalltime("unlimited")).toBe("UNLIMITED");
    expect([59, 7200, 90_061].map(formatWalltime)).toEqual(["00:00:59", "02:00:00", "1-01:01:01"]);
  });
});
