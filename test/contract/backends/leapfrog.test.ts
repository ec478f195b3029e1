/** Leapfrog trajectories of every backend: the golden one, the laws of the integrator, and the composition from primitives. */
import { expect, it } from "vitest";
import type { Ensemble, LeapfrogState } from "../../../src/compute/backend.ts";
import { describeBackends } from "../../support/backend-cases.ts";
import { expectClose } from "../../support/close.ts";
import {
  aNetworkProblem,
  aStandardNormal,
  normals,
  perChain,
  positionsFor,
  scalarsOf,
  setTestPotential,
  vectorsOf,
} from "../../support/problems.ts";

/** A state at `position` with `momentum` and a valid gradient. */
const stateAt = (ensemble: Ensemble, position: Float64Array, momentum: Float64Array): LeapfrogState => {
  const inverseMass = ensemble.row();
  ensemble.writeRow(
    inverseMass,
    Float64Array.from({ length: ensemble.dim }, (_, i) => 0.5 + (i % 4) / 4),
  );
  const state = {
    position: vectorsOf(ensemble, position),
    momentum: vectorsOf(ensemble, momentum),
    gradient: ensemble.vectors(),
    inverseMass,
    factor: null,
    loss: ensemble.scalars(),
    potential: ensemble.scalars(),
  };
  ensemble.potentialAndGradient(state.position, state);
  return state;
};

const readState = async (
  ensemble: Ensemble,
  state: LeapfrogState,
): Promise<Record<string, Float64Array>> => ({
  position: await ensemble.readVectors(state.position),
  momentum: await ensemble.readVectors(state.momentum),
  gradient: await ensemble.readVectors(state.gradient),
  loss: await ensemble.readScalars(state.loss),
  potential: await ensemble.readScalars(state.potential),
});

/** One step from the primitive operations, one ε for all chains. */
const composedStep = (ensemble: Ensemble, state: LeapfrogState, stepSizes: Float64Array): void => {
  const velocity = ensemble.vectors();
  ensemble.axpy(
    stepSizes.map((epsilon) => -0.5 * epsilon),
    state.gradient,
    state.momentum,
  );
  ensemble.copy(state.momentum, velocity);
  ensemble.scaleByRow(state.inverseMass, velocity);
  ensemble.axpy(stepSizes, velocity, state.position);
  ensemble.potentialAndGradient(state.position, state);
  ensemble.axpy(
    stepSizes.map((epsilon) => -0.5 * epsilon),
    state.gradient,
    state.momentum,
  );
};

const shapes = [
  { widths: [7, 7], inDim: 5, numData: 13, numChains: 3 },
  { widths: [62], inDim: 3, numData: 65, numChains: 2 },
  { widths: [4, 4], inDim: 4, numData: 100, numChains: 65 },
  { widths: [777], inDim: 1, numData: 3, numChains: 1 },
];

