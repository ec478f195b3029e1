/**
 * `.npz` files: a zip of `.npy` arrays, as `np.savez` writes and `np.load` reads them.
 *
 * Equal arrays give equal bytes: entries are stored in the order given, uncompressed, all dated 1 January 1980.
 */
import { readFileSync } from "node:fs";
import { unzipSync, zipSync } from "fflate";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { SweepError } from "../core/errors.ts";
import { decodeNpy, encodeNpy, type NpyArray, unreadTypeOf } from "./npy.ts";

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
  const entries = unzip(bytes, file);
  return Object.fromEntries(
    entries.map(([name, content]) => [name, decodeNpy(content, `${file}:${name}.npy`)]),
  );
};

/** An array that was left out, and its type in NumPy's words. */
export interface UnreadArray {
  readonly name: string;
  readonly type: string;
}

/** Like `decodeNpz`, without the arrays of types that are not read (complex, objects, dates, structures). */
export const decodeReadable = (
  bytes: Uint8Array,
  file: string,
): { readonly arrays: Record<string, NpyArray>; readonly unread: readonly UnreadArray[] } => {
  const entries = unzip(bytes, file).map(([name, content]) => ({
    name,
    content,
    type: unreadTypeOf(content),
  }));
  const readable = entries.filter(({ type }) => type === null);
  return {
    arrays: Object.fromEntries(
      readable.map(({ name, content }) => [name, decodeNpy(content, `${file}:${name}.npy`)]),
    ),
    unread: entries.flatMap(({ name, type }) => (type === null ? [] : [{ name, type }])),
  };
};

/** Contents by name without `.npy`. */
const unzip = (bytes: Uint8Array, file: string): (readonly [name: string, content: Uint8Array])[] => {
  try {
    return Object.entries(unzipSync(bytes)).map(([name, content]) => [name.replace(/\.npy$/, ""), content]);
  } catch (cause) {
    throw new SweepError(
      "TRACE_INVALID",
      `${file} is not a zip archive or is cut off; expected a .npz file.`,
      { cause },
    );
  }
};

/** Writes a `.npz` file atomically. */
export const writeNpz = (path: string, arrays: NpzArrays): void => {
  writeFileAtomic(path, encodeNpz(arrays));
};

/** Reads a `.npz` file. @throws SweepError `TRACE_INVALID`. */
export const readNpz = (path: string): Record<string, NpyArray> => decodeNpz(readFileSync(path), path);
