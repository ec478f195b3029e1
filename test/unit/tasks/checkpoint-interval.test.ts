/** Laws of the time between checkpoints. */
import { expect, it } from "vitest";
import { SweepError } from "../../../src/core/errors.ts";
import { checkpointIntervalMs } from "../../../src/tasks/checkpoint-interval.ts";

it.each([
  [undefined, 20_000],
  ["", 20_000],
  ["0", 0],
  ["0.05", 50],
  [" 5 ", 5000],
])("LAMBDA_HAT_CHECKPOINT_SEC=%j means %d ms", (text, expected) => {
  expect(checkpointIntervalMs({ LAMBDA_HAT_CHECKPOINT_SEC: text })).toBe(expected);
});

it.each(["soon", "-1", "Infinity", "NaN"])("LAMBDA_HAT_CHECKPOINT_SEC=%j is refused", (text) => {
  expect(() => checkpointIntervalMs({ LAMBDA_HAT_CHECKPOINT_SEC: text })).toThrow(SweepError);
});
