/**
 * The backends under test × the two precisions, and the tolerances of each precision.
 *
 * A backend that cannot be made here is skipped with its reason in the title. CI names in `LAMBDA_HAT_REQUIRE_BACKENDS`
 * (for example `native,wasm`) those whose absence must fail.
 */
import { afterAll, beforeAll, describe, it } from "vitest";
import type { Backend, BackendName, Ensemble, Precision, Problem } from "../../src/compute/backend.ts";
import { probeBackends, selectBackend } from "../../src/compute/select-backend.ts";

const required = (process.env["LAMBDA_HAT_REQUIRE_BACKENDS"] ?? "").split(",");
const probes = await probeBackends();

/**
 * Error allowed against float64 TypeScript, relative to the largest magnitude of the array (or of the terms of a sum).
 *
 * A sum of K ≤ 2,049 products in another order is off by about √K·u ≈ 45·u, u = 2⁻⁵³ or 2⁻²⁴ (worst case K·u), and
 * cancellation among data points or a few steps of dynamics multiply that by a small factor. The largest errors seen on
 * AVX-512 are 3e-15 and 1e-6 (gradients), 2e-14 and 4e-7 (dynamics); the bounds leave ten times that to other widths.
 */
export interface Tolerance {
  /** One rounded operation on each element. */
  readonly elementwise: number;
  /** Mean losses and energies: sums of numbers that each carry the error of a forward pass. */
  readonly loss: number;
  /** Gradients of networks. */
  readonly gradient: number;
  /** States after a few steps of a dynamics, which amplify errors by a small factor. */
  readonly dynamics: number;
}

const tolerances: Readonly<Record<Precision, Tolerance>> = {
  float64: { elementwise: 1e-15, loss: 2e-14, gradient: 5e-14, dynamics: 3e-13 },
  float32: { elementwise: 4e-7, loss: 3e-6, gradient: 1e-5, dynamics: 1e-5 },
};

/** One body of the interface in one precision. */
export interface BackendCase {
  readonly name: BackendName;
  readonly precision: Precision;
  readonly tolerance: Tolerance;
  /** Opens a problem on the shared one-thread backend. Closed after the suite. */
  open(problem: Omit<Problem, "precision">): Ensemble;
  /** The same on a backend with `numThreads` threads. */
  openWithThreads(problem: Omit<Problem, "precision">, numThreads: number): Promise<Ensemble>;
  /** Values as an array of this precision holds them. The reference holds float64 in both. */
  round(values: Float64Array): Float64Array;
}

const availableCase = (name: BackendName, precision: Precision): BackendCase => {
  const backends = new Map<number, Backend>();
  const ensembles: Ensemble[] = [];
  const backendOf = async (numThreads: number): Promise<Backend> => {
    const backend = backends.get(numThreads) ?? (await selectBackend({ name, numThreads }));
    backends.set(numThreads, backend);
    return backend;
  };
  const track = (ensemble: Ensemble): Ensemble => {
    ensembles.push(ensemble);
    return ensemble;
  };
  beforeAll(() => backendOf(1));
  afterAll(() => {
    for (const ensemble of ensembles) ensemble.close();
    for (const backend of backends.values()) backend.close();
  });
  return {
    name,
    precision,
    tolerance: tolerances[precision],
    open: (problem) => track((backends.get(1) as Backend).open({ ...problem, precision })),
    openWithThreads: async (problem, numThreads) =>
      track((await backendOf(numThreads)).open({ ...problem, precision })),
    round: (values) =>
      precision === "float32" && name !== "reference" ? values.map(Math.fround) : values.slice(),
  };
};

/** Registers `body` once for every backend and precision. */
export const describeBackends = (title: string, body: (backend: BackendCase) => void): void => {
  for (const { name, isUsable, detail } of probes) {
    if (!isUsable && required.includes(name)) {
      it(`${title}: ${name} is here`, () => {
        throw new Error(detail);
      });
    } else if (!isUsable) {
      describe.skip(`${title}: ${name} (skipped: ${detail})`, () => it("is here", () => undefined));
    } else {
      for (const precision of ["float64", "float32"] as const) {
        describe(`${title}: ${name} ${precision}`, () => body(availableCase(name, precision)));
      }
    }
  }
};
