/**
 * `_catalog.jsonl` (targets) and `_runs.jsonl` (runs of a target): one JSON object a line, appended when one is finished.
 *
 * They are indexes for people and quick looks; the truth is in the manifests, from which they can be rebuilt. Lines may be
 * written by several processes at once, each with one `write` in append mode; a line torn by a crash is skipped on
 * reading and does not spoil the next. Of lines of the same id the last one counts.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { isAbsentError } from "../core/system-error.ts";
import { jsonNumbers } from "./json-numbers.ts";
import { catalogFile, listRuns, listTargets, runFiles, type Store, targetFiles } from "./layout.ts";
import { type ManifestReading, readManifest } from "./manifest.ts";

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

/**
 * Writes `_catalog.jsonl` and every `_runs.jsonl` anew from the manifests; `entryOf` says what a line holds.
 * Folders without a valid manifest get no line.
 */
export const rebuildCatalogs = (
  store: Store,
  entryOf: (id: string, manifest: Extract<ManifestReading, { kind: "valid" }>["manifest"]) => CatalogEntry,
): void => {
  const lineOf = (path: string, id: string): string => {
    const reading = readManifest(path, id);
    return reading.kind === "valid" ? `${JSON.stringify(jsonNumbers(entryOf(id, reading.manifest)))}\n` : "";
  };
  const targets = listTargets(store.runs);
  for (const targetId of targets) {
    const lines = listRuns(store.runs, targetId).map((name) =>
      lineOf(runFiles(store.runs, name).manifest, `${targetId}/${name.sampler}_${name.runId}`),
    );
    writeFileAtomic(targetFiles(store.runs, targetId).runs, lines.join(""));
  }
  const lines = targets.map((targetId) => lineOf(targetFiles(store.runs, targetId).meta, targetId));
  writeFileAtomic(catalogFile(store.runs), lines.join(""));
};
