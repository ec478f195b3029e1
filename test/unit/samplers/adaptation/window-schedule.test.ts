/** Stan's schedule for one chain, to the letter; shorter first windows for pooled chains. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { windowSchedule } from "../../../../src/samplers/adaptation/window-schedule.ts";

const lengths = (numWarmup: number, numChains: number): string =>
  windowSchedule(numWarmup, numChains)
    .map(({ start, end, isSlow }) => `${end - start}${isSlow ? "s" : "f"}`)
    .join(" ");

describe("windowSchedule", () => {
  it("is Stan's for one chain", () => {
    // blackjax: tests/adaptation/test_adaptation.py, build_schedule
    expect(lengths(19, 1)).toBe("19f");
    expect(lengths(100, 1)).toBe("15f 75s 10f");
    expect(lengths(200, 1)).toBe("75f 25s 50s 50f");
    expect(lengths(1000, 1)).toBe("75f 25s 50s 100s 200s 500s 50f");
  });

  it("shortens the first slow window by the root of the number of chains, never under 10", () => {
    expect(lengths(500, 4)).toBe("75f 13s 26s 52s 284s 50f");
    expect(lengths(1000, 1024)).toBe("75f 10s 20s 40s 80s 160s 565s 50f");
    expect(lengths(100, 16)).toBe("15f 19s 56s 10f");
  });

  it("is empty without warmup", () => {
    expect(windowSchedule(0, 4)).toEqual([]);
  });

  it("covers every transition once and ends in a fast window", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 2000 }),
        (numWarmup, numChains) => {
          const windows = windowSchedule(numWarmup, numChains);
          const ends = windows.map(({ end }) => end);
          expect(windows.map(({ start }) => start)).toEqual([0, ...ends.slice(0, -1)]);
          expect(ends.at(-1)).toBe(numWarmup);
          expect(windows.at(-1)?.isSlow).toBe(false);
          expect(windows.every(({ start, end }) => end > start)).toBe(true);
        },
      ),
    );
  });
});
