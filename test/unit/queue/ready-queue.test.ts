/** Laws of the queue of ready tasks. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReadyQueue } from "../../../src/queue/ready-queue.ts";
import { aTask } from "../../support/plans.ts";

const anyone = { serves: null, remainingSec: null };

describe("ReadyQueue", () => {
  it("gives out any tasks longest first, ties in the order of the plan", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 40 }), (seconds) => {
        const queue = new ReadyQueue();
        for (const [order, expected] of seconds.entries()) queue.push(aTask(`${order}`), expected, order);
        const taken: number[] = [];
        for (let task = queue.take(anyone); task !== null; task = queue.take(anyone))
          taken.push(Number(task.id));
        const wanted = [...seconds.keys()].sort(
          (a, b) => (seconds[b] as number) - (seconds[a] as number) || a - b,
        );
        expect(taken).toEqual(wanted);
      }),
    );
  });

  it("passes over tasks that do not fit and keeps them", () => {
    const queue = new ReadyQueue();
    queue.push(aTask("long"), 100, 0);
    queue.push(aTask("short"), 1, 1);
    expect(queue.take({ serves: null, remainingSec: 10 })?.id).toBe("short");
    expect(queue.take({ serves: null, remainingSec: 10 })).toBeNull();
    expect(queue.take(anyone)?.id).toBe("long");
  });

  it("never gives out a removed task", () => {
    const queue = new ReadyQueue();
    const tasks = ["a", "b", "c"].map((id) => aTask(id));
    for (const [order, task] of tasks.entries()) queue.push(task, null, order);
    queue.remove(aTask("a"));
    queue.remove(aTask("unknown"));
    expect(queue.take(anyone)?.id).toBe("b");
    expect(queue.take({ serves: ["build-target"], remainingSec: null })).toBeNull();
    expect(queue.take(anyone)?.id).toBe("c");
    expect(queue.take(anyone)).toBeNull();
  });
});
