/**
 * Manifests: the file that says a target or run is finished, written last.
 *
 * `manifest.json` of a run and `meta.json` of a target have the same form: identity, status, attempt, hashes of the other
 * files, then facts. A task is done when its manifest is there, legible, of the same id, of the folder's newest attempt, and
 * its files have their sizes (and, if asked, hashes). A failed attempt leaves none (docs/decisions.md, Storage).
 */
import { createHash } from "node:crypto";
import { closeSync, linkSync, openSync, readFileSync, readSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeJsonAtomic } from "../core/atomic-write.ts";
import type { Json } from "../core/canonical-json.ts";
import { isAbsentError } from "../core/system-error.ts";
import { type Attempt, checkAttempt, readAttempt } from "./attempt.ts";
import { jsonNumbers } from "./json-numbers.ts";

/** Number of the form described here; files of another are not read. */
export const manifestFormat = 1;

/** The only status that a manifest has; older versions ask for it. */
const status = "ok";

/** Size and SHA-256 of one file. */
export interface FileRecord {
  readonly bytes: number;
  readonly sha256: string;
}

/** Facts of a manifest, snake_case. */
export type Facts = { readonly [name: string]: Json };

/** A manifest as read. Everything beyond the named members is in `facts`. */
export interface Manifest {
  readonly id: string;
  readonly attempt: number;
  readonly token: string;
  readonly host: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** By name within the folder. */
  readonly files: Readonly<Record<string, FileRecord>>;
  readonly facts: Facts;
}

/** What an attempt reports when its work is done. */
export interface Ending {
  /** Content-hash id of the task. */
  readonly id: string;
  readonly attempt: Attempt;
  /** Milliseconds since 1970. */
  readonly finishedMs: number;
  /** Names of finished files in the folder, to be hashed. */
  readonly files: readonly string[];
  /** Plain data; NaN becomes null. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/**
 * Hashes the files and writes the manifest at `path`.
 * @throws SweepError `BUSY` if a newer attempt has begun.
 */
export const writeManifest = (path: string, ending: Ending): void => {
  const { attempt } = ending;
  const dir = dirname(path);
  const files = Object.fromEntries(ending.files.map((name) => [name, fileRecordOf(join(dir, name))]));
  const head = {
    format: manifestFormat,
    id: ending.id,
    status,
    attempt: attempt.number,
    token: attempt.token,
    host: attempt.host,
    started_at: attempt.startedAt,
    finished_at: new Date(ending.finishedMs).toISOString(),
    files,
  };
  for (const name of Object.keys(ending.facts)) {
    if (Object.hasOwn(head, name)) throw new Error(`bug: fact "${name}" is a member of every manifest`);
  }
  const record = jsonNumbers({ ...head, ...ending.facts });
  checkAttempt(attempt);
  writeJsonAtomic(path, record);
};

/** Size and hash of a file, read in slices. */
export const fileRecordOf = (path: string): FileRecord => {
  const file = openSync(path, "r");
  try {
    const hash = createHash("sha256");
    const slice = Buffer.alloc(1 << 20);
    let bytes = 0;
    for (let count = readSync(file, slice); count > 0; count = readSync(file, slice)) {
      hash.update(slice.subarray(0, count));
      bytes += count;
    }
    return { bytes, sha256: hash.digest("hex") };
  } finally {
    closeSync(file);
  }
};

/** What was found where a manifest should be. */
export type ManifestReading =
  | { readonly kind: "valid"; readonly manifest: Manifest }
  | { readonly kind: "absent" }
  | { readonly kind: "invalid"; readonly reason: string };

/** How closely the files are looked at: `sizes` costs one `stat` a file, `hashes` reads them. */
export type Verification = "sizes" | "hashes";

/** Reads and checks the manifest of task `id` at `path`. Never throws on bad content. */
export const readManifest = (
  path: string,
  id: string,
  verification: Verification = "sizes",
): ManifestReading => {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (isAbsentError(error)) return { kind: "absent" };
    throw error;
  }
  const manifest = parseManifest(text);
  if (typeof manifest === "string") return { kind: "invalid", reason: `${path} ${manifest}` };
  const reason = whyInvalid(path, manifest, { id, verification });
  return reason === null ? { kind: "valid", manifest } : { kind: "invalid", reason };
};

/**
 * Takes away the sign of doneness of a result whose files were found to be damaged: the manifest goes to
 * `<path>.damaged`, so that whoever plans next does the work again. Only the manifest of that attempt is taken; one that
 * another process has written since is put back, unless there is a newer one by then.
 */
export const withdrawManifest = (path: string, token: string): void => {
  const aside = `${path}.damaged`;
  try {
    if (tokenAt(path) !== token) return;
    renameSync(path, aside);
    if (tokenAt(aside) !== token) linkSync(aside, path);
  } catch (error) {
    // Another process took it away, or has put a newer one in its place.
    if (!isAbsentError(error) && (error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
};

const tokenAt = (path: string): string | null => {
  const text = readFileSync(path, "utf8");
  const manifest = parseManifest(text);
  return typeof manifest === "string" ? null : manifest.token;
};

const whyInvalid = (
  path: string,
  manifest: Manifest,
  { id, verification }: { id: string; verification: Verification },
): string | null => {
  if (manifest.id !== id) return `${path} belongs to "${manifest.id}", not to "${id}"`;
  const newest = readAttempt(dirname(path));
  if (newest !== null && newest.token !== manifest.token) {
    return `${path} is of attempt ${manifest.attempt}, but attempt ${newest.number} has begun since`;
  }
  for (const [name, expected] of Object.entries(manifest.files)) {
    const reason = whyFileDiffers(join(dirname(path), name), expected, verification);
    if (reason !== null) return reason;
  }
  return null;
};

const whyFileDiffers = (path: string, expected: FileRecord, verification: Verification): string | null => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return `${path} is missing`;
  if (found.size !== expected.bytes) return `${path} has ${found.size} bytes instead of ${expected.bytes}`;
  if (verification === "sizes") return null;
  return fileRecordOf(path).sha256 === expected.sha256
    ? null
    : `${path} is not the file that was written (SHA-256)`;
};

/** Text → manifest, or what is wrong with it. */
const parseManifest = (text: string): Manifest | string => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "is not JSON";
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "is not a JSON object";
  const record = value as Record<string, Json>;
  if (record["format"] !== manifestFormat)
    return `has format ${JSON.stringify(record["format"] ?? null)}, not ${manifestFormat}`;
  if (record["status"] !== status)
    return `has status ${JSON.stringify(record["status"] ?? null)}, not ${JSON.stringify(status)}`;
  // Older manifests have an `error` too, always null.
  const {
    format: _format,
    status: _status,
    error: _error,
    id,
    attempt,
    token,
    host,
    started_at,
    finished_at,
    files,
    ...facts
  } = record;
  const texts = [id, token, host, started_at, finished_at];
  if (
    !texts.every((member) => typeof member === "string") ||
    typeof attempt !== "number" ||
    !isFileTable(files)
  ) {
    return "lacks a member that every manifest has";
  }
  return {
    id: id as string,
    attempt,
    token: token as string,
    host: host as string,
    startedAt: started_at as string,
    finishedAt: finished_at as string,
    files,
    facts,
  };
};

const isFileTable = (value: unknown): value is Record<string, FileRecord> =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every((file: Partial<FileRecord> | null) => typeof file?.bytes === "number");
