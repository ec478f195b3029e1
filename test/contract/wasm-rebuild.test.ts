/**
 * The committed kernels.wasm is what build.sh makes of today's C: a rebuilt binary gives the same bits. Binaries of two
 * versions of clang differ; their results may not, since WebAssembly's arithmetic and the order of every sum are fixed.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Backend, Ensemble, Precision } from "../../src/compute/backend.ts";
import type { Activation, LossSpec } from "../../src/compute/model.ts";
import { createWasmBackend } from "../../src/compute/wasm/wasm-backend.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import { purpose } from "../../src/random/purpose.ts";
import { aClosedProblem, aNetworkProblem, positionsFor, scalarsOf, vectorsOf } from "../support/problems.ts";

const folder = mkdtempSync(join(tmpdir(), "lambda-hat-wasm-"));
const rebuilt = join(folder, "kernels.wasm");

/** Why the binary cannot be rebuilt here, or null. */
const missingTool = ((): string | null => {
  for (const tool of [process.env["CLANG"] ?? "clang", process.env["WASM_LD"] ?? "wasm-ld"]) {
    try {
      execFileSync(tool, ["--version"], { stdio: "ignore" });
    } catch {
      return `${tool} is not installed`;
    }
  }
  return null;
})();

const activations: readonly Activation[] = ["relu", "tanh", "gelu", "sigmoid", "identity"];
const losses: readonly LossSpec[] = [
  { kind: "mse" },
  { kind: "t_regression", df: 4, scale: 0.5 },
  { kind: "bce" },
  { kind: "cross_entropy" },
];
const problems = [
  ...activations.map((activation) =>
    aNetworkProblem({ network: { activation, layernorm: true, skipConnections: true } }),
  ),
  ...losses.map((loss) => aNetworkProblem({ network: { widths: [62, 62], inDim: 32 }, loss, numData: 300 })),
  aNetworkProblem({ network: { inDim: 4, widths: [4, 4], outDim: 1, activation: "relu" }, numData: 100 }),
  aNetworkProblem({ network: { inDim: 9, widths: [65], outDim: 1, bias: false }, numData: 77 }),
  aClosedProblem({ kind: "power_sum", coefficient: 0.5, exponents: [1, 2, 1.5] }),
];

/** Everything that a dynamics leaves behind, in one array. */
const resultsOf = async (ensemble: Ensemble, start: Float64Array): Promise<Float64Array> => {
  const { numChains, dim } = ensemble;
  const nBeta = new Float64Array(numChains).fill(10);
  ensemble.setPotential({ center: new Float64Array(dim), nBeta, gamma: nBeta });
  const state = {
    position: vectorsOf(ensemble, start),
    momentum: ensemble.vectors(),
    gradient: ensemble.vectors(),
    inverseMass: ensemble.row(),
    factor: null,
    loss: ensemble.scalars(),
    potential: ensemble.scalars(),
  };
  ensemble.writeRow(state.inverseMass, new Float64Array(dim).fill(1));
  ensemble.normal({ purpose: purpose.momentum, step: 0 }, state.momentum);
  ensemble.potentialAndGradient(state.position, state);
  ensemble.leapfrog(state, {
    stepSize: scalarsOf(
      ensemble,
      Array.from(nBeta, () => 0.01),
    ),
    numSteps: 3,
  });
  const info = await ensemble.isokinetic(
    { ...state, direction: state.momentum, scale: state.inverseMass },
    {
      integrator: "mclachlan",
      stepSize: 0.05,
      decoherenceLength: 1,
      numSteps: 2,
      noise: { purpose: purpose.directionRefresh, step: 0 },
      badStepPurpose: purpose.badStepDirection,
    },
  );
  ensemble.langevin(
    { position: state.position, secondMoment: ensemble.vectors(), firstMoment: ensemble.vectors() },
    {
      preconditioner: "adam",
      stepSizes: Float64Array.of(1e-3, 1e-3),
      batchSize: 20,
      beta1: 0.9,
      beta2: 0.999,
      floor: 1e-8,
      biasCorrection: true,
      isFrozen: false,
      stepsDone: 0,
      numSteps: 2,
    },
  );
  const arrays = [
    await ensemble.readVectors(state.position),
    await ensemble.readVectors(state.gradient),
    await ensemble.readScalars(state.potential),
    info.energyError,
  ];
  return Float64Array.from(arrays.flatMap((array) => [...array]));
};

const allResults = async (backend: Backend, precision: Precision): Promise<Float64Array[]> => {
  const all: Float64Array[] = [];
  for (const problem of problems) {
    const ensemble = backend.open({ ...problem, precision });
    all.push(await resultsOf(ensemble, positionsFor(problem)));
    ensemble.close();
  }
  return all;
};

afterAll(() => rmSync(folder, { recursive: true }));

const title = missingTool === null ? "kernels.wasm" : `kernels.wasm (skipped: ${missingTool})`;
describe.skipIf(missingTool !== null)(title, () => {
  it("rebuilt from the C source gives the committed binary's results bit for bit", async () => {
    execFileSync(join(packageRoot, "src", "compute", "wasm", "build.sh"), [rebuilt]);
    const [committed, fresh] = [
      await createWasmBackend({ numThreads: 1 }),
      await createWasmBackend({ numThreads: 1, binaryPath: rebuilt }),
    ];
    for (const precision of ["float64", "float32"] as const) {
      const expected = await allResults(committed, precision);
      expect(expected.every((values) => values.every(Number.isFinite))).toBe(true);
      expect(await allResults(fresh, precision)).toEqual(expected);
    }
    committed.close();
    fresh.close();
  });
});
