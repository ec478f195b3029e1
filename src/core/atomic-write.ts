/**
 * Files that are either absent, old or complete: write beside, fsync, rename, fsync the folder.
 *
 * A reader never sees half a file, and a `kill -9` at any instant leaves at most a `*.tmp` beside it, which the next owner of the
 * folder removes.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Writes `content` to `path` atomically and durably. Creates the folder. `mode`: of the file, before the umask. */
export const writeFileAtomic = (path: string, content: string | Uint8Array, mode = 0o666): void => {
  commitFile(path, (temporary) => {
    const file = openSync(temporary, "w", mode);
    try {
      const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
      let written = 0;
      while (written < bytes.byteLength) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  });
};

/**
 * Lets `write` fill a temporary file beside `path`, then renames it into place.
 * For writers that open the file themselves (HDF5); they must close it before they return.
 */
export const commitFile = (path: string, write: (temporary: string) => void): void => {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    write(temporary);
    syncPath(temporary);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncPath(folder);
};

const temporaryName = /\.\d+\.[0-9a-f]{8}\.tmp$/;

/**
 * Deletes what killed writers have left in a folder (not below it); silent if there is no folder. Only for the owner of the
 * folder, or with an age in milliseconds that no write in progress can have.
 */
export const removeTemporaries = (folder: string, minAgeMs = 0): void => {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) {
    if (!temporaryName.test(name)) continue;
    const path = join(folder, name);
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (Date.now() - modified >= minAgeMs) rmSync(path, { force: true });
  }
};

const syncPath = (path: string): void => {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** JSON value → file, atomically, indented, ending in a newline. NaN and ±∞ must be mapped to null before. */
export const writeJsonAtomic = (path: string, value: unknown): void => {
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
};
