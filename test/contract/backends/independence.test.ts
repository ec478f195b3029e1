/**
 * What results may not depend on: the number of threads, how chains are batched, and trouble in another chain.
 * All comparisons are bit for bit.
 */
import { expect, it } from "vitest";
import type { Ensemble } from "../../../src/compute/backend.ts";
import { dimOf, networkLayers, numParametersOf } from "../../../src/compute/model.ts";
import { purpose } from "../../../src/random/purpose.ts";
import { describeBackends } from "../../support/backend-cases.ts";
import {
  aClosedProblem,
  aNetwork,
  aNetworkProblem,
  normals,
  perChain,
  positionsFor,
  scalarsOf,
  vectorsOf,
} from "../../support/problems.ts";

type Results = Readonly<Record<string, Float64Array>>;

/** Every operation once; `chain0` is the number of the first chain, so that a chain alone gets its own settings. */
const everyOperation = async (ensemble: Ensemble, start: Float64Array, chain0: number): Promise<Results> => {
  const of = (value: (chain: number) => number): Float64Array => perChain(ensemble, (c) => value(chain0 + c));
  ensemble.setPotential({
    center: normals(ensemble.dim, 31, 0.25),
    nBeta: of((chain) => 1 + chain),
    gamma: of((chain) => chain / 2),
  });
  const row = ensemble.row();
  ensemble.writeRow(
    row,
    normals(ensemble.dim, 32).map((z) => 0.5 + Math.abs(z)),
  );
  const position = vectorsOf(ensemble, start);
  const results: Record<string, Float64Array> = {};
  const [loss, potential, gradient] = [ensemble.scalars(), ensemble.scalars(), ensemble.vectors()];

  ensemble.loss(position, loss);
  results["loss"] = await ensemble.readScalars(loss);
  ensemble.lossAndGradient(position, loss, gradient);
  results["gradient"] = await ensemble.readVectors(gradient);
  ensemble.minibatchLossAndGradient(position, { batchSize: 33, step: 2 }, { loss, gradient });
  results["minibatch gradient"] = await ensemble.readVectors(gradient);
  ensemble.weightedDot(row, position, gradient, loss);
  results["weighted dot"] = await ensemble.readScalars(loss);
  ensemble.dot(position, gradient, loss);
  results["dot"] = await ensemble.readScalars(loss);
  ensemble.squaredDistance(position, loss);
  results["squared distance"] = await ensemble.readScalars(loss);
  const momentum = ensemble.vectors();
  ensemble.normal({ purpose: purpose.momentum, step: 1 }, momentum);
  results["normal"] = await ensemble.readVectors(momentum);

  ensemble.potentialAndGradient(position, { loss, potential, gradient });
  const leapfrog = { position, momentum, gradient, inverseMass: row, factor: null, loss, potential };
  ensemble.leapfrog(leapfrog, { stepSize: scalarsOf(ensemble, [...of((c) => 0.01 / (1 + c))]), numSteps: 3 });
  results["leapfrog momentum"] = await ensemble.readVectors(momentum);
  results["leapfrog potential"] = await ensemble.readScalars(potential);

  ensemble.normal({ purpose: purpose.momentum, step: 4 }, momentum);
  const trees = await ensemble.noUTurn(leapfrog, {
    stepSize: 0.02,
    maxDepth: 4,
    divergenceThreshold: 1000,
    step: 4,
  });
  results["tree position"] = await ensemble.readVectors(position);
  results["tree potential"] = await ensemble.readScalars(potential);
  for (const [name, values] of Object.entries(trees)) results[`tree ${name}`] = Float64Array.from(values);

  const noise = { purpose: purpose.directionRefresh, step: 3 };
  const dynamics = { integrator: "mclachlan", stepSize: 0.05, decoherenceLength: 1, numSteps: 3 } as const;
  const direction = ensemble.vectors();
  ensemble.normal({ purpose: purpose.direction, step: 0 }, direction);
  const isokinetic = { position, direction, gradient, scale: row, loss, potential };
  const info = await ensemble.isokinetic(isokinetic, {
    ...dynamics,
    noise,
    badStepPurpose: purpose.badStepDirection,
  });
  results["isokinetic position"] = await ensemble.readVectors(position);
  // (step, chain) → (chain, step), so that results of single chains can be put side by side.
  results["isokinetic energy"] = Float64Array.from(info.energyError, (_, i) => {
    const [chain, step] = [Math.floor(i / 3), i % 3];
    return info.energyError[step * ensemble.numChains + chain] as number;
  });

  const secondMoment = vectorsOf(ensemble, new Float64Array(start.length).fill(1));
  const langevin = { position, secondMoment, firstMoment: ensemble.vectors() };
  const stepSizes = Float64Array.of(1e-3, 1e-3);
  const adam = {
    preconditioner: "adam",
    beta1: 0.9,
    beta2: 0.999,
    floor: 1e-8,
    biasCorrection: true,
  } as const;
  ensemble.langevin(langevin, {
    ...adam,
    stepSizes,
    batchSize: 20,
    isFrozen: false,
    stepsDone: 0,
    numSteps: 2,
  });
  results["langevin position"] = await ensemble.readVectors(position);
  return results;
};

