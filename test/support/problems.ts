/** Small problems for tests of backends: networks, data and chains from addressed random numbers. */
import type { Ensemble, Problem, Scalars, Vectors } from "../../src/compute/backend.ts";
import {
  type Dataset,
  dimOf,
  type LossModel,
  type LossSpec,
  type NetworkSpec,
} from "../../src/compute/model.ts";
import { fillNormal } from "../../src/random/normal.ts";

type ProblemOfAnyPrecision = Omit<Problem, "precision">;

/** Standard normals rounded to float32, so that both precisions start from the same numbers. */
export const normals = (length: number, seed: number, scale = 1): Float64Array => {
  const out = new Float64Array(length);
  fillNormal({ seed, purpose: 99 }, out);
  return out.map((z) => Math.fround(scale * z));
};

/** A network with tanh and bias, unless told otherwise. */
export const aNetwork = (changes: Partial<NetworkSpec> = {}): NetworkSpec => ({
  inDim: 5,
  widths: [7, 7, 7],
  outDim: 3,
  activation: "tanh",
  bias: true,
  layernorm: false,
  skipConnections: false,
  residualPeriod: 1,
  ...changes,
});

/** Labels that fit the loss: real numbers, numbers in [0, 1], or soft class rows. */
const labelsFor = (loss: LossSpec, numData: number, outDim: number): Float64Array => {
  const raw = normals(numData * outDim, 12);
  if (loss.kind === "bce") return raw.map((z) => (z > 1 ? 0.25 : z > 0 ? 1 : 0));
  if (loss.kind !== "cross_entropy") return raw;
  return raw.map((_, i) => {
    const [row, k] = [Math.floor(i / outDim), i % outDim];
    if (outDim > 1 && row % 3 === 0) return k === 0 ? 0.25 : k === 1 ? 0.75 : 0; // soft
    return k === row % outDim ? 1 : 0;
  });
};

/** A data set of standard normal inputs. */
export const aDataset = (network: NetworkSpec, loss: LossSpec, numData: number): Dataset => ({
  numData,
  inputs: normals(numData * network.inDim, 11),
  labels: labelsFor(loss, numData, network.outDim),
});

/** A problem on a network. */
export const aNetworkProblem = (options: {
  network?: Partial<NetworkSpec>;
  loss?: LossSpec;
  numData?: number;
  numChains?: number;
  seed?: number;
  firstChain?: number;
}): ProblemOfAnyPrecision => {
  const network = aNetwork(options.network);
  const loss = options.loss ?? { kind: "mse" };
  return {
    model: { kind: "network", network, loss },
    dataset: aDataset(network, loss, options.numData ?? 13),
    numChains: options.numChains ?? 3,
    seed: options.seed ?? 7,
    firstChain: options.firstChain ?? 0,
  };
};

/** A problem on a closed form, which has no data. */
export const aClosedProblem = (model: LossModel, numChains = 3): ProblemOfAnyPrecision => ({
  model,
  dataset: { numData: 1, inputs: new Float64Array(0), labels: new Float64Array(0) },
  numChains,
  seed: 7,
});

/** ½‖w‖² in `dim` dimensions: with nβ = 1 and γ = 0 the standard normal. */
export const aStandardNormal = (dim: number, numChains = 1): ProblemOfAnyPrecision =>
  aClosedProblem({ kind: "quadratic", curvature: Array.from({ length: dim }, () => 1) }, numChains);

/** Positions (numChains, dim) whose weights keep activations of order one. */
export const positionsFor = (problem: ProblemOfAnyPrecision, seed = 21): Float64Array => {
  const dim = dimOf(problem.model);
  const fanIn = problem.model.kind === "network" ? Math.max(...problem.model.network.widths, 1) : 1;
  return normals(problem.numChains * dim, seed, 1 / Math.sqrt(fanIn));
};

/** New vectors that hold `values`. */
export const vectorsOf = (ensemble: Ensemble, values: Float64Array): Vectors => {
  const vectors = ensemble.vectors();
  ensemble.writeVectors(vectors, values);
  return vectors;
};

/** New scalars that hold `values`. */
export const scalarsOf = (ensemble: Ensemble, values: readonly number[]): Scalars => {
  const scalars = ensemble.scalars();
  ensemble.writeScalars(scalars, Float64Array.from(values));
  return scalars;
};

/** One number for each chain. */
export const perChain = (ensemble: { numChains: number }, value: (chain: number) => number): Float64Array =>
  Float64Array.from({ length: ensemble.numChains }, (_, chain) => value(chain));

/** U with nβ = 1 + chain and γ = ½, centred off the origin; returned so that tests can use the same numbers. */
export const setTestPotential = (
  ensemble: Ensemble,
): { center: Float64Array; nBeta: Float64Array; gamma: Float64Array } => {
  const potential = {
    center: normals(ensemble.dim, 31, 0.25),
    nBeta: perChain(ensemble, (chain) => 1 + (chain % 5)),
    gamma: perChain(ensemble, (chain) => (chain % 2 === 0 ? 0.5 : 0)),
  };
  ensemble.setPotential(potential);
  return potential;
};
