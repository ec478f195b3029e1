/** What a sweep has left in a folder, for tests that compare two of them or watch one. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readEvents } from "../../src/queue/event-log.ts";
import type { SweepEvent } from "../../src/queue/sweep-event.ts";

/** Paths of all files under `folder`, relative to it, in order. */
export const filesUnder = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(folder, path), { throwIfNoEntry: false })?.isFile() === true)
    .toSorted();

/** Relative path → content of all files under `folder` with one of these names. */
export const contentsOf = (folder: string, names: readonly string[]): ReadonlyMap<string, Buffer> =>
  new Map(
    filesUnder(folder)
      .filter((path) => names.some((name) => path.endsWith(`/${name}`)))
      .map((path) => [path, readFileSync(join(folder, path))]),
  );

/** The files whose bytes are promised: data, weights and draws. */
export const promisedFiles = ["data.npz", "params.npz", "trace.nc"];

/** Events of the only sweep in `folder`, oldest first, over all its invocations. */
export const eventsIn = (folder: string): readonly SweepEvent[] => {
  const [sweep = "none", ...others] = readdirSync(join(folder, "runs", "sweeps"));
  if (others.length > 0) throw new Error(`more than one sweep in ${folder}`);
  return readEvents(join(folder, "runs", "sweeps", sweep, "events.jsonl"));
};
