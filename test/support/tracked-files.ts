/** The files of the repository, for tests of its structure. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/core/package-root.ts";

/** Paths from the root of the repository of all files that are in git or would be added, sorted by git. */
export const trackedFiles: readonly string[] = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard"],
  { cwd: packageRoot, encoding: "utf8" },
)
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(packageRoot, path)));

/** Text of a file, by its path from the root of the repository. */
export const readTracked = (path: string): string => readFileSync(join(packageRoot, path), "utf8");

/** Source files among them, fixtures left out. */
export const trackedCode: readonly string[] = trackedFiles.filter(
  (path) => /\.(ts|mjs|cjs|c|h)$/.test(path) && !path.startsWith("test/fixtures/"),
);

/** Comments of TypeScript and C. A comment sign within a string is taken for one, which does no harm to those who ask. */
export const commentsOf = (text: string): string =>
  (text.match(/\/\*[\s\S]*?\*\/|(?<![:"'`])\/\/.*/g) ?? []).join("\n");
