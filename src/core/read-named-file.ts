/** Reads a file that a person has named, so that a wrong name is told as one. */
import { readFileSync } from "node:fs";
import { SweepError } from "./errors.ts";
import { isAbsentError } from "./system-error.ts";

/** What a message says about the file. */
export interface NamedFile {
  /** `a table (.parquet)` */
  readonly expected: string;
  /** The message where there is no file; without it the path is told. */
  readonly absent?: string;
}

/** Content of the file. @throws SweepError `NOT_FOUND` if there is none, or a folder; the system's error for the rest. */
export const readNamedFile = (path: string, { expected, absent }: NamedFile): Buffer => {
  try {
    return readFileSync(path);
  } catch (cause) {
    const isFolder = (cause as NodeJS.ErrnoException).code === "EISDIR";
    if (!isFolder && !isAbsentError(cause)) throw cause;
    const problem = isFolder
      ? `${path} is a folder; expected ${expected}. Name a file.`
      : (absent ?? `file ${path} does not exist; expected ${expected}. Name another file.`);
    throw new SweepError("NOT_FOUND", problem, { cause });
  }
};
