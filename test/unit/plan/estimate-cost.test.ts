/** Laws of cost estimates. */
import { describe, expect, it } from "vitest";
import {
  type DurationQuery,
  estimateCost,
  estimateSeconds,
  fastestSeconds,
  type PastWork,
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

const hmc = { kind: "run-sampler", sampler: "hmc", dims: 100 } as const;
const sizes = { unitsPerCall: 100, unitsPerDraw: 800, speedClass: "hmc", backend: "auto", threads: 2 };
const past = (units: number, counted = units): PastWork => ({ ...sizes, units, counted });
const asked = (changes: object = {}): DurationQuery => ({
  ...hmc,
  work: { ...sizes, units: 2000, draws: 10, ...changes },
});

describe("work", () => {
  const timed: readonly TaskDuration[] = [
    { ...hmc, seconds: 10, work: past(1000) },
    { ...hmc, seconds: 5, work: past(100) },
    { ...hmc, seconds: 1 },
  ];
  it("scales seconds where both sides know it", () => {
    expect(estimateSeconds(asked(), timed)).toBe(60);
    expect(estimateSeconds(hmc, timed)).toBe(5);
  });
  it("is not what a run that ended early did", () => {
    expect(estimateSeconds(asked(), [{ ...hmc, seconds: 10, work: past(0, 70) }])).toBe(10);
  });
  it("tells nothing of another class", () => {
    const flow = { ...hmc, seconds: 30, work: { ...past(10), speedClass: "flow" } };
    expect(estimateSeconds(asked(), [flow, ...timed.slice(0, 1)])).toBe(20);
    expect(estimateSeconds(asked(), [flow])).toBeNull();
  });
});

describe("fastestSeconds", () => {
  const one = (changes: object = {}, entry: object = {}): TaskDuration[] => [
    { ...hmc, seconds: 10, work: { ...past(1000), ...changes }, ...entry },
  ];
  it("is at the speed of the fastest run, by what runs counted", () => {
    expect(fastestSeconds(asked(), one())).toBe(20);
    expect(fastestSeconds(asked(), one({ counted: 4000 }))).toBe(5);
    expect(fastestSeconds(asked(), [...one(), ...one({}, { seconds: 50 })])).toBe(20);
  });
  it("grows with dims, takes most of a short run for start-up, and threads for useful", () => {
    expect(fastestSeconds({ ...asked(), dims: 200 }, one())).toBe(40);
    expect(fastestSeconds(asked(), one({}, { seconds: 1 }))).toBeCloseTo(0.4, 12);
    expect(fastestSeconds(asked({ threads: 4 }), one())).toBe(10);
    expect(fastestSeconds(asked({ threads: 1 }), one())).toBe(20);
  });
  it.each([
    ["another class", one({ speedClass: "flow" })],
    ["another backend", one({ backend: "reference" })],
    ["a smaller network", one({}, { dims: 40 })],
    ["smaller calls", one({ unitsPerCall: 40 })],
    ["more draws for less work", one({ unitsPerDraw: 300 })],
    ["another sampler", one({}, { sampler: "nuts" })],
    ["nothing counted", one({ counted: 0 })],
    ["no work known", one({}, { work: null })],
  ])("is not told by %s", (_, history) => {
    expect(fastestSeconds(asked(), history)).toBeNull();
  });
  it("is not known without size or work", () => {
    expect(fastestSeconds({ ...asked(), dims: null }, one())).toBeNull();
    expect(fastestSeconds(hmc, one())).toBeNull();
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
