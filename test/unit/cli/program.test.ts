/** Command lines that are refused before anything is done. */
import { afterEach, expect, it, vi } from "vitest";
import { exitCode } from "../../../src/cli/exit-codes.ts";
import { runCli } from "../../../src/cli/program.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it.each([
  ["an option of another command", ["build", "--require-converged"], "unknown option '--require-converged'"],
  ["a backend that there is not", ["sample", "--backend", "cuda"], "auto, native, wasm, reference"],
])("%s is refused", async (_, args, message) => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  expect(await runCli(args)).toBe(exitCode.usage);
  expect(write.mock.calls.join("")).toContain(message);
});

it.each([
  [["workflow", "llc", "--nonsense", "--json"], /^unknown option '--nonsense'$/],
  [["workflow", "llc", "--jso", "--json"], /^unknown option '--jso' \(Did you mean --json\?\)$/],
  [
    ["build", "--slots", "x", "--json"],
    /^option '--slots <n>' argument 'x' is invalid\. expected an integer/,
  ],
  [["summarize", "--json"], /^missing required argument 'file'$/],
  [["nonsense", "--json"], /^unknown command 'nonsense'/],
  [["results", "a", "b", "--json"], /^too many arguments/],
  [["config", "--json"], /^unknown option '--json'/],
])("with --json, %j is refused in JSON", async (args, message) => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  expect(await runCli(args)).toBe(exitCode.usage);
  const [line = "", ...rest] = write.mock.calls.map(([text]) => String(text));
  expect(rest).toEqual([]);
  const error = JSON.parse(line) as Record<string, unknown>;
  expect(error).toMatchObject({
    code: "USAGE",
    message: expect.stringMatching(message),
    details: {},
    causes: [],
  });
});
