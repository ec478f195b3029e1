/** Which queue a task's job goes to, and which workers look there. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fits,
  jobIdOf,
  orderClasses,
  priorityOf,
  queueClassOf,
} from "../../../../../src/queue/redis/jobs/queue-class.ts";
import { aTask } from "../../../../support/plans.ts";

const seconds = fc.double({ min: 0, max: 1e7, noNaN: true });

describe("task-class", () => {
  it("a class is at least as long as its tasks, and less than twice as long beyond a second", () => {
    fc.assert(
      fc.property(seconds, (expected) => {
        const { maxSec } = queueClassOf(aTask("a"), expected);
        expect(maxSec).toBeGreaterThanOrEqual(expected);
        expect(maxSec).toBeLessThan(Math.max(2, 2 * expected));
      }),
    );
  });

  it("workers are never given a class whose tasks may outlive them", () => {
    fc.assert(
      fc.property(seconds, seconds, (expected, remainingSec) => {
        const queueClass = queueClassOf(aTask("a"), expected);
        if (fits(queueClass, { serves: null, remainingSec }))
          expect(expected).toBeLessThanOrEqual(remainingSec);
      }),
    );
  });

  it("orders builds before everything, unknown lengths before known, the longest first, each class once", () => {
    const classes = [
      { kind: "run-sampler", maxSec: 4 },
      { kind: "run-sampler", maxSec: 64 },
      { kind: "run-sampler", maxSec: 4 },
      { kind: "build-target", maxSec: 1 },
      { kind: "run-sampler", maxSec: null },
    ] as const;
    expect(orderClasses(classes)).toEqual([classes[3], classes[4], classes[1], classes[0]]);
  });

  it("longer tasks have priority over shorter ones, and unknown ones over all", () => {
    fc.assert(
      fc.property(seconds, seconds, (a, b) => {
        if (a > b) expect(priorityOf(a)).toBeLessThanOrEqual(priorityOf(b));
        expect(priorityOf(a)).toBeGreaterThan(priorityOf(null));
        expect(priorityOf(a)).toBeLessThan(2 ** 21);
      }),
    );
  });

  it("refuses task ids that BullMQ would read as two", () => {
    expect(jobIdOf("r1", aTask("tgt_0/hmc_1"))).toBe("n.r1.tgt_0/hmc_1");
    expect(() => jobIdOf("r1", aTask("a:b"))).toThrow(/bug: task id a:b has a colon/);
  });
});
