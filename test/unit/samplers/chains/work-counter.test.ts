/** Bookkeeping of work. */
import { describe, expect, it } from "vitest";
import { WorkCounter } from "../../../../src/samplers/chains/work-counter.ts";

const sizes = { numChains: 3, numData: 100 };

describe("WorkCounter", () => {
  it("counts evaluations over one data point, all chains together, warmup apart", () => {
    const counter = new WorkCounter(sizes);
    counter.addGradients(2);
    counter.phase = "draws";
    counter.addGradients(5, 7);
    counter.addLosses(1);
    expect(counter.work).toEqual({ gradients: 600 + 105, warmupGradients: 600, losses: 300 });
  });

  it("reads back from its snapshot entries", () => {
    const [counter, copy] = [new WorkCounter(sizes), new WorkCounter(sizes)];
    counter.addGradients(2);
    counter.addLosses(1, 5);
    copy.restore(counter.snapshot());
    expect(copy.work).toEqual(counter.work);
  });
});
