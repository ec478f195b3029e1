/** The last words of a sweep. */
import { afterEach, expect, it, vi } from "vitest";
import { printSweepEnd } from "../../../../src/cli/output/print-sweep-end.ts";
import { errorRecordOf, SweepError } from "../../../../src/core/errors.ts";

vi.mock("../../../../src/cli/output/colors.ts", () => {
  const marksOf = (stream: string) => ({ red: (text: string) => `<${stream} red>${text}</>` });
  return { dataColors: marksOf("data"), noteColors: marksOf("note") };
});

afterEach(() => {
  vi.restoreAllMocks();
});

it("a failure has its reason in the colours of stdout, where it is printed, and its causes and log below", () => {
  const lines: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  const error = errorRecordOf(new SweepError("TASK_FAILED", "no luck.", { cause: new Error("deeper") }));
  printSweepEnd({
    rows: [],
    numRows: 0,
    failures: [
      { state: "failed", error, taskIds: ["a", "b"], blockedTaskIds: ["c"], logTail: ["last line"] },
    ],
    wasStopped: false,
    resultsPath: "results/llc_runs.parquet",
  });
  expect(lines.join("").split("\n")).toEqual([
    "<data red>failed: a and 1 more: no luck.</>",
    "  because: deeper",
    "  | last line",
    "  1 cells could not run because of it",
    "  more: lambda-hat explain a",
    "",
  ]);
});
