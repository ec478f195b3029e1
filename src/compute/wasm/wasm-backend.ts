/**
 * The `wasm` backend: the C kernels compiled to WebAssembly SIMD (16-byte vectors), for machines without a C compiler.
 *
 * WebAssembly's arithmetic is specified to the bit, so its results are the same on every machine. Threads are workers
 * on the shared memory; with one thread there is none. The binary is built by `build.sh` beside this file.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { packageRoot } from "../../core/package-root.ts";
import type { Backend } from "../backend.ts";
import { createKernelBackend } from "../compiled/kernel-backend.ts";
import { bindKernels, type KernelFunction, type KernelMemory } from "../compiled/kernel-library.ts";
import { createWasmMemory } from "./wasm-memory.ts";
import { type SharedMemory, type WasmExports, type WasmModule, webAssembly } from "./web-assembly.ts";

/** Threads to compute with, and a binary other than the committed one (tests compare a rebuilt one). */
export interface WasmBackendOptions {
  /** At least 1, the caller's thread included. */
  readonly numThreads: number;
  readonly binaryPath?: string;
}

const folder = join(packageRoot, "src", "compute", "wasm");

const initialPages = 64; // 4 MiB: data, the first stack, room to begin
const maximumPages = 65536; // 4 GiB; only what is used takes memory
const stackBytes = 262144;

/** Opens the backend. @throws SweepError `ENVIRONMENT` if the kernels compute wrong numbers here. */
export const createWasmBackend = async (options: WasmBackendOptions): Promise<Backend> => {
  const bytes = readFileSync(options.binaryPath ?? join(folder, "kernels.wasm"));
  const module = await webAssembly.compile(bytes);
  const memory = new webAssembly.Memory({ initial: initialPages, maximum: maximumPages, shared: true });
  const { exports } = await webAssembly.instantiate(module, { env: { memory } });
  const kernelMemory = createWasmMemory(memory, (exports["__heap_base"] as { value: number }).value);
  const library = bindKernels(kernelMemory, (name) => functionOf(exports, name));
  return createKernelBackend(library, {
    name: "wasm",
    numThreads: options.numThreads,
    describe: (numThreads) =>
      `wasm: WebAssembly SIMD (16-byte vectors), ${numThreads} ${numThreads === 1 ? "thread" : "threads"}`,
    startThreads: (pool, numThreads) => startWorkers({ module, memory, kernelMemory, pool }, numThreads),
  });
};

const functionOf = (exports: WasmExports, name: string): KernelFunction => {
  const found = exports[name];
  if (typeof found !== "function") throw new Error(`bug: kernels.wasm has no function ${name}`);
  return found as KernelFunction;
};

interface Shared {
  readonly module: WasmModule;
  readonly memory: SharedMemory;
  readonly kernelMemory: KernelMemory;
  readonly pool: number;
}

/** Starts threads 1, 2, …; they come to work when they are up. Returns what lets go of them. */
const startWorkers = ({ module, memory, kernelMemory, pool }: Shared, numThreads: number): (() => void) => {
  const workers: Worker[] = [];
  for (let thread = 1; thread < numThreads; thread++) {
    const stackTop = kernelMemory.allocate(stackBytes).address + stackBytes;
    const worker = new Worker(join(folder, "wasm-worker.mjs"), {
      workerData: { module, memory, stackTop, pool, thread },
    });
    // A thread that cannot start is missed, not needed: the others do its share.
    worker.on("error", () => undefined);
    worker.unref();
    workers.push(worker);
  }
  // The pool's closing ends them; those that are still starting end here.
  return () => workers.forEach((worker) => void worker.terminate());
};
