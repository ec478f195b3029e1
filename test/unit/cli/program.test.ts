/** Command lines that are refused before anything is done. */
import { afterEach, expect, it, vi } from "vitest";
import { exitCode } from "../../../src/cli/exit-codes.ts";
import { runCli } from "../../../src/cli/program.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it.each([
  ["an option of another command", ["build", "--require-converged"], "unknown option '--require-converged'"],
  ["a backend that there is not", ["build", "--backend", "cuda"], "auto, native, wasm, reference"],
])("%s is refused", async (_, args, message) => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  expect(await runCli(args)).toBe(exitCode.usage);
  expect(write.mock.calls.join("")).toContain(message);
});
