/** Files that may be gone. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readTextOrNull } from "../../../src/core/read-text.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

it("a file is its text, anything else null", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "a"), "λ̂");
  expect([join(folder, "a"), join(folder, "b"), folder].map(readTextOrNull)).toEqual(["λ̂", null, null]);
});
