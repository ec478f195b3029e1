/** Laws of what status says about blocks. */
import { expect, it } from "vitest";
import { blockLines, blockStatesOf } from "../../../../src/cli/sweep/block-states.ts";
import type { SweepEvent } from "../../../../src/queue/sweep-event.ts";

const event = (block: string, state: "submitted" | "working" | "ended", time: number): SweepEvent => ({
  time,
  kind: "block",
  card: "cpu",
  block,
  state,
  allocationId: "7",
  message: `is ${state}`,
});
const events = [
  event("cpu-1", "submitted", 0),
  event("cpu-2", "submitted", 1000),
  event("cpu-1", "working", 2000),
  event("cpu-3", "submitted", 3000),
  event("cpu-2", "ended", 4000),
];

it("the last event of a block is its state; those that are over are only counted", () => {
  expect(blockLines(blockStatesOf(events), { now: 62_000, isDriven: true })).toEqual([
    "blocks: 1 working, 1 ended, 1 submitted",
    "  cpu-1 (7) working for 1m00s: is working",
    "  cpu-3 (7) submitted for 59s: is submitted",
  ]);
});

it("nothing is said where there are no blocks, and none is called alive where nobody follows them", () => {
  expect(blockLines([], { now: 0, isDriven: true })).toEqual([]);
  expect(blockLines(blockStatesOf(events), { now: 0, isDriven: false })).toHaveLength(1);
});
