/**
 * The speed of the compiled backends: leapfrog and SGLD steps of two networks, beside the ceiling of the machine
 * (`gemm-ceiling.c`) and, where a Python with JAX is there, beside XLA on the same problems (`xla_peer.py`).
 *
 * usage: npm run bench -- compute, or after a build: node dist/bench/compute.js
 * A figure is the best of many runs of some milliseconds, so other programs on the machine disturb little; the backends
 * and XLA run one after the other, never at once. GFLOP/s count 6 operations a sample and parameter (forward, backward),
 * also where they are skipped because a relu made a factor 0; the network without relu shows the products without that.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Backend, Ensemble, Precision } from "../src/compute/backend.ts";
import type { Activation, NetworkSpec } from "../src/compute/model.ts";
import { createNativeBackend } from "../src/compute/native/native-backend.ts";
import { createWasmBackend } from "../src/compute/wasm/wasm-backend.ts";
import { packageRoot } from "../src/core/package-root.ts";
import { fillNormal } from "../src/random/normal.ts";

interface Case {
  readonly kind: "leapfrog" | "sgld";
  readonly dims: readonly number[];
  readonly activation: Activation;
  readonly numData: number;
  readonly numChains: number;
  /** Largest share of XLA's time that `native` may take; null: XLA is not asked. */
  readonly target: number | null;
}

const small = [4, 4, 4, 1];
const BASE = [32, 62, 62, 62, 1];
const batch = 256;

const cases: readonly Case[] = [
  { kind: "leapfrog", dims: small, activation: "relu", numData: 100, numChains: 4, target: 0.2 },
  { kind: "leapfrog", dims: small, activation: "relu", numData: 100, numChains: 1024, target: 0.2 },
  { kind: "leapfrog", dims: BASE, activation: "relu", numData: 1000, numChains: 4, target: 0.4 },
  { kind: "leapfrog", dims: BASE, activation: "identity", numData: 1000, numChains: 4, target: null },
  { kind: "leapfrog", dims: BASE, activation: "relu", numData: 20_000, numChains: 4, target: 0.4 },
  { kind: "sgld", dims: BASE, activation: "relu", numData: 20_000, numChains: 4, target: 0.4 },
];
const precisions: readonly Precision[] = ["float32", "float64"];

const secondsPerCase = 3;
const runSeconds = 0.004;

/** Prints one line for every backend, case and precision. */
export const runComputeBenchmark = async (): Promise<void> => {
  const numThreads = availableParallelism();
  const native = await createNativeBackend({ numThreads, onProgress: console.log }).catch((error: Error) => {
    console.log(`native: not measured (${error.message})`);
    return null;
  });
  const wasm = await createWasmBackend({ numThreads });
  const xla = measureXla();
  for (const backend of [native, wasm]) {
    if (backend === null) continue;
    const ceiling = measureCeiling(backend.vectorBytes);
    console.log(`\n${backend.description}`);
    if (ceiling === null) console.log("ceiling: not measured (no C compiler)");
    for (const precision of precisions) {
      for (const example of cases) printCase({ backend, example, precision, ceiling, xla });
    }
    backend.close();
  }
};

interface Measurement {
  readonly backend: Backend;
  readonly example: Case;
  readonly precision: Precision;
  readonly ceiling: Readonly<Record<Precision, number>> | null;
  readonly xla: ReadonlyMap<string, number>;
}

const keyOf = (kind: string, precision: string, sizes: readonly number[]): string =>
  [kind, precision, ...sizes].join(" ");

const printCase = ({ backend, example, precision, ceiling, xla }: Measurement): void => {
  const { kind, dims, activation, numData, numChains, target } = example;
  const micros = measure(backend, example, precision);
  const samples = kind === "sgld" ? batch : numData;
  const gigaflops = (6 * samples * numParameters(dims) * numChains) / micros / 1e3;
  const columns = [
    `${kind} ${dims.join("-")} ${activation} n=${numData} C=${numChains} ${precision}`.padEnd(57),
    `${micros.toFixed(2).padStart(11)} µs/step`,
    `${gigaflops.toFixed(1).padStart(7)} GFLOP/s`,
  ];
  if (ceiling !== null) {
    const share = gigaflops / (ceiling[precision] * backend.numThreads);
    columns.push(`${percent(share)} of the ceiling`);
  }
  const peer = xla.get(keyOf(kind, precision, [...dims, numData, numChains]));
  if (peer !== undefined && target !== null) {
    columns.push(`${percent(micros / peer)} of XLA (${peer.toFixed(1)} µs)`);
    if (backend.name === "native") columns.push(`target ≤ ${100 * target} %`);
  }
  console.log(columns.join("  "));
};

const percent = (share: number): string => `${(100 * share).toFixed(1).padStart(6)} %`;

const networkOf = ({ dims, activation }: Case): NetworkSpec => ({
  inDim: dims[0] as number,
  widths: dims.slice(1, -1),
  outDim: dims.at(-1) as number,
  activation,
  bias: true,
  layernorm: false,
  skipConnections: false,
  residualPeriod: 1,
});

const numParameters = (dims: readonly number[]): number =>
  dims.slice(1).reduce((sum, width, layer) => sum + width * ((dims[layer] as number) + 1), 0);