describeBackends("leapfrog", (backend) => {
  it("gives the golden trajectory of the standard normal", async () => {
    // q = 1, p = 0.5, ε = 0.3, five steps; computed in double precision from the formulas, independently of this code.
    const ensemble = backend.open(aStandardNormal(1));
    ensemble.setPotential({
      center: Float64Array.of(0),
      nBeta: Float64Array.of(1),
      gamma: Float64Array.of(0),
    });
    const state = stateAt(ensemble, Float64Array.of(1), Float64Array.of(0.5));
    ensemble.writeRow(state.inverseMass, Float64Array.of(1));
    ensemble.leapfrog(state, { stepSize: scalarsOf(ensemble, [0.3]), numSteps: 5 });
    const [q, p] = [0.5697176390500001, -0.9540570323575];
    const isExact = backend.precision === "float64";
    expectClose(await ensemble.readVectors(state.position), [q], isExact ? 5e-15 : 1e-6);
    expectClose(await ensemble.readVectors(state.momentum), [p], isExact ? 5e-15 : 1e-6);
    expectClose(await ensemble.readScalars(state.potential), [0.5 * q * q], isExact ? 1e-14 : 1e-6);
    expect(0.5 * q * q + 0.5 * p * p - 0.625).toBeCloseTo(-0.007598495382247106, 14);
  });

  it.each(shapes)(
    "equals its composition from primitive operations: $widths, $numChains chains",
    async (shape) => {
      const { widths, inDim, numData, numChains } = shape;
      const problem = aNetworkProblem({ network: { widths, inDim, outDim: 1 }, numData, numChains });
      const ensemble = backend.open(problem);
      setTestPotential(ensemble);
      const position = positionsFor(problem);
      const momentum = normals(position.length, 41);
      const stepSizes = perChain(ensemble, (chain) => 0.02 + 0.01 * (chain % 3));
      const fused = stateAt(ensemble, position, momentum);
      const composed = stateAt(ensemble, position, momentum);
      ensemble.leapfrog(fused, { stepSize: scalarsOf(ensemble, [...stepSizes]), numSteps: 4 });
      for (let step = 0; step < 4; step++) composedStep(ensemble, composed, stepSizes);
      const expected = await readState(ensemble, composed);
      for (const [name, values] of Object.entries(await readState(ensemble, fused))) {
        expectClose(values, expected[name] as Float64Array, backend.tolerance.dynamics);
      }
    },
  );

  it("runs back to its start when momenta are reversed", async () => {
    const problem = aNetworkProblem({ numChains: 3 });
    const ensemble = backend.open(problem);
    setTestPotential(ensemble);
    const position = positionsFor(problem);
    const state = stateAt(ensemble, position, normals(position.length, 41));
    const settings = { stepSize: scalarsOf(ensemble, [0.05, 0.02, 0.01]), numSteps: 10 };
    ensemble.leapfrog(state, settings);
    ensemble.axpy(Float64Array.of(-2, -2, -2), await copyOf(ensemble, state.momentum), state.momentum);
    ensemble.leapfrog(state, settings);
    expectClose(await ensemble.readVectors(state.position), position, backend.tolerance.dynamics);
  });

  it("returns the loss and potential of the final position", async () => {
    const problem = aNetworkProblem({ numChains: 3 });
    const ensemble = backend.open(problem);
    setTestPotential(ensemble);
    const position = positionsFor(problem);
    const state = stateAt(ensemble, position, normals(position.length, 41));
    ensemble.leapfrog(state, { stepSize: scalarsOf(ensemble, [0.05, 0.02, 0.01]), numSteps: 1 });
    const fresh = { loss: ensemble.scalars(), potential: ensemble.scalars(), gradient: ensemble.vectors() };
    ensemble.potentialAndGradient(state.position, fresh);
    for (const name of ["loss", "potential"] as const) {
      const expected = await ensemble.readScalars(fresh[name]);
      expectClose(await ensemble.readScalars(state[name]), expected, backend.tolerance.loss);
    }
  });

  it("a chain that diverges has a non-finite potential and leaves the others their bits", async () => {
    const problem = aNetworkProblem({ numChains: 3 });
    const position = positionsFor(problem);
    const run = async (stepSizes: readonly number[]): Promise<Record<string, Float64Array>> => {
      const ensemble = backend.open(problem);
      setTestPotential(ensemble);
      const state = stateAt(ensemble, position, normals(position.length, 41));
      ensemble.leapfrog(state, { stepSize: scalarsOf(ensemble, stepSizes), numSteps: 3 });
      return readState(ensemble, state);
    };
    const calm = await run([0.01, 0.01, 0.01]);
    const wild = await run([0.01, 1e200, 0.01]);
    expect(Number.isFinite((wild["potential"] as Float64Array)[1])).toBe(false);
    for (const [name, values] of Object.entries(calm)) {
      const width = values.length / 3;
      const others = (all: Float64Array): number[] => [...all.subarray(0, width), ...all.subarray(2 * width)];
      expect(others(wild[name] as Float64Array), name).toEqual(others(values));
    }
  });
});

const copyOf = async (
  ensemble: Ensemble,
  source: LeapfrogState["momentum"],
): Promise<LeapfrogState["momentum"]> => vectorsOf(ensemble, await ensemble.readVectors(source));
