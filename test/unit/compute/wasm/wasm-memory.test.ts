/** The allocator of the wasm kernels' memory. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Block } from "../../../../src/compute/compiled/kernel-library.ts";
import { createWasmMemory } from "../../../../src/compute/wasm/wasm-memory.ts";
import { webAssembly } from "../../../../src/compute/wasm/web-assembly.ts";

const heapBase = 1000;
const pageBytes = 65536;

const aMemory = (maximum = 64) => {
  const memory = new webAssembly.Memory({ initial: 1, maximum, shared: true });
  return { memory, ...createWasmMemory(memory, heapBase) };
};

const bytesOf = ({ buffer, byteOffset, sizeBytes }: Block): Uint8Array =>
  new Uint8Array(buffer, byteOffset, sizeBytes);

describe("createWasmMemory", () => {
  it("gives blocks that are aligned, zero, apart from each other and from what lies below the heap", () => {
    const step = fc.record({ sizeBytes: fc.nat(5000), freed: fc.option(fc.nat()) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { allocate, free } = aMemory();
        const held: Block[] = [];
        for (const { sizeBytes, freed } of steps) {
          if (freed !== null && held.length > 0) free(held.splice(freed % held.length, 1)[0] as Block);
          const block = allocate(sizeBytes);
          expect(block.address % 64).toBe(0);
          expect(block.address).toBeGreaterThanOrEqual(heapBase);
          expect(bytesOf(block).every((byte) => byte === 0)).toBe(true);
          bytesOf(block).fill(255);
          held.push(block);
          for (const other of held.slice(0, -1)) {
            const end = block.address + Math.max(sizeBytes, 1);
            expect(
              other.address + Math.max(other.sizeBytes, 1) <= block.address || end <= other.address,
            ).toBe(true);
          }
        }
      }),
    );
  });

  it("joins freed neighbours, so that memory does not grow without end", () => {
    const { memory, allocate, free } = aMemory();
    const first = [allocate(30_000), allocate(10_000), allocate(20_000)];
    const size = memory.buffer.byteLength;
    for (const block of [first[1], first[0], first[2]]) free(block as Block);
    expect(allocate(60_000).address).toBe(first[0]?.address);
    expect(memory.buffer.byteLength).toBe(size);
  });

  it("keeps the contents of blocks and their views when memory grows", () => {
    const { allocate } = aMemory();
    const block = allocate(100);
    bytesOf(block).fill(7);
    const later = allocate(10 * pageBytes);
    bytesOf(later).fill(9);
    expect(bytesOf(block).every((byte) => byte === 7)).toBe(true);
    bytesOf(block).fill(8);
    expect(new Uint8Array(later.buffer, block.address, 100).every((byte) => byte === 8)).toBe(true);
  });

  it("refuses what does not fit with the limit and a remedy", () => {
    const { allocate } = aMemory(2);
    expect(() => allocate(3 * pageBytes)).toThrow(/cannot hold 1 MiB of arrays .* use fewer chains/);
  });
});
