/**
 * Chooses the device: by name, or the fastest that works here.
 *
 * `auto` is `native` where a C compiler works, else `wasm` with one warning that says why. A backend that was asked for
 * by name is never replaced by another. Modules are loaded when they are needed: `wasm` does not load the foreign
 * function library of `native`.
 */
import { messageOf, SweepError } from "../core/errors.ts";
import type { Backend, BackendName } from "./backend.ts";

/** Every backend, fastest first. */
const backendNames = ["native", "wasm", "reference"] as const satisfies readonly BackendName[];

/** What a user may ask for. */
export const backendChoices = ["auto", ...backendNames] as const;

export type BackendChoice = (typeof backendChoices)[number];

/** What to open and whom to tell. */
export interface BackendRequest {
  readonly name: BackendChoice;
  /** At least 1. `reference` always uses one. */
  readonly numThreads: number;
  /** Receives the one warning of a fallback, a complete sentence. */
  readonly onWarning?: (message: string) => void;
  /** Receives lines about slow work, such as compiling the kernels on first use. */
  readonly onProgress?: (line: string) => void;
}

/**
 * Opens the backend that was asked for. The caller closes it.
 *
 * @throws SweepError `ENVIRONMENT` where the named backend (for `auto`: every compiled one) cannot work here.
 */
export const selectBackend = async (request: BackendRequest): Promise<Backend> => {
  const { name } = request;
  if (name !== "auto") return openBackend(name, request);
  try {
    return await openBackend("native", request);
  } catch (error) {
    request.onWarning?.(`using backend wasm, which is slower: ${messageOf(error)}`);
    return openBackend("wasm", request);
  }
};

type Opener = (request: Omit<BackendRequest, "name">) => Promise<Backend>;

const openers: Readonly<Record<BackendName, Opener>> = {
  native: async ({ numThreads, onProgress }) => {
    const { createNativeBackend } = await import("./native/native-backend.ts");
    return createNativeBackend({ numThreads, ...(onProgress === undefined ? {} : { onProgress }) });
  },
  wasm: async ({ numThreads }) => {
    const { createWasmBackend } = await import("./wasm/wasm-backend.ts");
    return createWasmBackend({ numThreads });
  },
  reference: async () => {
    const { createReferenceBackend } = await import("./reference/reference-backend.ts");
    return createReferenceBackend();
  },
};

const advice: Readonly<Record<BackendName, string>> = {
  native: "Install a C compiler (cc), or use backend wasm.",
  wasm: "Use backend native or reference.",
  reference: "",
};

const openBackend = async (name: BackendName, request: BackendRequest): Promise<Backend> => {
  try {
    return await openers[name](request);
  } catch (error) {
    if (error instanceof SweepError) throw error;
    const message = `backend ${name} does not work here: ${messageOf(error)}. ${advice[name]}`;
    throw new SweepError("ENVIRONMENT", message.trim(), { cause: error });
  }
};

/** Whether a backend works on this machine. */
export interface BackendProbe {
  readonly name: BackendName;
  readonly isUsable: boolean;
  /** Its description, or why it does not work. */
  readonly detail: string;
}

/** Opens and closes every backend in turn, fastest first. Never throws; compiles the kernels where they are not cached. */
export const probeBackends = async (
  onProgress?: (line: string) => void,
): Promise<readonly BackendProbe[]> => {
  const probes: BackendProbe[] = [];
  for (const name of backendNames) {
    try {
      const backend = await openBackend(name, { name, numThreads: 1, ...(onProgress && { onProgress }) });
      probes.push({ name, isUsable: true, detail: backend.description });
      backend.close();
    } catch (error) {
      probes.push({ name, isUsable: false, detail: messageOf(error) });
    }
  }
  return probes;
};