const problems = [
  { title: "5-7-7-7-3, n = 13", problem: aNetworkProblem({ numChains: 7 }) },
  {
    title: "4-4-4-1, n = 100, relu",
    problem: aNetworkProblem({
      network: { inDim: 4, widths: [4, 4], outDim: 1, activation: "relu" },
      numData: 100,
      numChains: 33,
    }),
  },
  {
    title: "32-62-62-1, n = 777",
    problem: aNetworkProblem({
      network: { inDim: 32, widths: [62, 62], outDim: 1, activation: "relu" },
      numData: 777,
    }),
  },
  {
    title: "3-62-62-2 with layer norm and skips, n = 2,049, one chain",
    problem: aNetworkProblem({
      network: { inDim: 3, widths: [62, 62], outDim: 2, layernorm: true, skipConnections: true },
      numData: 2049,
      numChains: 1,
    }),
  },
  {
    title: "power sum",
    problem: aClosedProblem({ kind: "power_sum", coefficient: 0.5, exponents: [1, 2, 1.5] }, 65),
  },
];

describeBackends("independence", (backend) => {
  // The reference has one thread whatever it is asked for.
  it.each(backend.name === "reference" ? [] : problems)(
    "of the number of threads: $title",
    async ({ problem }) => {
      const start = positionsFor(problem);
      const [one, ...others] = await Promise.all(
        [1, 2, 3].map(async (threads) =>
          everyOperation(await backend.openWithThreads(problem, threads), start, 0),
        ),
      );
      for (const other of others) expect(other).toEqual(one);
    },
  );

  it.each(problems)("of how chains are batched: $title", async ({ problem }) => {
    const start = positionsFor(problem);
    const dim = dimOf(problem.model);
    const together = await everyOperation(backend.open(problem), start, 0);
    for (let first = 0; first < problem.numChains; ) {
      const numChains = Math.min(1 + (first % 3), problem.numChains - first);
      const part = backend.open({ ...problem, numChains, firstChain: first });
      const alone = await everyOperation(part, start.subarray(first * dim, (first + numChains) * dim), first);
      for (const [name, values] of Object.entries(alone)) {
        const width = values.length / numChains;
        const whole = together[name] as Float64Array;
        expect(values, `${name} of chains from ${first}`).toEqual(
          whole.slice(first * width, first * width + values.length),
        );
      }
      first += numChains;
    }
  });

  const network = aNetwork({ activation: "relu", layernorm: true });
  const first = networkLayers(network)[0];
  it.each([
    { place: "a weight", index: first?.weights ?? 0 },
    { place: "a bias", index: first?.biases ?? 0 },
    { place: "a scale", index: first?.scales ?? 0 },
    { place: "the last bias", index: numParametersOf(network) - 1 },
  ])("of NaN and ±∞ in another chain, which gets loss NaN: $place", async ({ index }) => {
    const problem = aNetworkProblem({ network, numChains: 17 });
    const dim = dimOf(problem.model);
    const start = positionsFor(problem);
    const healthy = await everyOperation(backend.open(problem), start, 0);
    for (const bad of [NaN, Infinity, -Infinity]) {
      const sick = start.slice();
      sick[3 * dim + index] = bad;
      const results = await everyOperation(backend.open(problem), sick, 0);
      expect((results["loss"] as Float64Array)[3]).toBeNaN();
      for (const [name, values] of Object.entries(results)) {
        const width = values.length / 17;
        const others = (all: Float64Array): number[] => [
          ...all.subarray(0, 3 * width),
          ...all.subarray(4 * width),
        ];
        expect(others(values), `${name} with ${bad}`).toEqual(others(healthy[name] as Float64Array));
      }
    }
  });

  it.each(["relu", "tanh", "gelu", "sigmoid", "identity"] as const)(
    "loss is NaN wherever a %s network has NaN or −∞ among its parameters",
    async (activation) => {
      const base = aNetworkProblem({ network: { activation, layernorm: true, skipConnections: true } });
      const dim = dimOf(base.model);
      const problem = { ...base, numChains: 2 * dim };
      const start = positionsFor(problem);
      for (let c = 0; c < 2 * dim; c++) start[c * dim + (c % dim)] = c < dim ? NaN : -Infinity;
      const ensemble = backend.open(problem);
      const loss = ensemble.scalars();
      ensemble.loss(vectorsOf(ensemble, start), loss);
      expect((await ensemble.readScalars(loss)).findIndex((value) => !Number.isNaN(value))).toBe(-1);
    },
  );
});
