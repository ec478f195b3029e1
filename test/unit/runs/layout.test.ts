/** Paths under `runs/`. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  catalogFile,
  listSweeps,
  listTargets,
  runFiles,
  storeAt,
  sweepFiles,
  targetFiles,
} from "../../../src/runs/layout.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const name = { targetId: "tgt_0123456789ab", sampler: "hmc", runId: "89abcdef" };

test("paths are those that users know", () => {
  const store = storeAt("/p");
  expect(catalogFile(store.runs)).toBe("/p/runs/targets/_catalog.jsonl");
  expect(targetFiles(store.runs, name.targetId).meta).toBe("/p/runs/targets/tgt_0123456789ab/meta.json");
  expect(targetFiles(store.runs, name.targetId).runs).toBe("/p/runs/targets/tgt_0123456789ab/_runs.jsonl");
  expect(runFiles(store.runs, name).trace).toBe("/p/runs/targets/tgt_0123456789ab/run_hmc_89abcdef/trace.nc");
  expect(sweepFiles(store.runs, "s1").events).toBe("/p/runs/sweeps/s1/events.jsonl");
});

test("store_root may be absolute or another name; logs stay beside the project", () => {
  expect(storeAt("/p", "/big/store")).toEqual({ runs: "/big/store", logs: "/p/logs" });
  expect(storeAt("/p", "out/runs").runs).toBe("/p/out/runs");
});

test("listing finds targets and sweeps by their names and nothing else", () => {
  const store = storeAt(temporaryFolder());
  expect(listTargets(store.runs)).toEqual([]);
  mkdirSync(runFiles(store.runs, name).dir, { recursive: true });
  mkdirSync(join(targetFiles(store.runs, name.targetId).dir, "diagnostics"));
  mkdirSync(join(store.runs, "targets", "scratch"));
  mkdirSync(sweepFiles(store.runs, "abc").dir, { recursive: true });
  expect(listTargets(store.runs)).toEqual([name.targetId]);
  expect(listSweeps(store.runs)).toEqual(["abc"]);
});
