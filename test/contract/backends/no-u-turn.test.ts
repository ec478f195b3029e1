/**
 * No-U-turn trees of every backend: those of the reference, whose recursion is another program than the kernels' binary
 * counter; and what becomes of a chain that cannot move.
 *
 * In float32 a product or weight near its threshold could fall on the other side. It does not at these seeds on vectors of
 * 16, 32 and 64 bytes; where it did, a whole tree would differ, so no tolerance helps.
 */
import { expect, it } from "vitest";
import type { Ensemble, LeapfrogState, TreeSettings } from "../../../src/compute/backend.ts";
import { createReferenceBackend } from "../../../src/compute/reference/reference-backend.ts";
import { purpose } from "../../../src/random/purpose.ts";
import { describeBackends } from "../../support/backend-cases.ts";
import { expectClose } from "../../support/close.ts";
import {
  aClosedProblem,
  aNetworkProblem,
  aStandardNormal,
  normals,
  positionsFor,
  setTestPotential,
  vectorsOf,
} from "../../support/problems.ts";

const stateAt = (ensemble: Ensemble, position: Float64Array): LeapfrogState => {
  const inverseMass = ensemble.row();
  ensemble.writeRow(
    inverseMass,
    Float64Array.from({ length: ensemble.dim }, (_, i) => 0.5 + (i % 4) / 4),
  );
  const state = {
    position: vectorsOf(ensemble, position),
    momentum: ensemble.vectors(),
    gradient: ensemble.vectors(),
    inverseMass,
    factor: null,
    loss: ensemble.scalars(),
    potential: ensemble.scalars(),
  };
  ensemble.potentialAndGradient(state.position, state);
  return state;
};

/** A few transitions, each with fresh momenta. */
const transitions = async (
  ensemble: Ensemble,
  position: Float64Array,
  settings: Omit<TreeSettings, "step" | "divergenceThreshold">,
) => {
  setTestPotential(ensemble);
  const state = stateAt(ensemble, position);
  const records: Record<string, Float64Array>[] = [];
  for (let step = 0; step < 4; step++) {
    ensemble.normal({ purpose: purpose.momentum, step }, state.momentum);
    const info = await ensemble.noUTurn(state, { ...settings, divergenceThreshold: 1000, step });
    records.push({
      ...info,
      position: await ensemble.readVectors(state.position),
      gradient: await ensemble.readVectors(state.gradient),
      loss: await ensemble.readScalars(state.loss),
      potential: await ensemble.readScalars(state.potential),
    });
  }
  return records;
};

/** Networks are chaotic: short trajectories, which reach `maxDepth`. Gaussians turn. */
const cases = [
  {
    title: "a network",
    problem: aNetworkProblem({ numChains: 7 }),
    settings: { stepSize: 0.03, maxDepth: 5 },
  },
  {
    title: "one weight",
    problem: aStandardNormal(1, 5),
    settings: { stepSize: 0.3, maxDepth: 10 },
  },
  {
    title: "a wide Gaussian",
    problem: aClosedProblem(
      { kind: "quadratic", curvature: Array.from({ length: 67 }, (_, i) => 1 + (i % 7)) },
      9,
    ),
    settings: { stepSize: 0.05, maxDepth: 8 },
  },
  {
    title: "depth as the only limit",
    problem: aStandardNormal(5, 3),
    settings: { stepSize: 1e-3, maxDepth: 3 },
  },
];

describeBackends("no-U-turn trees", (backend) => {
  it.each(cases)("are those of the reference: $title", async ({ problem, settings }) => {
    const position = positionsFor(problem);
    const found = await transitions(backend.open(problem), position, settings);
    const reference = createReferenceBackend().open({ ...problem, precision: backend.precision });
    const wanted = await transitions(reference, position, settings);
    const lengths = new Set(wanted.flatMap(({ numSteps }) => Array.from(numSteps ?? [])));
    expect(lengths.size > 2).toBe(settings.maxDepth > 5);
    const counts = ["depth", "numSteps", "isDivergent", "hasReachedMaxDepth"];
    const tolerance = backend.precision === "float64" ? 1e-10 : 2e-3;
    found.forEach((record, step) => {
      for (const [name, values] of Object.entries(record)) {
        const expected = wanted[step]?.[name] as Float64Array;
        if (counts.includes(name)) expect(Array.from(values)).toEqual(Array.from(expected));
        else expectClose(values, expected, tolerance, name.endsWith("Error") ? 1 : undefined);
      }
    });
  });

  it("leaves a chain with NaN where it is and gives the others their own bits", async () => {
    const problem = aStandardNormal(6, 3);
    const start = normals(18, 3);
    const settings = { stepSize: 0.2, maxDepth: 5 };
    const healthy = await transitions(backend.open(problem), start, settings);
    const spoilt = start.slice();
    spoilt[8] = Number.NaN;
    const [first] = await transitions(backend.open(problem), spoilt, settings);
    const records = [first?.["position"] as Float64Array, healthy[0]?.["position"] as Float64Array] as const;
    expect(records[0].subarray(6, 12)).toEqual(backend.round(spoilt).subarray(6, 12));
    for (const chain of [0, 2])
      expect(records[0].subarray(6 * chain, 6 * chain + 6)).toEqual(
        records[1].subarray(6 * chain, 6 * chain + 6),
      );
    expect(first?.["isDivergent"]?.[1]).toBe(1);
    expect(first?.["numSteps"]?.[1]).toBe(1);
    expect(first?.["maxEnergyError"]?.[1]).toBe(Number.POSITIVE_INFINITY);
  });

  it("grows deeper trees after shallow ones", async () => {
    const ensemble = backend.open(aStandardNormal(5, 3));
    const start = normals(15, 3);
    await transitions(ensemble, start, { stepSize: 1e-3, maxDepth: 2 });
    const [deep] = await transitions(ensemble, start, { stepSize: 1e-3, maxDepth: 9 });
    expect(Array.from(deep?.["numSteps"] ?? [])).toEqual([511, 511, 511]);
  });
});
