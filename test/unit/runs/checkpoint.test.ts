/** Checkpoints come back to the bit, or not at all. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  readCheckpoint,
  removeCheckpoint,
  type State,
  writeCheckpoint,
} from "../../../src/runs/checkpoint.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("every state comes back to the bit", () => {
  const path = join(temporaryFolder(), "checkpoint.bin");
  const value = fc.oneof(
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.array(fc.double(), { maxLength: 9 }).map((values) => Float64Array.from(values)),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), fc.string(), (state, id) => {
      writeCheckpoint(path, id, state as State);
      expect(readCheckpoint(path, id)).toEqual({ kind: "found", state: { ...state } });
    }),
    { seed: 1, numRuns: 50 },
  );
});

test("NaN, −0 and infinities keep their identity", () => {
  const path = join(temporaryFolder(), "checkpoint.bin");
  const state = {
    a: Number.NaN,
    b: -0,
    c: Number.NEGATIVE_INFINITY,
    d: Float64Array.of(-0, 5e-324, Number.NaN),
  };
  writeCheckpoint(path, "x", state);
  const reading = readCheckpoint(path, "x");
  expect(reading).toEqual({ kind: "found", state });
});

test("a file with any byte changed or cut off is ignored with a reason", () => {
  const path = join(temporaryFolder(), "checkpoint.bin");
  writeCheckpoint(path, "x", { step: 3, position: Float64Array.of(1, 2, 3), name: "hmc" });
  const bytes = readFileSync(path);
  for (let i = 0; i < bytes.length; i++) {
    const damaged = Buffer.from(bytes);
    damaged[i] = (damaged[i] ?? 0) ^ 0x10;
    writeFileSync(path, damaged);
    expect(readCheckpoint(path, "x")).toMatchObject({ kind: "ignored" });
  }
  for (let length = 0; length < bytes.length; length += 7) {
    writeFileSync(path, bytes.subarray(0, length));
    expect(readCheckpoint(path, "x")).toMatchObject({ kind: "ignored" });
  }
});

test("a checkpoint of another task is ignored; none is absent", () => {
  const path = join(temporaryFolder(), "checkpoint.bin");
  writeCheckpoint(path, "x", {});
  expect(readCheckpoint(path, "y")).toEqual({
    kind: "ignored",
    reason: `checkpoint ${path} belongs to "x", not to "y"`,
  });
  removeCheckpoint(path);
  removeCheckpoint(path);
  expect(readCheckpoint(path, "x")).toEqual({ kind: "absent" });
});
