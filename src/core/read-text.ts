/** Files that may be gone at any moment. */
import { readFileSync } from "node:fs";

/** Content as UTF-8; null if the file is not there or cannot be read. */
export const readTextOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};
