/** A folder of its own for each test, gone afterwards. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Makes a folder that is deleted when the current test ends; not for `it.concurrent`, where vitest takes another test for it. */
export const temporaryFolder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};
