/**
 * The `native` backend: the C kernels compiled on first use by the system's compiler for this CPU, called in-process.
 *
 * Vectors are as wide as the CPU's; threads are POSIX threads that sleep while no operation runs.
 */
import koffi from "koffi";
import { messageOf, SweepError } from "../../core/errors.ts";
import type { Backend } from "../backend.ts";
import { createKernelBackend } from "../compiled/kernel-backend.ts";
import { bindKernels, type KernelFunction, type KernelLibrary } from "../compiled/kernel-library.ts";
import { compileKernels } from "./compile-kernels.ts";
import { nativeMemory } from "./native-memory.ts";

/** Threads to compute with, and who hears that the kernels are being compiled. */
export interface NativeBackendOptions {
  /** At least 1, the caller's thread included. */
  readonly numThreads: number;
  readonly onProgress?: (line: string) => void;
}

/**
 * Opens the backend; takes some seconds when the kernels are not in the cache.
 *
 * @throws SweepError `ENVIRONMENT`: no compiler, an error of the compiler, an unwritable cache, a library that cannot be
 *   loaded or computes wrong numbers.
 */
export const createNativeBackend = async (options: NativeBackendOptions): Promise<Backend> => {
  const { path, compiler } = await compileKernels(options.onProgress ?? (() => undefined));
  const library = loadLibrary(path);
  const width = vectorNames[library.shared.lh_vector_bytes()] ?? "";
  return createKernelBackend(library, {
    name: "native",
    numThreads: options.numThreads,
    describe: (numThreads) =>
      `native: ${compiler}, ${width}, ${numThreads} ${numThreads === 1 ? "thread" : "threads"}`,
  });
};

const vectorNames: Readonly<Record<number, string>> = {
  16: "16-byte vectors",
  32: "AVX2 (32-byte vectors)",
  64: "AVX-512 (64-byte vectors)",
};

const foreignTypes: Readonly<Record<string, string>> = {
  p: "uintptr_t",
  i: "int32_t",
  u: "uint32_t",
  d: "double",
  v: "void",
};

const typeOf = (code: string | undefined): string => {
  const type = foreignTypes[code ?? ""];
  if (type === undefined) throw new Error(`bug: unknown type "${code}" in a kernel's signature`);
  return type;
};

const loadLibrary = (path: string): KernelLibrary => {
  try {
    const handle = koffi.load(path);
    return bindKernels(nativeMemory, (name, signature) => {
      const [result, parameters = ""] = signature.split(":");
      return handle.func(name, typeOf(result), Array.from(parameters, typeOf)) as KernelFunction;
    });
  } catch (cause) {
    const reason = messageOf(cause);
    const message = `native kernels do not load: ${reason}. Delete ${path} to have them compiled anew.`;
    throw new SweepError("ENVIRONMENT", message, { cause });
  }
};