const normals = (length: number, scale = 1): Float64Array => {
  const out = new Float64Array(length);
  fillNormal({ seed: 1, purpose: 99, step: length }, out);
  return out.map((z) => scale * z);
};

/** Best time of one step of all chains, µs. */
const measure = (backend: Backend, example: Case, precision: Precision): number => {
  const { dims, numData, numChains } = example;
  const ensemble = backend.open({
    model: { kind: "network", network: networkOf(example), loss: { kind: "mse" } },
    dataset: { numData, inputs: normals(numData * (dims[0] as number)), labels: normals(numData) },
    precision,
    numChains,
    seed: 1,
  });
  try {
    const run = example.kind === "leapfrog" ? leapfrogRun(ensemble) : sgldRun(ensemble);
    const timed = (numSteps: number): number => {
      const begin = performance.now();
      run(numSteps);
      return (performance.now() - begin) / 1000 / numSteps;
    };
    timed(1);
    const numSteps = Math.max(1, Math.round(runSeconds / timed(1)));
    let best = Number.POSITIVE_INFINITY;
    const end = performance.now() + 1000 * secondsPerCase;
    do best = Math.min(best, timed(numSteps));
    while (performance.now() < end);
    return best * 1e6;
  } finally {
    ensemble.close();
  }
};

const perChain = (ensemble: Ensemble, value: number): Float64Array =>
  new Float64Array(ensemble.numChains).fill(value);

/** nβ = n/log n, γ = 1, chains near the centre, weights that keep activations of order one. */
const startOf = (ensemble: Ensemble): Float64Array => {
  const { dim, numChains, numData } = ensemble;
  const center = normals(dim, 0.2);
  const nBeta = perChain(ensemble, numData / Math.log(numData));
  ensemble.setPotential({ center, nBeta, gamma: perChain(ensemble, 1) });
  return normals(numChains * dim, 0.01).map((z, i) => z + (center[i % dim] as number));
};

const leapfrogRun = (ensemble: Ensemble): ((numSteps: number) => void) => {
  const { numChains, dim } = ensemble;
  const state = {
    position: ensemble.vectors(),
    momentum: ensemble.vectors(),
    gradient: ensemble.vectors(),
    inverseMass: ensemble.row(),
    factor: null,
    loss: ensemble.scalars(),
    potential: ensemble.scalars(),
  };
  const stepSize = ensemble.scalars();
  ensemble.writeScalars(stepSize, perChain(ensemble, 1e-6));
  ensemble.writeRow(state.inverseMass, new Float64Array(dim).fill(1));
  ensemble.writeVectors(state.position, startOf(ensemble));
  ensemble.writeVectors(state.momentum, normals(numChains * dim));
  ensemble.potentialAndGradient(state.position, state);
  return (numSteps) => ensemble.leapfrog(state, { stepSize, numSteps });
};

const sgldRun = (ensemble: Ensemble): ((numSteps: number) => void) => {
  const state = {
    position: ensemble.vectors(),
    secondMoment: ensemble.vectors(),
    firstMoment: ensemble.vectors(),
  };
  ensemble.writeVectors(state.position, startOf(ensemble));
  let stepsDone = 0;
  return (numSteps) => {
    ensemble.langevin(state, {
      preconditioner: "none",
      stepSizes: new Float64Array(numSteps).fill(1e-6),
      batchSize: batch,
      beta1: 0.9,
      beta2: 0.999,
      floor: 1e-8,
      biasCorrection: false,
      isFrozen: false,
      stepsDone,
      numSteps,
    });
    stepsDone += numSteps;
  };
};

/** GFLOP/s of one core with vectors of a width, or null without a compiler. */
const measureCeiling = (vectorBytes: number): Readonly<Record<Precision, number>> | null => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-hat-ceiling-"));
  try {
    const program = join(folder, "gemm-ceiling");
    const widths = [`-DVECTOR_BYTES=${vectorBytes}`, `-DROWS=${vectorBytes === 64 ? 8 : 4}`];
    const source = join(packageRoot, "bench", "gemm-ceiling.c");
    const compiler = process.env["CC"] ?? "cc";
    execFileSync(compiler, ["-O3", "-march=native", "-funroll-loops", ...widths, source, "-o", program]);
    return JSON.parse(execFileSync(program, { encoding: "utf8" })) as Record<Precision, number>;
  } catch {
    return null;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

interface PeerLine {
  readonly kind: string;
  readonly precision: string;
  readonly dims: readonly number[];
  readonly num_data: number;
  readonly num_chains: number;
  readonly us_per_step: number;
}

/** µs a step by case, empty where there is no Python with JAX. */
const measureXla = (): ReadonlyMap<string, number> => {
  const python = process.env["LAMBDA_HAT_PYTHON"] ?? join(packageRoot, ".venv", "bin", "python");
  const script = join(packageRoot, "bench", "xla_peer.py");
  try {
    const output = execFileSync(python, [script], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const lines = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as PeerLine);
    return new Map(
      lines.map((line) => {
        const sizes = [...line.dims, line.num_data, line.num_chains];
        return [keyOf(line.kind, line.precision, sizes), line.us_per_step];
      }),
    );
  } catch {
    console.log("XLA: not measured (LAMBDA_HAT_PYTHON, or .venv/bin/python, is no Python with jax)");
    return new Map();
  }
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await runComputeBenchmark();
