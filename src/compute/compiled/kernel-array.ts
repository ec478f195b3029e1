/**
 * Arrays of the kernel backends: blocks of kernel memory with rows of one chain each.
 *
 * Rows are `stride` numbers apart (dim rounded up to 64 bytes); what lies between dim and stride has no meaning.
 */
import type { Matrix, Precision, Row, Scalars, Vectors } from "../backend.ts";
import type { Block } from "./kernel-library.ts";

/** Rows of numbers and how they lie in a block. */
export interface ArrayShape {
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
  readonly precision: Precision;
}

/** Numbers of either precision, in memory that threads may share. */
type Numbers = Float32Array<ArrayBufferLike> | Float64Array<ArrayBufferLike>;

/** A block seen as numbers of a precision. */
export const numbersOf = (block: Block, length: number, precision: Precision): Numbers => {
  const { buffer, byteOffset } = block;
  return precision === "float32"
    ? new Float32Array(buffer, byteOffset, length)
    : new Float64Array(buffer, byteOffset, length);
};

const shortRow = 64;

/** Bytes of an array. */
export const sizeOf = ({ rows, stride, precision }: ArrayShape): number =>
  rows * stride * (precision === "float32" ? 4 : 8);

export type ArrayKind = (Vectors | Row | Matrix | Scalars)["kind"];

/** An array on the device: what `Vectors`, `Row`, `Matrix` and `Scalars` are here. */
export class KernelArray<Kind extends ArrayKind> {
  readonly kind: Kind;
  readonly address: number;
  readonly owner: object;
  readonly #shape: ArrayShape;
  readonly #values: Numbers;

  constructor(kind: Kind, { owner, block, shape }: { owner: object; block: Block; shape: ArrayShape }) {
    this.kind = kind;
    this.address = block.address;
    this.owner = owner;
    this.#shape = shape;
    this.#values = numbersOf(block, shape.rows * shape.stride, shape.precision);
  }

  /** `values`: (rows, columns), rounded to the precision. */
  write(values: Float64Array): void {
    const { rows, columns, stride } = this.#shape;
    if (values.length !== rows * columns) {
      throw new Error(`bug: ${values.length} numbers for ${this.kind} of ${rows} × ${columns}`);
    }
    if (rows === 1) {
      this.#values.set(values);
      return;
    }
    for (let row = 0; row < rows; row++) {
      this.#values.set(values.subarray(row * columns, (row + 1) * columns), row * stride);
    }
  }

  /** A copy, (rows, columns). */
  read(): Float64Array {
    const { rows, columns, stride } = this.#shape;
    const out = new Float64Array(rows * columns);
    // A view of a row costs more than a short copy without one: scalars are read several times a transition.
    if (rows === 1 && columns <= shortRow) {
      for (let i = 0; i < columns; i++) out[i] = this.#values[i];
      return out;
    }
    for (let row = 0; row < rows; row++) {
      out.set(this.#values.subarray(row * stride, row * stride + columns), row * columns);
    }
    return out;
  }
}

/** The array behind a handle. @throws bug for an array of another ensemble. */
export const arrayOf = (array: Vectors | Row | Matrix | Scalars, owner: object): KernelArray<ArrayKind> => {
  if (array instanceof KernelArray && array.owner === owner) return array;
  throw new Error(`bug: these ${array.kind} belong to another ensemble`);
};
