/**
 * `.npz` files: a zip of `.npy` arrays, as `np.savez` writes and `np.load` reads them.
 *
 * Equal arrays give equal bytes: entries are stored in the order given, uncompressed, all dated 1 January 1980.
 */
import { readFileSync } from "node:fs";
import { unzipSync, zipSync } from "fflate";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { SweepError } from "../core/errors.ts";
import { decodeNpy, encodeNpy, type NpyArray } from "./npy.ts";

/** Arrays by name. */
export type NpzArrays = Readonly<Record<string, NpyArray>>;

/** Arrays → bytes of a `.npz` file. */
export const encodeNpz = (arrays: NpzArrays): Uint8Array => {
  const entries = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)] as const);
  // Zip keeps local time, and fflate reads the local fields of the date: the same bytes in every time zone.
  return zipSync(Object.fromEntries(entries), { level: 0, mtime: new Date(1980, 0, 1) });
};

/** Bytes of a `.npz` file → arrays. @throws SweepError `TRACE_INVALID` naming `file` if it cannot be read. */
export const decodeNpz = (bytes: Uint8Array, file: string): Record<string, NpyArray> => {
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes);
  } catch (cause) {
    throw new SweepError(
      "TRACE_INVALID",
      `${file} is not a zip archive or is cut off; expected a .npz file.`,
      { cause },
    );
  }
  return Object.fromEntries(
    Object.entries(entries).map(([name, content]) => [
      name.replace(/\.npy$/, ""),
      decodeNpy(content, `${file}:${name}`),
    ]),
  );
};

/** Writes a `.npz` file atomically. */
export const writeNpz = (path: string, arrays: NpzArrays): void => {
  writeFileAtomic(path, encodeNpz(arrays));
};

/** Reads a `.npz` file. @throws SweepError `TRACE_INVALID`. */
export const readNpz = (path: string): Record<string, NpyArray> => decodeNpz(readFileSync(path), path);
