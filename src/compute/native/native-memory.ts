/** Memory of native kernels: array buffers of the host, which neither move nor need freeing. */
import koffi from "koffi";
import { SweepError } from "../../core/errors.ts";
import type { KernelMemory } from "../compiled/kernel-library.ts";

const alignmentBytes = 64;

/** Blocks live as long as someone holds them: an ensemble keeps those of its arrays. */
export const nativeMemory: KernelMemory = {
  allocate: (sizeBytes) => {
    const buffer = bufferOf(sizeBytes + alignmentBytes);
    const start = Number(koffi.address(buffer));
    const byteOffset = (alignmentBytes - (start % alignmentBytes)) % alignmentBytes;
    return { address: start + byteOffset, sizeBytes, buffer, byteOffset };
  },
  free: () => undefined,
};

const bufferOf = (sizeBytes: number): ArrayBuffer => {
  try {
    return new ArrayBuffer(sizeBytes);
  } catch (cause) {
    const mebibytes = Math.ceil(sizeBytes / 2 ** 20);
    const message = `no ${mebibytes} MiB of memory for arrays of the kernels; use fewer chains or less data.`;
    throw new SweepError("OUT_OF_MEMORY", message, { cause });
  }
};
