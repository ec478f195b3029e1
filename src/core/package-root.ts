/** Where this package lies: found by its `package.json`, the same from `src/` and from `dist/`. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const findRoot = (folder: string): string => {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error("bug: no package.json above the code");
  return findRoot(parent);
};

/** Absolute path of the folder that holds this package's `package.json`. */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Version of this package, as in `package.json`. */
export const packageVersion: string = (
  JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string }
).version;
