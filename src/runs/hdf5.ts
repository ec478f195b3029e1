/**
 * The HDF5 library (h5wasm): loaded on first use, because it is large; errors as ours; files without times.
 */
import { existsSync } from "node:fs";
import { SweepError } from "../core/errors.ts";

type Library = typeof import("h5wasm/node");

/** The library's classes, and its inner module. */
export type Hdf5 = Library & { readonly module: Awaited<Library["ready"]> };

let loading: Promise<Hdf5> | null = null;

/** Loads the library once. */
export const loadHdf5 = (): Promise<Hdf5> => {
  loading ??= import("h5wasm/node").then(async (library) => ({ ...library, module: await library.ready }));
  return loading;
};

/** An open file. */
export type Hdf5File = InstanceType<Library["File"]>;

/**
 * Opens an HDF5 file; the caller closes it. Files are written in the format of HDF5 1.8 to 1.10, which every reader knows.
 * @param path absolute.
 * @throws SweepError `NOT_FOUND` or `TRACE_INVALID`.
 */
export const openHdf5 = (library: Hdf5, path: string, mode: "r" | "w"): Hdf5File => {
  if (mode === "r" && !existsSync(path)) throw new SweepError("NOT_FOUND", `file ${path} does not exist.`);
  // Without this the library prints a page about its inner state and returns a file with an invalid id.
  library.module.activate_throwing_error_handler();
  try {
    return new library.File(path, mode, { libver: ["v108", "v110"] });
  } catch (cause) {
    throw new SweepError(
      "TRACE_INVALID",
      `${path} cannot be opened as HDF5: it is of another kind or cut off; expected a NetCDF-4 file.`,
      { cause },
    );
  } finally {
    library.module.deactivate_throwing_error_handler();
  }
};

/**
 * Runs `write` with the clock at the start of 1970. HDF5 stamps every object with the time and h5wasm cannot be told not
 * to; the clock is its only source. Nothing else runs meanwhile: `write` is synchronous.
 */
export const pinnedClock = (write: () => void): void => {
  const { now } = Date;
  Date.now = () => 0;
  try {
    write();
  } finally {
    Date.now = now;
  }
};
