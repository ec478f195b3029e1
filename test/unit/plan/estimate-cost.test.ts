/** Laws of cost estimates. */
import { describe, expect, it } from "vitest";
import {
  estimateCost,
  estimateSeconds,
  fastestSeconds,
  type TaskDuration,
} from "../../../src/plan/estimate-cost.ts";
import { aTask } from "../../support/plans.ts";

const history: readonly TaskDuration[] = [
  { kind: "run-sampler", sampler: "hmc", dims: 100, seconds: 10 },
  { kind: "run-sampler", sampler: "hmc", dims: 100, seconds: 30 },
  { kind: "run-sampler", sampler: "hmc", dims: 10_000, seconds: 500 },
  { kind: "build-target", sampler: null, dims: 100, seconds: 2 },
];

describe("estimateSeconds", () => {
  const hmc = { kind: "run-sampler", sampler: "hmc" } as const;
  it("is the median of earlier runs of the same size", () => {
    expect(estimateSeconds({ ...hmc, dims: 100 }, history)).toBe(20);
  });
  it("scales the nearest size by dims within a factor of two", () => {
    expect(estimateSeconds({ ...hmc, dims: 200 }, history)).toBe(40);
  });
  it("scales everything there is when no size is near", () => {
    expect(estimateSeconds({ ...hmc, dims: 1000 }, history)).toBe(100);
  });
  it("is the plain median when dims are not known", () => {
    expect(estimateSeconds({ ...hmc, dims: null }, history)).toBe(30);
  });
  it("is null without history of the same kind and algorithm", () => {
    expect(estimateSeconds({ kind: "run-sampler", sampler: "vi", dims: 100 }, history)).toBeNull();
    expect(estimateSeconds({ kind: "build-target", sampler: null, dims: 100 }, [])).toBeNull();
  });
  it("ignores entries that are no durations", () => {
    const bad = [{ kind: "run-sampler", sampler: "hmc", dims: 100, seconds: Number.NaN }] as const;
    expect(estimateSeconds({ ...hmc, dims: 100 }, [...bad, ...history])).toBe(20);
  });
});

describe("work", () => {
  const hmc = { kind: "run-sampler", sampler: "hmc", dims: 100 } as const;
  const timed: readonly TaskDuration[] = [
    { ...hmc, seconds: 10, workUnits: 1000 },
    { ...hmc, seconds: 5, workUnits: 100 },
    { ...hmc, seconds: 1 },
  ];
  it("scales seconds where both sides know it", () => {
    expect(estimateSeconds({ ...hmc, workUnits: 2000 }, timed)).toBe(20);
    expect(estimateSeconds(hmc, timed)).toBe(5);
  });
  it("tells the fastest speed from runs that know it alone", () => {
    expect(fastestSeconds({ ...hmc, workUnits: 2000 }, timed)).toBe(20);
    expect(fastestSeconds({ ...hmc, dims: 200, workUnits: 2000 }, timed)).toBe(40);
    expect(fastestSeconds({ ...hmc, workUnits: 2000 }, [{ ...hmc, seconds: 1, workUnits: 10 }])).toBe(40);
    expect(fastestSeconds(hmc, timed)).toBeNull();
    expect(fastestSeconds({ ...hmc, dims: null, workUnits: 2000 }, timed)).toBeNull();
    expect(fastestSeconds({ ...hmc, workUnits: 2000 }, timed.slice(2))).toBeNull();
  });
});

describe("estimateCost", () => {
  const tasks = [
    aTask("b"),
    aTask("x", { needs: ["b"] }),
    aTask("y", { needs: ["b"] }),
    aTask("z", { needs: ["b"] }),
  ];
  const seconds = new Map([
    ["b", 10],
    ["x", 3],
    ["y", 4],
    ["z", 5],
  ]);
  it("on one slot takes the sum", () => {
    expect(estimateCost(tasks, seconds, 1)).toEqual({ slotSeconds: 22, wallSeconds: 22, numUnknown: 0 });
  });
  it("on many slots takes the critical path", () => {
    expect(estimateCost(tasks, seconds, 8)).toEqual({ slotSeconds: 22, wallSeconds: 15, numUnknown: 0 });
  });
  it("counts unknown tasks apart and a need outside the list as met", () => {
    expect(estimateCost(tasks.slice(1), new Map([["x", 3]]), 1)).toEqual({
      slotSeconds: 3,
      wallSeconds: 3,
      numUnknown: 2,
    });
  });
  it("costs nothing when nothing is open", () => {
    expect(estimateCost([], seconds, 4)).toEqual({ slotSeconds: 0, wallSeconds: 0, numUnknown: 0 });
  });
});
