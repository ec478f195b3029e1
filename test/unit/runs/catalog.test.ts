/** Line files that several processes append to. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { appendEntry, readEntries } from "../../../src/runs/catalog.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("entries come back in order; of the same id the last counts", () => {
  const path = join(temporaryFolder(), "deep", "_catalog.jsonl");
  appendEntry(path, { id: "a", llc: 1 });
  appendEntry(path, { id: "b", llc: Number.NaN });
  appendEntry(path, { id: "a", llc: 2 });
  expect(readEntries(path)).toEqual([
    { id: "a", llc: 2 },
    { id: "b", llc: null },
  ]);
});

test("a torn line is skipped and does not spoil the next", () => {
  const path = join(temporaryFolder(), "_runs.jsonl");
  appendEntry(path, { id: "a" });
  appendFileSync(path, '{"id": "torn", "ll');
  appendEntry(path, { id: "b" });
  appendFileSync(path, "null\n[1]\n{}\n");
  expect(readEntries(path)).toEqual([{ id: "a" }, { id: "b" }]);
});

test("no file is an empty catalog", () => {
  expect(readEntries(join(temporaryFolder(), "none"))).toEqual([]);
});
