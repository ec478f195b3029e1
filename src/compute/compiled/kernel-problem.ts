/**
 * A problem in kernel memory: opened once, addressed by every operation. Numbers of the enumerations are those of
 * `kernels.h`; the order of fields is that of `problem.c`.
 */
import type { Problem } from "../backend.ts";
import {
  type Activation,
  dimOf,
  type LossModel,
  type LossSpec,
  type NetworkSpec,
  networkLayers,
} from "../model.ts";
import { dimOfProblem, isRestricted } from "../restriction.ts";
import type { Block, KernelLibrary } from "./kernel-library.ts";

const modelKinds: Readonly<Record<LossModel["kind"], number>> = {
  network: 0,
  quadratic: 1,
  monomial: 2,
  power_sum: 3,
};
const activations: Readonly<Record<Activation, number>> = {
  relu: 0,
  tanh: 1,
  gelu: 2,
  sigmoid: 3,
  identity: 4,
};
const losses: Readonly<Record<LossSpec["kind"], number>> = {
  mse: 0,
  t_regression: 1,
  bce: 2,
  cross_entropy: 3,
};

/** Where a problem is evaluated. */
export interface Device {
  readonly library: KernelLibrary;
  readonly pool: Block;
  readonly numThreads: number;
}

/** Lays the problem out in a new block. The caller frees it. @throws SweepError `OUT_OF_MEMORY` */
export const openProblem = (device: Device, problem: Problem): Block => {
  const { memory, shared } = device.library;
  const temporary: Block[] = [];
  const place = (values: Int32Array | Float64Array): number => {
    const block = memory.allocate(Math.max(values.byteLength, 8));
    temporary.push(block);
    new Uint8Array(block.buffer, block.byteOffset, values.byteLength).set(
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
    return block.address;
  };
  try {
    const spec = place(specOf(problem, device.numThreads));
    const numbers = place(numbersIn(problem));
    const open = (target: number, inputs: number, labels: number): number =>
      shared.lh_problem_open(target, device.pool.address, spec, numbers, inputs, labels);
    const block = memory.allocate(open(0, 0, 0));
    open(block.address, place(problem.dataset.inputs), place(problem.dataset.labels));
    return block;
  } finally {
    for (const block of temporary) memory.free(block);
  }
};

const specOf = (problem: Problem, numThreads: number): Int32Array => {
  const { model, dataset, precision, numChains, firstChain = 0, seed } = problem;
  const isNetwork = model.kind === "network";
  return Int32Array.from([
    modelKinds[model.kind],
    precision === "float32" ? 32 : 64,
    numChains,
    firstChain,
    dimOfProblem(problem),
    isNetwork ? dataset.numData : 1,
    ...(isNetwork ? networkFields(model.network, model.loss) : noNetwork),
    numThreads,
    (seed % 2 ** 32) | 0,
    Math.floor(seed / 2 ** 32),
    dimOf(model),
    ...(isNetwork ? layerFields(model.network) : []),
    ...(isRestricted(problem) ? problem.restriction.free : []),
  ]);
};

const noNetwork: readonly number[] = [0, 0, 0, 0, 0, 0, 0];

const networkFields = (network: NetworkSpec, loss: LossSpec): readonly number[] => [
  network.inDim,
  network.outDim,
  activations[network.activation],
  losses[loss.kind],
  network.widths.length + 1,
  Number(network.bias),
  Number(network.layernorm),
];

const layerFields = (network: NetworkSpec): readonly number[] =>
  networkLayers(network).flatMap((layer) => [
    layer.fanIn,
    layer.fanOut,
    Number(layer.isHidden),
    Number(layer.hasSkip),
    layer.weights,
    layer.biases,
    layer.scales,
    layer.shifts,
  ]);

/** df, scale, coefficient, the terms of a closed form, then all parameters where some are fixed. */
const numbersIn = (problem: Problem): Float64Array =>
  Float64Array.from([
    ...lossNumbers(problem.model),
    ...(isRestricted(problem) ? problem.restriction.fixed : []),
  ]);

const lossNumbers = (model: LossModel): Float64Array => {
  switch (model.kind) {
    case "network": {
      const { loss } = model;
      return loss.kind === "t_regression"
        ? Float64Array.of(loss.df, loss.scale, 0)
        : Float64Array.of(1, 1, 0);
    }
    case "quadratic":
      return Float64Array.from([1, 1, 0, ...model.curvature]);
    case "monomial":
    case "power_sum":
      return Float64Array.from([1, 1, model.coefficient, ...model.exponents]);
  }
};
