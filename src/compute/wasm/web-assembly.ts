/** The part of the WebAssembly interface of Node that the `wasm` backend uses; Node's own types leave it out. */

/** A compiled module; can be sent to workers. */
export type WasmModule = object;

/** A linear memory that threads share. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  /** By pages of 64 KiB. @throws RangeError beyond the maximum */
  grow(pages: number): number;
}

/** Exports of an instance: functions and globals by name. */
export type WasmExports = Readonly<Record<string, unknown>>;

interface WebAssemblyInterface {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  instantiate(
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Promise<{ readonly exports: WasmExports }>;
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory;
}

/** Node's `WebAssembly`. */
export const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyInterface }).WebAssembly;
