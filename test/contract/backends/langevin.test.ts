/** Langevin steps of every backend: equality with their composition from gradients, noise and the stated equations. */
import { expect, it } from "vitest";
import type { Ensemble, LangevinSettings, LangevinState } from "../../../src/compute/backend.ts";
import { purpose } from "../../../src/random/purpose.ts";
import { describeBackends } from "../../support/backend-cases.ts";
import { expectClose } from "../../support/close.ts";
import {
  aClosedProblem,
  aNetworkProblem,
  positionsFor,
  setTestPotential,
  vectorsOf,
} from "../../support/problems.ts";

const settingsOf = (changes: Partial<LangevinSettings>): LangevinSettings => ({
  preconditioner: "none",
  stepSizes: Float64Array.of(1e-2, 2e-2, 5e-3),
  batchSize: 5,
  beta1: 0.9,
  beta2: 0.99,
  floor: 1e-3,
  biasCorrection: true,
  isFrozen: false,
  stepsDone: 4,
  numSteps: 3,
  ...changes,
});

const stateAt = (ensemble: Ensemble, position: Float64Array): LangevinState => ({
  position: vectorsOf(ensemble, position),
  secondMoment: vectorsOf(
    ensemble,
    position.map((w) => Math.abs(w) + 0.5),
  ),
  firstMoment: vectorsOf(
    ensemble,
    position.map((w) => w / 8),
  ),
});

const read = async (ensemble: Ensemble, state: LangevinState): Promise<Record<string, Float64Array>> => ({
  position: await ensemble.readVectors(state.position),
  secondMoment: await ensemble.readVectors(state.secondMoment),
  firstMoment: await ensemble.readVectors(state.firstMoment),
});

type Potential = ReturnType<typeof setTestPotential>;

