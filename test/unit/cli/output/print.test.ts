/** What an error looks like to people and to programs. */
import { afterEach, expect, it, vi } from "vitest";
import { printError } from "../../../../src/cli/output/print.ts";
import { errorRecordOf, SweepError } from "../../../../src/core/errors.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Everything that `action` writes to stderr. */
const notesOf = (action: () => void): string => {
  const chunks: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((chunk) => chunks.push(String(chunk)) > 0);
  action();
  return chunks.join("");
};

const record = errorRecordOf(
  new SweepError("CONFIG_INVALID", "1 mistake in a.yaml", {
    cause: new Error("deeper"),
    details: { file: "a.yaml", mistakes: ["a.yaml:1:1  targets: missing."] },
  }),
);

it("an error with --json is one line of code, message, details and causes", () => {
  const text = notesOf(() => printError(record, { verbose: false, json: true }));
  expect(text.trimEnd().split("\n")).toHaveLength(1);
  expect(JSON.parse(text)).toEqual({
    code: "CONFIG_INVALID",
    message: "1 mistake in a.yaml",
    details: { file: "a.yaml", mistakes: ["a.yaml:1:1  targets: missing."] },
    causes: ["deeper"],
  });
});

it("a person reads message and causes, and the stack only with --verbose", () => {
  const brief = notesOf(() => printError(record, { verbose: false, json: false }));
  expect(brief).toMatch(/error:.* 1 mistake in a\.yaml\n {2}because: deeper\n$/);
  expect(notesOf(() => printError(record, { verbose: true, json: false }))).toContain("print.test.ts");
});
