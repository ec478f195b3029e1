/** Paths under `runs/` and `logs/`. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  buildLogFiles,
  catalogFile,
  listRuns,
  listSweeps,
  listTargets,
  runFiles,
  runLogFiles,
  storeAt,
  sweepFiles,
  targetFiles,
} from "../../../src/runs/layout.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const name = { targetId: "tgt_0123456789ab", sampler: "hmc", runId: "89abcdef" };

test("paths are those that users know", () => {
  const store = storeAt("/p");
  expect(catalogFile(store)).toBe("/p/runs/targets/_catalog.jsonl");
  expect(targetFiles(store, name.targetId).meta).toBe("/p/runs/targets/tgt_0123456789ab/meta.json");
  expect(targetFiles(store, name.targetId).runs).toBe("/p/runs/targets/tgt_0123456789ab/_runs.jsonl");
  expect(runFiles(store, name).trace).toBe("/p/runs/targets/tgt_0123456789ab/run_hmc_89abcdef/trace.nc");
  expect(sweepFiles(store, "s1").events).toBe("/p/runs/sweeps/s1/events.jsonl");
  expect(buildLogFiles(store, name.targetId).err).toBe("/p/logs/build_target/tgt_0123456789ab.err");
  expect(runLogFiles(store, name).log).toBe("/p/logs/run_sampler/tgt_0123456789ab_hmc_89abcdef.log");
});

test("store_root may be absolute or another name; logs stay beside the project", () => {
  expect(storeAt("/p", "/big/store")).toEqual({ runs: "/big/store", logs: "/p/logs" });
  expect(storeAt("/p", "out/runs").runs).toBe("/p/out/runs");
});

test("listing finds targets, runs and sweeps by their names and nothing else", () => {
  const store = storeAt(temporaryFolder());
  expect(listTargets(store)).toEqual([]);
  mkdirSync(runFiles(store, name).dir, { recursive: true });
  mkdirSync(runFiles(store, { ...name, sampler: "my_own_sampler" }).dir);
  mkdirSync(join(targetFiles(store, name.targetId).dir, "diagnostics"));
  mkdirSync(join(store.runs, "targets", "scratch"));
  mkdirSync(sweepFiles(store, "abc").dir, { recursive: true });
  expect(listTargets(store)).toEqual([name.targetId]);
  expect(listRuns(store, name.targetId)).toEqual([name, { ...name, sampler: "my_own_sampler" }]);
  expect(listSweeps(store)).toEqual(["abc"]);
});