/** The steps on the host in float64, from the ensemble's own gradients and normals. */
const compose = async (
  ensemble: Ensemble,
  state: LangevinState,
  { settings, potential }: { settings: LangevinSettings; potential: Potential },
): Promise<Record<string, Float64Array>> => {
  const { dim } = ensemble;
  const { preconditioner, beta1, beta2, floor, biasCorrection, isFrozen, batchSize } = settings;
  const [position, v, m] = Object.values(await read(ensemble, state)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [loss, gradient, noise, at] = [
    ensemble.scalars(),
    ensemble.vectors(),
    ensemble.vectors(),
    ensemble.vectors(),
  ];
  for (let k = 0; k < settings.numSteps; k++) {
    const step = settings.stepsDone + k;
    const epsilon = settings.stepSizes[k] as number;
    ensemble.writeVectors(at, position);
    if (batchSize === 0) ensemble.lossAndGradient(at, loss, gradient);
    else ensemble.minibatchLossAndGradient(at, { batchSize, step }, { loss, gradient });
    ensemble.normal({ purpose: purpose.langevinNoise, step }, noise);
    const [g, z] = [await ensemble.readVectors(gradient), await ensemble.readVectors(noise)];
    const corrected = (beta: number): number => (biasCorrection ? 1 - beta ** (step + 1) : 1);
    for (let i = 0; i < position.length; i++) {
      const [chain, slope, w] = [Math.floor(i / dim), g[i] as number, position[i] as number];
      if (preconditioner !== "none" && !isFrozen) v[i] = beta2 * (v[i] as number) + (1 - beta2) * slope ** 2;
      if (preconditioner === "adam") m[i] = beta1 * (m[i] as number) + (1 - beta1) * slope;
      const p = preconditioner === "none" ? 1 : 1 / (Math.sqrt((v[i] as number) / corrected(beta2)) + floor);
      const drift = preconditioner === "adam" ? (m[i] as number) / corrected(beta1) : slope;
      const pull = (potential.gamma[chain] as number) * (w - (potential.center[i % dim] as number));
      const force = (potential.nBeta[chain] as number) * drift + pull;
      position[i] = w - (epsilon / 2) * p * force + Math.sqrt(epsilon * p) * (z[i] as number);
    }
  }
  return { position, secondMoment: v, firstMoment: m };
};

const variants = [
  { preconditioner: "none" as const },
  { preconditioner: "none" as const, batchSize: 0 },
  { preconditioner: "none" as const, batchSize: 30 },
  { preconditioner: "rmsprop" as const },
  { preconditioner: "rmsprop" as const, biasCorrection: false },
  { preconditioner: "rmsprop" as const, isFrozen: true, batchSize: 0 },
  { preconditioner: "adam" as const },
  { preconditioner: "adam" as const, biasCorrection: false },
  { preconditioner: "adam" as const, isFrozen: true },
  { preconditioner: "adam" as const, batchSize: 256, stepsDone: 0 },
];
const shapes = [
  { widths: [7, 7], inDim: 5, numData: 13, numChains: 3 },
  { widths: [62], inDim: 3, numData: 65, numChains: 2 },
  { widths: [4, 4], inDim: 4, numData: 100, numChains: 65 },
  { widths: [777], inDim: 1, numData: 3, numChains: 1 },
];
const cases = [
  ...variants.map((changes) => ({ changes, shape: shapes[0] as (typeof shapes)[number] })),
  ...shapes.slice(1).map((shape) => ({ changes: { preconditioner: "adam" as const }, shape })),
];

describeBackends("langevin", (backend) => {
  it.each(cases)(
    "equals its composition from primitive operations: $changes, $shape.widths",
    async (example) => {
      const { widths, inDim, numData, numChains } = example.shape;
      const problem = aNetworkProblem({
        network: { widths, inDim, outDim: 1 },
        numData,
        numChains,
        firstChain: 2,
      });
      const ensemble = backend.open(problem);
      const potential = setTestPotential(ensemble);
      const settings = settingsOf(example.changes);
      const start = positionsFor(problem);
      const fused = stateAt(ensemble, start);
      ensemble.langevin(fused, settings);
      const expected = await compose(ensemble, stateAt(ensemble, start), { settings, potential });
      for (const [name, values] of Object.entries(await read(ensemble, fused))) {
        expectClose(values, expected[name] as Float64Array, backend.tolerance.dynamics);
      }
    },
  );

  it.each(variants)("three steps at once have the bits of one and two: %o", async (changes) => {
    const problem = aNetworkProblem({ numChains: 3 });
    const ensemble = backend.open(problem);
    setTestPotential(ensemble);
    const settings = settingsOf(changes);
    const [whole, parts] = [
      stateAt(ensemble, positionsFor(problem)),
      stateAt(ensemble, positionsFor(problem)),
    ];
    ensemble.langevin(whole, settings);
    ensemble.langevin(parts, { ...settings, stepSizes: settings.stepSizes.subarray(0, 1), numSteps: 1 });
    const rest = {
      stepSizes: settings.stepSizes.subarray(1),
      numSteps: 2,
      stepsDone: settings.stepsDone + 1,
    };
    ensemble.langevin(parts, { ...settings, ...rest });
    expect(await read(ensemble, parts)).toEqual(await read(ensemble, whole));
  });

  it("moves closed forms by their full gradient", async () => {
    const problem = aClosedProblem({ kind: "power_sum", coefficient: 0.5, exponents: [1, 2, 1.5] }, 5);
    const ensemble = backend.open(problem);
    const potential = setTestPotential(ensemble);
    const settings = settingsOf({ preconditioner: "rmsprop" });
    const start = positionsFor(problem);
    const fused = stateAt(ensemble, start);
    ensemble.langevin(fused, settings);
    const expected = await compose(ensemble, stateAt(ensemble, start), { settings, potential });
    expectClose(
      await ensemble.readVectors(fused.position),
      expected["position"] as Float64Array,
      backend.tolerance.dynamics,
    );
  });
});
