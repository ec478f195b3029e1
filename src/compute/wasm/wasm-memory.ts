/**
 * Memory of the wasm kernels: blocks of one shared linear memory, handed out first fit and joined again when freed.
 *
 * Growth leaves everything where it was; views of older, shorter buffers stay valid.
 */
import { SweepError } from "../../core/errors.ts";
import type { Block, KernelMemory } from "../compiled/kernel-library.ts";
import type { SharedMemory } from "./web-assembly.ts";

const pageBytes = 65536;
const alignmentBytes = 64;

interface Range {
  start: number;
  end: number;
}

/** Allocator over the part of `memory` from `heapBase` up. */
export const createWasmMemory = (memory: SharedMemory, heapBase: number): KernelMemory => {
  /** Free ranges below `top`, in order, never adjacent. */
  let free: Range[] = [];
  /** Everything from here up has never been used and is zero. */
  let top = roundUp(heapBase);

  const allocate = (sizeBytes: number): Block => {
    const size = roundUp(Math.max(sizeBytes, 1));
    const range = free.find(({ start, end }) => end - start >= size);
    if (range !== undefined) {
      const address = range.start;
      range.start += size;
      free = free.filter(({ start, end }) => end > start);
      new Uint8Array(memory.buffer, address, size).fill(0);
      return { address, sizeBytes, buffer: memory.buffer, byteOffset: address };
    }
    const address = top;
    growTo(memory, top + size);
    top += size;
    return { address, sizeBytes, buffer: memory.buffer, byteOffset: address };
  };

  const release = ({ address, sizeBytes }: Block): void => {
    const freed = { start: address, end: address + roundUp(Math.max(sizeBytes, 1)) };
    const joined: Range[] = [];
    for (const range of [...free, freed].sort((a, b) => a.start - b.start)) {
      const last = joined.at(-1);
      if (last !== undefined && last.end === range.start) last.end = range.end;
      else joined.push({ ...range });
    }
    free = joined;
  };

  return { allocate, free: release };
};

const roundUp = (bytes: number): number => Math.ceil(bytes / alignmentBytes) * alignmentBytes;

const growTo = (memory: SharedMemory, sizeBytes: number): void => {
  const missing = Math.ceil((sizeBytes - memory.buffer.byteLength) / pageBytes);
  if (missing <= 0) return;
  try {
    memory.grow(missing);
  } catch (cause) {
    const mebibytes = Math.ceil(sizeBytes / 2 ** 20);
    const message =
      `backend wasm cannot hold ${mebibytes} MiB of arrays (its limit is 4,096 MiB, or what this machine gives); ` +
      "use fewer chains or less data, or backend native.";
    throw new SweepError("OUT_OF_MEMORY", message, { cause });
  }
};
