/**
 * `_catalog.jsonl` (targets) and `_runs.jsonl` (runs of a target): one JSON object a line, appended when one is finished.
 *
 * They are indexes for people and quick looks; the truth is in the manifests. Lines may be written by several processes at
 * once, each with one `write` in append mode; a line torn by a crash is skipped on reading and does not spoil the next. Of
 * lines of the same id the last one counts.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { isAbsentError } from "../core/system-error.ts";
import { jsonNumbers } from "./json-numbers.ts";

/** A line: plain data, snake_case. `id` is that of the target (`tgt_…`) or of the cell (`tgt_…/hmc_…`). */
export interface CatalogEntry {
  readonly id: string;
  readonly [name: string]: unknown;
}

/** Appends one line with one write. Creates file and folder. */
export const appendEntry = (path: string, entry: CatalogEntry): void => {
  mkdirSync(dirname(path), { recursive: true });
  const line = `${JSON.stringify(jsonNumbers(entry))}\n`;
  const file = openSync(path, "a+");
  try {
    writeSync(file, Buffer.from(endsInNewline(file) ? line : `\n${line}`, "utf8"));
  } finally {
    closeSync(file);
  }
};

const endsInNewline = (file: number): boolean => {
  const { size } = fstatSync(file);
  const last = Buffer.alloc(1);
  return size === 0 || (readSync(file, last, 0, 1, size - 1) === 1 && last[0] === 0x0a);
};

/** Entries by id, in order of first appearance; lines that are no entries are skipped. Empty if there is no file. */
export const readEntries = (path: string): CatalogEntry[] => {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (isAbsentError(error)) return [];
    throw error;
  }
  const entries = new Map<string, CatalogEntry>();
  for (const line of text.split("\n")) {
    const entry = parseEntry(line);
    if (entry !== null) entries.set(entry.id, entry);
  }
  return [...entries.values()];
};

const parseEntry = (line: string): CatalogEntry | null => {
  if (!line.startsWith("{")) return null;
  try {
    const value = JSON.parse(line) as { id?: unknown };
    return typeof value.id === "string" ? (value as CatalogEntry) : null;
  } catch {
    return null;
  }
};
