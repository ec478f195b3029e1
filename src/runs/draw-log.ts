/**
 * Append-only log of draws while a run is sampling: memory stays flat however long the run, and a resumed run cuts the log
 * back to its checkpoint and goes on.
 *
 * Bytes: `LHDRAWS1`, length of the header (uint32), header (JSON, padded with spaces so that records begin on a multiple of
 * 64), then one record a draw: float64 `[field * numChains + chain]`. Little-endian. A torn last record is ignored.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { SweepError } from "../core/errors.ts";

/** What each record holds. */
export interface DrawLogShape {
  /** Content-hash id of the run. */
  readonly id: string;
  /** Names of the recorded quantities, each with one number a chain. */
  readonly fields: readonly string[];
  readonly numChains: number;
}

/** An open log. Draws are buffered: only `flush` makes them durable. */
export interface DrawLog {
  /** Draws so far, buffered ones included. */
  readonly numDraws: number;
  /** Adds one draw: for every field one number a chain. @throws bug if a field is missing or of another length. */
  append(draw: Readonly<Record<string, Float64Array>>): void;
  /** Writes the buffer and waits for the disk; call before a checkpoint that counts these draws. */
  flush(): void;
  /** Flushes and closes; does nothing if it is closed. */
  close(): void;
  /** Closes without what is still in the buffer; does nothing if it is closed. */
  abandon(): void;
}

const magic = "LHDRAWS1";
const bufferBytes = 1 << 20;

const encodeHeader = ({ id, fields, numChains }: DrawLogShape): Buffer => {
  const json = JSON.stringify({ id, fields, num_chains: numChains });
  const unpadded = 12 + Buffer.byteLength(json);
  const header = Buffer.from(json + " ".repeat((64 - (unpadded % 64)) % 64), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  return Buffer.concat([Buffer.from(magic), length, header]);
};

const recordBytesOf = ({ fields, numChains }: DrawLogShape): number => 8 * fields.length * numChains;

/** Starts a new, empty log at `path`; an old one is overwritten. Creates the folder. */
export const createDrawLog = (path: string, shape: DrawLogShape): DrawLog => {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "w");
  const header = encodeHeader(shape);
  writeAll(file, header, 0);
  return openLog(file, shape, { headerBytes: header.length, numDraws: 0 });
};

/**
 * Opens the log at `path` to go on after its first `numDraws` draws; later ones are cut off.
 * @returns null if there is no log of this shape with as many draws: then the run must start anew.
 */
