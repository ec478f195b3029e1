/**
 * Posteriors for tests of samplers, on the reference backend unless told otherwise, and an ensemble that counts what is
 * asked of it.
 */
import type {
  Ensemble,
  LangevinSettings,
  LeapfrogState,
  Problem,
  TreeInfo,
  TreeSettings,
} from "../../src/compute/backend.ts";
import type { Dataset, LossModel } from "../../src/compute/model.ts";
import { dimOf } from "../../src/compute/model.ts";
import { createReferenceBackend } from "../../src/compute/reference/reference-backend.ts";
import { fillNormal } from "../../src/random/normal.ts";
import type { DrawRecord, Posterior, SamplerRun } from "../../src/samplers/sampler.ts";

export interface PosteriorOptions {
  readonly model?: LossModel;
  readonly dataset?: Dataset;
  readonly center?: Float64Array;
  readonly nBeta?: number;
  readonly gamma?: number;
  readonly numChains?: number;
  readonly firstChain?: number;
  readonly seed?: number;
  readonly startScale?: number;
  /** Default: the reference backend, float64. */
  readonly open?: (problem: Omit<Problem, "precision">) => Ensemble;
}

const noData = (numData: number): Dataset => ({
  numData,
  inputs: new Float64Array(0),
  labels: new Float64Array(0),
});

const defaults = {
  model: { kind: "quadratic", curvature: [1, 4, 25] } as LossModel,
  nBeta: 10,
  gamma: 1,
  numChains: 4,
  seed: 7,
  startScale: 0.1,
  firstChain: 0,
  open: (problem: Omit<Problem, "precision">): Ensemble =>
    createReferenceBackend().open({ ...problem, precision: "float64" }),
};

/** Default: the quadratic with curvatures 1, 4, 25; nβ 10, γ 1, 4 chains, 10 data points. */
export const aPosterior = (options: PosteriorOptions = {}): Posterior => {
  const { model, nBeta, gamma, numChains, seed, startScale, firstChain, open } = {
    ...defaults,
    ...options,
  };
  const { dataset = noData(10) } = options;
  const { center = new Float64Array(dimOf(model)) } = options;
  const ensemble = open({ model, dataset, numChains, firstChain, seed });
  const all = (value: number): Float64Array => new Float64Array(numChains).fill(value);
  ensemble.setPotential({ center, nBeta: all(nBeta), gamma: all(gamma) });
  return { ensemble, center, nBeta, gamma, initialLoss: 0, seed, firstChain, startScale };
};

/** A 3-4-2-1 tanh network on 23 points; `center` are random weights. Small enough for the reference backend. */
export const aNetworkPosterior = (options: PosteriorOptions = {}): Posterior => {
  const model: LossModel = {
    kind: "network",
    network: {
      inDim: 3,
      widths: [4, 2],
      outDim: 1,
      activation: "tanh",
      bias: true,
      layernorm: false,
      skipConnections: false,
      residualPeriod: 2,
    },
    loss: { kind: "mse" },
  };
  const normals = (length: number, purpose: number): Float64Array => {
    const out = new Float64Array(length);
    fillNormal({ seed: 3, purpose }, out);
    return out;
  };
  const dataset = { numData: 23, inputs: normals(69, 1), labels: normals(23, 2) };
  const center = normals(dimOf(model), 3).map((value) => 0.5 * value);
  return aPosterior({ model, dataset, center, ...options });
};

/** Exact stationary expectation of the estimator on a quadratic: ½·Σ nβh/(nβh + γ). */
export const exactQuadraticLlc = (curvature: readonly number[], nBeta: number, gamma: number): number =>
  curvature.reduce((sum, h) => sum + (nBeta * h) / (nBeta * h + gamma) / 2, 0);

/** Evaluations over one data point, all chains, as the ensemble itself was asked for them. */
export interface AskedWork {
  gradients: number;
  losses: number;
}

