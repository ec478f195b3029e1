/** Laws of what tasks are said to take. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { lifeNeeded } from "../../../../src/executors/pilots/life-needed.ts";
import { aSlurmCard } from "../../../support/pilot-cards.ts";
import { aTask } from "../../../support/plans.ts";

const needed = (lines: string, expected: number | null): number | undefined =>
  lifeNeeded([aTask("a")], new Map(expected === null ? [] : [["a", expected]]), [aSlurmCard(lines)]).get("a");

it("lifeNeeded, rounded up to a power of two, fits every fresh worker", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 1e6 }),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      (minutes, expected) => {
        const { walltimeSec, drainBeforeSec } = aSlurmCard(`walltime: ${minutes}`);
        const rounded =
          2 ** Math.ceil(Math.log2(Math.max(1, needed(`walltime: ${minutes}`, expected) as number)));
        expect(rounded).toBeLessThanOrEqual(((walltimeSec as number) - drainBeforeSec) / 2);
      },
    ),
    { numRuns: 50 },
  );
});

it("lifeNeeded is what is expected where that fits, the card's time_request where it is given, unknown otherwise", () => {
  expect(needed("walltime: 60", 100)).toBe(100);
  expect(needed("walltime: UNLIMITED", 1e6)).toBe(1e6);
  expect(needed("walltime: 60", null)).toBeUndefined();
  expect(needed("walltime: 60\ntime_request: { sample: 600 }", 5)).toBe(600);
});
