/** Tables of sweeps side by side. */
import { expect, test } from "vitest";
import { readResults } from "../../../src/results/parquet.ts";
import {
  experimentResultsFile,
  readAllResults,
  resultsFile,
  writeSweepResults,
} from "../../../src/results/results-files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("the last sweep is llc_runs.parquet; every experiment keeps its own table", async () => {
  const root = temporaryFolder();
  await writeSweepResults(root, { experiment: "one" }, [{ experiment: "one", hp_a: 1 }]);
  await writeSweepResults(root, { experiment: "two/x" }, [{ experiment: "two/x", hp_b: "b" }]);
  expect((await readResults(resultsFile(root))).rows).toMatchObject([{ experiment: "two/x" }]);
  const all = await readAllResults(root);
  expect(all.rows).toMatchObject([
    { experiment: "one", hp_a: 1, hp_b: null },
    { experiment: "two/x", hp_a: null, hp_b: "b" },
  ]);
  expect(all.columns).toEqual(expect.arrayContaining(["hp_a", "hp_b"]));
});

test("an experiment's name cannot lead out of the folder", () => {
  expect(experimentResultsFile("/p", "../../etc/x y")).toBe("/p/results/experiments/--..-etc-x-y.parquet");
});

test("without tables there are no rows", async () => {
  expect(await readAllResults(temporaryFolder())).toEqual({ metadata: {}, columns: [], rows: [] });
});
