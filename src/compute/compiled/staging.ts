/** Memory that carries the arguments and results of one call: arrays of the host are copied in, outputs copied back. */
import type { Block, KernelMemory } from "./kernel-library.ts";

type HostArray = Float64Array | Uint8Array;

const alignmentBytes = 64;

/** One block, made larger when a call needs more. */
export class Staging {
  readonly #memory: KernelMemory;
  #block: Block;
  /** The block, seen once: a view for every array would cost more than its copy. */
  #bytes: Uint8Array<ArrayBufferLike>;
  #numbers: Float64Array<ArrayBufferLike>;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
    this.#block = memory.allocate(alignmentBytes);
    [this.#bytes, this.#numbers] = viewsOf(this.#block);
  }

  /** Copies arrays in, one after the other; returns their addresses, valid until the next call. */
  put<Arrays extends readonly HostArray[]>(
    arrays: readonly [...Arrays],
  ): { [Index in keyof Arrays]: number } {
    const offsets: number[] = [];
    let sizeBytes = 0;
    for (const array of arrays) {
      offsets.push(sizeBytes);
      sizeBytes += Math.ceil(array.byteLength / alignmentBytes) * alignmentBytes;
    }
    if (sizeBytes > this.#block.sizeBytes) this.reserve(2 * sizeBytes);
    const { address } = this.#block;
    arrays.forEach((array, i) => {
      if (array instanceof Uint8Array) this.#bytes.set(array, offsets[i]);
      else this.#numbers.set(array, offsets[i] / Float64Array.BYTES_PER_ELEMENT);
    });
    return offsets.map((offset) => address + offset) as { [Index in keyof Arrays]: number };
  }

  /** Makes room for that many bytes, contents undefined; returns their address, valid until the next call. */
  reserve(sizeBytes: number): number {
    if (sizeBytes > this.#block.sizeBytes) {
      this.#memory.free(this.#block);
      this.#block = this.#memory.allocate(sizeBytes);
      [this.#bytes, this.#numbers] = viewsOf(this.#block);
    }
    return this.#block.address;
  }

  /** Copies what lies at an address that `put` returned into `target`. */
  take(address: number, target: HostArray): void {
    const { buffer, byteOffset, address: start } = this.#block;
    bytesOf(target).set(new Uint8Array(buffer, byteOffset + address - start, target.byteLength));
  }

  free(): void {
    this.#memory.free(this.#block);
  }
}

/** Blocks are aligned; an odd rest of bytes is never used. */
const viewsOf = ({
  buffer,
  byteOffset,
  sizeBytes,
}: Block): [Uint8Array<ArrayBufferLike>, Float64Array<ArrayBufferLike>] => [
  new Uint8Array(buffer, byteOffset, sizeBytes),
  new Float64Array(buffer, byteOffset, Math.floor(sizeBytes / Float64Array.BYTES_PER_ELEMENT)),
];

const bytesOf = (array: HostArray): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