/** Wraps an ensemble; `asked` counts every operation that evaluates the loss or its gradient. */
export const countingEnsemble = (inner: Ensemble): { ensemble: Ensemble; asked: AskedWork } => {
  const asked: AskedWork = { gradients: 0, losses: 0 };
  const all = inner.numChains * inner.numData;
  const onCall: Record<string, (...args: never[]) => void> = {
    loss: () => {
      asked.losses += all;
    },
    lossAndGradient: () => {
      asked.gradients += all;
    },
    potentialAndGradient: () => {
      asked.gradients += all;
    },
    minibatchLossAndGradient: (_position: unknown, batch: { batchSize: number }) => {
      asked.gradients += batch.batchSize === 0 ? all : batch.batchSize * inner.numChains;
    },
    leapfrog: (_state: unknown, settings: { numSteps: number }) => {
      asked.gradients += settings.numSteps * all;
    },
    isokinetic: (_state: unknown, settings: { numSteps: number; integrator: string }) => {
      asked.gradients += settings.numSteps * all * (settings.integrator === "mclachlan" ? 2 : 1);
    },
    langevin: (_state: unknown, settings: LangevinSettings) => {
      const rows = settings.batchSize === 0 ? inner.numData : settings.batchSize;
      asked.gradients += settings.numSteps * rows * inner.numChains;
    },
  };
  const countTrees = async (state: LeapfrogState, settings: TreeSettings): Promise<TreeInfo> => {
    const info = await inner.noUTurn(state, settings);
    asked.gradients += info.numSteps.reduce((sum, count) => sum + count, 0) * inner.numData;
    return info;
  };
  const ensemble = new Proxy(inner, {
    get: (target, name) => {
      if (name === "noUTurn") return countTrees;
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: never[]): unknown => {
        onCall[String(name)]?.(...args);
        return (member as (...values: never[]) => unknown).apply(target, args);
      };
    },
  });
  return { ensemble, asked };
};

/** Runs every unit in order; draws of the run. */
export const collectDraws = async (run: SamplerRun): Promise<DrawRecord[]> => {
  for (let index = 0; index < run.numWarmupUnits; index++) await run.warmup(index);
  const draws: DrawRecord[] = [];
  for (let index = 0; index < run.numDraws; index++) draws.push(await run.draw(index));
  return draws;
};

/** The llc of each recorded chain, (numChains)(numDraws): nβ·(loss − initialLoss). */
export const llcChains = (draws: readonly DrawRecord[], posterior: Posterior): Float64Array[] =>
  Array.from({ length: draws[0]?.loss.length ?? 0 }, (_, chain) =>
    Float64Array.from(
      draws,
      ({ loss }) => posterior.nBeta * ((loss[chain] ?? Number.NaN) - posterior.initialLoss),
    ),
  );

/**
 * One weight, f = w·x with x = ±1, 50 points, mse: the gradient of a point is 2(w − x·y), so that minibatch noise does
 * not depend on w. L = L(w*) + (w − w*)². `noiseVariance(b)`: variance of the gradient of a minibatch of b rows.
 */
export const additiveNoisePosterior = (
  options: Omit<PosteriorOptions, "model" | "dataset" | "center"> = {},
): { posterior: Posterior; noiseVariance: (batchSize: number) => number } => {
  const numData = 50;
  const inputs = Float64Array.from({ length: numData }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const labels = new Float64Array(numData);
  fillNormal({ seed: 11, purpose: 2 }, labels);
  const products = labels.map((label, i) => label * (inputs[i] ?? 0));
  const center = products.reduce((sum, value) => sum + value, 0) / numData;
  const spread = products.reduce((sum, value) => sum + (value - center) ** 2, 0) / numData;
  const network = {
    inDim: 1,
    widths: [],
    outDim: 1,
    activation: "identity",
    bias: false,
    layernorm: false,
    skipConnections: false,
    residualPeriod: 2,
  } as const;
  const model = { kind: "network", network, loss: { kind: "mse" } } as const;
  const dataset = { numData, inputs, labels };
  const posterior = aPosterior({ ...options, model, dataset, center: Float64Array.of(center) });
  return {
    posterior: { ...posterior, initialLoss: spread },
    noiseVariance: (batchSize) => (4 * spread) / batchSize,
  };
};
