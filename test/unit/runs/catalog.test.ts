/** Line files that several processes append to. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { beginAttempt } from "../../../src/runs/attempt.ts";
import { appendEntry, readEntries, rebuildCatalogs } from "../../../src/runs/catalog.ts";
import { catalogFile, runFiles, storeAt, targetFiles } from "../../../src/runs/layout.ts";
import { writeManifest } from "../../../src/runs/manifest.ts";
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

test("catalogs are rebuilt from the manifests alone", () => {
  const store = storeAt(temporaryFolder());
  const name = { targetId: "tgt_0123456789ab", sampler: "hmc", runId: "89abcdef" };
  const cell = `${name.targetId}/hmc_89abcdef`;
  const finish = (path: string, dir: string, id: string): void => {
    const attempt = beginAttempt(dir, 0);
    writeManifest(path, { id, attempt, finishedMs: 0, files: [], facts: { n: 7 } });
  };
  const target = targetFiles(store.runs, name.targetId);
  finish(target.meta, target.dir, name.targetId);
  finish(runFiles(store.runs, name).manifest, runFiles(store.runs, name).dir, cell);
  beginAttempt(runFiles(store.runs, { ...name, runId: "00000000" }).dir, 0);
  writeFileSync(catalogFile(store.runs), "rubbish\n");
  rebuildCatalogs(store, (id, manifest) => ({ id, n: manifest.facts["n"] }));
  expect(readFileSync(catalogFile(store.runs), "utf8")).toBe(`{"id":"${name.targetId}","n":7}\n`);
  expect(readEntries(target.runs)).toEqual([{ id: cell, n: 7 }]);
});
