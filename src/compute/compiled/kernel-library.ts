/**
 * The kernels as TypeScript sees them: functions that take numbers, and memory that addresses point into.
 *
 * `native` and `wasm` differ in how they make a `KernelLibrary`; all the rest is shared. Signatures are
 * `result:arguments` with p pointer, i int32, u uint32, d float64, v nothing; they repeat the C in `*.c` beside this file.
 */

/** A kernel: addresses and numbers in, a number (or nothing) out. */
export type KernelFunction = (...args: readonly number[]) => number;

/** Functions that exist once. */
export const sharedSignatures = {
  lh_pool_bytes: "i:",
  lh_pool_open: "i:pi",
  lh_pool_close: "v:p",
  lh_problem_open: "d:pppppp",
  lh_set_potential: "v:pppp",
  lh_vector_bytes: "i:",
} as const;

/** Functions that exist with the suffixes `_f32` and `_f64`. */
export const realSignatures = {
  lh_copy: "v:ppp",
  lh_select: "v:pppp",
  lh_axpy: "v:pppp",
  lh_scale: "v:ppp",
  lh_dot: "v:ppppp",
  lh_squared_distance: "v:ppp",
  lh_normal: "v:puup",
  lh_loss: "v:ppppiuu",
  lh_potential: "v:ppppp",
  lh_leapfrog: "v:pppppppppi",
  lh_langevin: "v:pppppdddiiiiuuu",
  lh_tree_vectors: "i:i",
  lh_no_u_turn: "v:ppppppppddiuuuupp",
  lh_isokinetic: "v:ppppppppiidduuupp",
} as const;

export type SharedKernels = Readonly<Record<keyof typeof sharedSignatures, KernelFunction>>;
export type RealKernels = Readonly<Record<keyof typeof realSignatures, KernelFunction>>;

/** Memory of the kernels: zeroed, aligned to 64 bytes, at an address that never changes. */
export interface Block {
  readonly address: number;
  readonly sizeBytes: number;
  readonly buffer: ArrayBufferLike;
  /** Where the block begins in `buffer`. */
  readonly byteOffset: number;
}

export interface KernelMemory {
  /** @throws SweepError `OUT_OF_MEMORY` */
  readonly allocate: (sizeBytes: number) => Block;
  /** The block may be given out again. */
  readonly free: (block: Block) => void;
}

/** Compiled kernels and their memory. */
export interface KernelLibrary {
  readonly memory: KernelMemory;
  readonly shared: SharedKernels;
  readonly float32: RealKernels;
  readonly float64: RealKernels;
}

/** Fills the tables of a library from one lookup by exported name. */
export const bindKernels = (
  memory: KernelMemory,
  lookup: (name: string, signature: string) => KernelFunction,
): KernelLibrary => {
  const bind = <Name extends string>(
    signatures: Readonly<Record<Name, string>>,
    suffix: string,
  ): Readonly<Record<Name, KernelFunction>> => {
    const entries = Object.entries<string>(signatures);
    const bound = entries.map(([name, signature]) => [name, lookup(name + suffix, signature)]);
    return Object.fromEntries(bound) as Record<Name, KernelFunction>;
  };
  return {
    memory,
    shared: bind(sharedSignatures, ""),
    float32: bind(realSignatures, "_f32"),
    float64: bind(realSignatures, "_f64"),
  };
};