export const resumeDrawLog = (path: string, shape: DrawLogShape, numDraws: number): DrawLog | null => {
  let file: number;
  try {
    file = openSync(path, "r+");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const header = encodeHeader(shape);
  const found = Buffer.alloc(header.length);
  const length = header.length + numDraws * recordBytesOf(shape);
  const isSame = readSync(file, found, 0, header.length, 0) === header.length && found.equals(header);
  if (!isSame || fstatSync(file).size < length) {
    closeSync(file);
    return null;
  }
  ftruncateSync(file, length);
  return openLog(file, shape, { headerBytes: header.length, numDraws });
};

const openLog = (
  file: number,
  shape: DrawLogShape,
  start: { readonly headerBytes: number; readonly numDraws: number },
): DrawLog => {
  const recordBytes = recordBytesOf(shape);
  const perBuffer = Math.max(1, Math.floor(bufferBytes / recordBytes));
  const buffer = new Float64Array((perBuffer * recordBytes) / 8);
  let written = start.numDraws;
  let pending = 0;
  let isOpen = true;
  const writePending = (): void => {
    const bytes = new Uint8Array(buffer.buffer, 0, pending * recordBytes);
    writeAll(file, bytes, start.headerBytes + written * recordBytes);
    written += pending;
    pending = 0;
  };
  const flush = (): void => {
    writePending();
    fsyncSync(file);
  };
  const abandon = (): void => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  return {
    get numDraws() {
      return written + pending;
    },
    append: (draw) => {
      let offset = (pending * recordBytes) / 8;
      for (const field of shape.fields) {
        const values = draw[field];
        if (values?.length !== shape.numChains)
          throw new Error(`bug: draw without ${shape.numChains} × "${field}"`);
        buffer.set(values, offset);
        offset += shape.numChains;
      }
      pending += 1;
      if (pending === perBuffer) writePending();
    },
    flush,
    close: () => {
      try {
        if (isOpen) flush();
      } finally {
        abandon();
      }
    },
    abandon,
  };
};

const writeAll = (file: number, bytes: Uint8Array, position: number): void => {
  let done = 0;
  while (done < bytes.byteLength)
    done += writeSync(file, bytes, done, bytes.byteLength - done, position + done);
};

/** A log open for reading. */
export interface DrawLogReader extends DrawLogShape {
  /** Complete draws. */
  readonly numDraws: number;
  /** One field of draws `from` to `to` (not included; default all), shape (numChains, to − from). Reads in slices. */
  column(field: string, range?: { readonly from?: number; readonly to?: number }): Float64Array[];
  close(): void;
}

/** Opens a log for reading. @throws SweepError `TRACE_INVALID` if it is none. */
export const openDrawLog = (path: string): DrawLogReader => {
  const file = openSync(path, "r");
  const head = Buffer.alloc(12);
  const isLog = readSync(file, head, 0, 12, 0) === 12 && head.toString("latin1", 0, 8) === magic;
  const headerBytes = isLog ? 12 + head.readUInt32LE(8) : 0;
  const size = fstatSync(file).size;
  if (!isLog || size < headerBytes) {
    closeSync(file);
    throw new SweepError(
      "TRACE_INVALID",
      `${path} is not a log of draws, or its header is cut off. Run the task again.`,
    );
  }
  const json = Buffer.alloc(headerBytes - 12);
  readSync(file, json, 0, json.length, 12);
  const header = JSON.parse(json.toString("utf8")) as { id: string; fields: string[]; num_chains: number };
  const shape: DrawLogShape = { id: header.id, fields: header.fields, numChains: header.num_chains };
  const numDraws = Math.floor((size - headerBytes) / recordBytesOf(shape));
  return {
    ...shape,
    numDraws,
    column: (field, { from = 0, to = numDraws } = {}) =>
      readColumn({ file, headerBytes, shape }, field, { from, to }),
    close: () => closeSync(file),
  };
};

interface OpenLog {
  readonly file: number;
  readonly headerBytes: number;
  readonly shape: DrawLogShape;
}

const readColumn = (
  { file, headerBytes, shape }: OpenLog,
  field: string,
  { from, to }: { from: number; to: number },
): Float64Array[] => {
  const { fields, numChains } = shape;
  const index = fields.indexOf(field);
  if (index < 0) throw new Error(`bug: the log has no field "${field}"; it has ${fields.join(", ")}`);
  const recordBytes = recordBytesOf(shape);
  const perRead = Math.max(1, Math.floor(bufferBytes / recordBytes));
  const slice = new Float64Array((perRead * recordBytes) / 8);
  const chains = Array.from({ length: numChains }, () => new Float64Array(to - from));
  for (let start = from; start < to; start += perRead) {
    const count = Math.min(perRead, to - start);
    readSync(file, new Uint8Array(slice.buffer), 0, count * recordBytes, headerBytes + start * recordBytes);
    chains.forEach((chain, c) => {
      const offset = index * numChains + c;
      for (let t = 0; t < count; t++)
        chain[start - from + t] = slice[(t * recordBytes) / 8 + offset] ?? Number.NaN;
    });
  }
  return chains;
};

/** Deletes a log that is no longer needed; silent if there is none. */
export const removeDrawLog = (path: string): void => {
  rmSync(path, { force: true });
};
