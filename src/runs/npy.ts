/**
 * NumPy's `.npy` format: one array, header and bytes, as `np.load` reads them.
 *
 * Written: version 1.0, C order, little-endian, data on a multiple of 64 bytes. Read: versions 1 to 3, C and Fortran order,
 * every integer, bool and unicode type, floats of 2, 4 and 8 bytes, in either byte order; `u8` and `f2` become float64.
 * Source: NumPy's `numpy/lib/format.py`.
 */
import { SweepError } from "../core/errors.ts";

/** Contents of an array, row-major. `Uint8Array` stands for bools; texts are written as UCS-4. */
export type NpyData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Uint8Array
  | readonly string[];

/** An array with its shape; `[]` is a scalar. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: NpyData;
}

const magic = Buffer.from("\x93NUMPY", "latin1");

const descriptionOf = (data: NpyData): string => {
  if (data instanceof Float64Array) return "<f8";
  if (data instanceof Float32Array) return "<f4";
  if (data instanceof BigInt64Array) return "<i8";
  if (data instanceof Int32Array) return "<i4";
  if (data instanceof Uint8Array) return "|b1";
  return `<U${Math.max(1, ...data.map((text) => Array.from(text).length))}`;
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Array → bytes of a `.npy` file. @throws bug if shape and data disagree. */
export const encodeNpy = ({ shape, data }: NpyArray): Uint8Array => {
  if (sizeOf(shape) !== data.length)
    throw new Error(`bug: ${data.length} values for shape (${shape.join(", ")})`);
  const description = descriptionOf(data);
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dictionary = `{'descr': '${description}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const padding = " ".repeat(63 - ((10 + dictionary.length) % 64));
  const header = Buffer.from(`${dictionary}${padding}\n`, "latin1");
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const body = ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : encodeTexts(data, Number(description.slice(2)));
  return Buffer.concat([magic, Buffer.from([1, 0]), length, header, body]);
};

const encodeTexts = (texts: readonly string[], width: number): Buffer => {
  const codes = Buffer.alloc(4 * width * texts.length);
  texts.forEach((text, i) => {
    Array.from(text).forEach((character, k) =>
      codes.writeUInt32LE(character.codePointAt(0) ?? 0, 4 * (width * i + k)),
    );
  });
  return codes;
};

/** Bytes of a `.npy` file → array. @throws SweepError `TRACE_INVALID` naming `file` if it cannot be read. */
export const decodeNpy = (bytes: Uint8Array, file: string): NpyArray => {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const refuse = (what: string): never => {
    throw new SweepError("TRACE_INVALID", `${file} ${what}; expected an array written by np.save.`);
  };
  const { header, dataStart } = headerOf(view) ?? refuse("is not a .npy array");
  const description = typeIn(header) ?? refuse("holds a structured type");
  const isFortran = /'fortran_order':\s*True/.test(header);
  const dimensions = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? refuse("has no shape");
  const shape = dimensions.split(",").flatMap((part) => (part.trim() === "" ? [] : [Number(part)]));
  if (!isRead(description)) return refuse(`has type '${description}', which is not read`);
  const data = decodeData(view.subarray(dataStart), description, sizeOf(shape));
  if (data === null) return refuse("is cut off");
  return { shape, data: isFortran ? rowMajor(data, shape) : data };
};

const headerOf = (view: Buffer): { readonly header: string; readonly dataStart: number } | null => {
  if (view.length < 12 || !view.subarray(0, 6).equals(magic)) return null;
  const lengthBytes = view[6] === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  const dataStart = start + view.readUIntLE(8, lengthBytes);
  return { header: view.toString(view[6] === 3 ? "utf8" : "latin1", start, dataStart), dataStart };
};

/** Null for a structured type. */
const typeIn = (header: string): string | null => /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? null;

/** The type of a `.npy` array that `decodeNpy` does not read, for people; null if it is read, or no array at all. */
export const unreadTypeOf = (bytes: Uint8Array): string | null => {
  const found = headerOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (found === null) return null;
  const type = typeIn(found.header);
  if (type === null) return "structured";
  return isRead(type) ? null : type;
};

const isRead = (description: string): boolean =>
  /^[<>|=]i8$|^[<>|=]U\d+$/.test(description) || Object.hasOwn(numberDecoders, description.slice(1));

type Decoder = (view: Buffer, offset: number) => number;
const numberDecoders: Readonly<Record<string, Decoder>> = {
  f8: (view, offset) => view.readDoubleLE(offset),
  f4: (view, offset) => view.readFloatLE(offset),
  f2: (view, offset) => halfOf(view.readUInt16LE(offset)),
  u8: (view, offset) => Number(view.readBigUInt64LE(offset)),
  i4: (view, offset) => view.readInt32LE(offset),
  i2: (view, offset) => view.readInt16LE(offset),
  i1: (view, offset) => view.readInt8(offset),
  u4: (view, offset) => view.readUInt32LE(offset),
  u2: (view, offset) => view.readUInt16LE(offset),
  u1: (view, offset) => view.readUInt8(offset),
  b1: (view, offset) => view.readUInt8(offset),
};

/** IEEE binary16: sign, 5 bits of exponent, 10 of fraction. */
const halfOf = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/** A copy with the bytes of each element in reverse. */
const swapped = (view: Buffer, width: number): Buffer => {
  const copy = Buffer.from(view);
  for (let at = 0; at + width <= copy.length; at += width) copy.subarray(at, at + width).reverse();
  return copy;
};

/** Null for too few bytes. */
const decodeData = (bytes: Buffer, description: string, count: number): NpyData | null => {
  const type = description.slice(1);
  const width = Number(type.slice(1)) * (type.startsWith("U") ? 4 : 1);
  if (!(bytes.length >= width * count)) return null;
  const elementWidth = type.startsWith("U") ? 4 : width;
  const view = description.startsWith(">") ? swapped(bytes.subarray(0, width * count), elementWidth) : bytes;
  if (type.startsWith("U")) return decodeTexts(view, width / 4, count);
  if (type === "i8") return BigInt64Array.from({ length: count }, (_, i) => view.readBigInt64LE(8 * i));
  const decode = numberDecoders[type];
  if (decode === undefined) return null;
  const read = (_: unknown, i: number): number => decode(view, width * i);
  if (type === "f4") return Float32Array.from({ length: count }, read);
  if (type === "i4") return Int32Array.from({ length: count }, read);
  if (type === "b1") return Uint8Array.from({ length: count }, read);
  return Float64Array.from({ length: count }, read);
};

const decodeTexts = (view: Buffer, width: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => {
    const codes = Array.from({ length: width }, (_unused, k) => view.readUInt32LE(4 * (width * i + k)));
    const end = codes.indexOf(0);
    return String.fromCodePoint(...(end < 0 ? codes : codes.slice(0, end)));
  });

/** Reorders column-major data. */
const rowMajor = (data: NpyData, shape: readonly number[]): NpyData => {
  const count = data.length;
  const source = Array.from({ length: count }, (_, flat) => {
    let rest = flat;
    let columnMajor = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const length = shape[axis] ?? 1;
      columnMajor += (rest % length) * sizeOf(shape.slice(0, axis));
      rest = Math.floor(rest / length);
    }
    return columnMajor;
  });
  if (!ArrayBuffer.isView(data)) return source.map((i) => data[i] ?? "");
  const copy = data.slice();
  source.forEach((from, to) => {
    (copy as Float64Array)[to] = (data as Float64Array)[from] ?? Number.NaN;
  });
  return copy;
};
