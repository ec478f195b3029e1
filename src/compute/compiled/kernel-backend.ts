/** A loaded kernel library with a pool of threads → a `Backend`; checks once that the kernels compute what they should. */
import { SweepError } from "../../core/errors.ts";
import { fillNormal } from "../../random/normal.ts";
import { purpose } from "../../random/purpose.ts";
import type { Backend, BackendName, Ensemble, Problem } from "../backend.ts";
import { checkProblem } from "../check-problem.ts";
import { KernelEnsemble } from "./kernel-ensemble.ts";
import type { KernelLibrary } from "./kernel-library.ts";
import type { Device } from "./kernel-problem.ts";

/** What a backend of compiled kernels is called, and how many threads it asks for (at least 1). */
export interface KernelBackendOptions {
  readonly name: BackendName;
  readonly numThreads: number;
  /** Text of `Backend.description` for the threads that were started. */
  readonly describe: (numThreads: number) => string;
  /** Called once the pool is there: starts threads that the library cannot start itself; returns what stops them. */
  readonly startThreads?: (poolAddress: number, numThreads: number) => () => void;
}

/**
 * Opens the pool and checks the kernels on a small problem.
 *
 * @throws SweepError `ENVIRONMENT` if the kernels give wrong numbers here (a compiler or CPU at fault).
 */
export const createKernelBackend = (library: KernelLibrary, options: KernelBackendOptions): Backend => {
  const { shared, memory } = library;
  const pool = memory.allocate(shared.lh_pool_bytes());
  const numThreads = shared.lh_pool_open(pool.address, Math.max(1, Math.floor(options.numThreads)));
  const stopThreads = options.startThreads?.(pool.address, numThreads);
  const device: Device = { library, pool, numThreads };
  let isClosed = false;
  const backend: Backend = {
    name: options.name,
    description: options.describe(numThreads),
    vectorBytes: shared.lh_vector_bytes(),
    numThreads,
    open: (problem: Problem): Ensemble => {
      if (isClosed) throw new Error("bug: this backend is closed");
      checkProblem(problem);
      return new KernelEnsemble(device, problem);
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      shared.lh_pool_close(pool.address);
      stopThreads?.();
      memory.free(pool);
    },
  };
  try {
    checkKernels(backend);
  } catch (error) {
    backend.close();
    throw error;
  }
  return backend;
};

/** L = (w·x + b − y)² at one point, and normals: cheap, and wrong if memory, calls or vectors are. */
const checkKernels = (backend: Backend): void => {
  const network = { inDim: 1, widths: [], outDim: 1, activation: "relu", bias: true } as const;
  const spec = { ...network, layernorm: false, skipConnections: false, residualPeriod: 1 };
  for (const precision of ["float64", "float32"] as const) {
    const ensemble = backend.open({
      model: { kind: "network", network: spec, loss: { kind: "mse" } },
      dataset: { numData: 1, inputs: Float64Array.of(3), labels: Float64Array.of(-1) },
      precision,
      numChains: 2,
      seed: 2 ** 40 + 5,
    }) as KernelEnsemble;
    const [position, gradient, loss] = [ensemble.vectors(), ensemble.vectors(), ensemble.scalars()];
    ensemble.writeVectors(position, Float64Array.of(2, 0.5, -1, 1));
    ensemble.lossAndGradient(position, loss, gradient);
    const seen = [...ensemble.valuesNow(loss), ...ensemble.valuesNow(gradient)];
    ensemble.normal({ purpose: purpose.probe, step: 1 }, position);
    seen.push(...ensemble.valuesNow(position));
    ensemble.close();
    // Residuals 7.5 and −1: losses 56.25 and 1, gradients 2r·(3, 1).
    const expected = [56.25, 1, 45, 15, -6, -2, ...probeNormals(precision === "float32")];
    if (seen.every((value, i) => value === expected[i])) continue;
    const text = `expected ${expected.join(" ")}; got ${seen.join(" ")}`;
    throw new SweepError("ENVIRONMENT", `backend ${backend.name} computes wrong numbers here: ${text}.`);
  }
};

const probeNormals = (isRounded: boolean): readonly number[] =>
  [0, 1].flatMap((chain) => {
    const z = new Float64Array(2);
    fillNormal({ seed: 2 ** 40 + 5, purpose: purpose.probe, step: 1, chain }, z);
    return [...(isRounded ? z.map(Math.fround) : z)];
  });
