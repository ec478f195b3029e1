/**
 * How far an unadjusted Langevin run is from its posterior: step size against curvature, and minibatch noise.
 *
 * In a direction of curvature A the discretised stationary variance is 1/(A(1 − εA/4)): 1 % too large at εA = 0.04,
 * without bound at εA = 4. Minibatches multiply it by 1 + ε(nβ)²Var(g)/4. Both are measured at w*: the largest
 * eigenvalue of √P(nβH + γ)√P by power iteration on differences of gradients, Var(g) from independent minibatches.
 * Source: closed form for a Gaussian; P is the preconditioner (1 for none).
 */
import type { Scalars, Vectors } from "../../compute/backend.ts";
import { purpose } from "../../random/purpose.ts";
import type { Posterior } from "../sampler.ts";
import { centerPositions } from "../start-positions.ts";
import type { WorkCounter } from "../work-counter.ts";

/** The unadjusted dynamics that is judged. */
export interface LangevinDynamics {
  readonly stepSize: number;
  /** P, shape (numChains, dim). A chain with a non-finite entry is left out. */
  readonly preconditioner: Float64Array;
  /** Rows of a minibatch; 0: all data. */
  readonly batchSize: number;
  /** First random step that the run itself does not use. */
  readonly freeStep: number;
}

/** Unitless but `curvature`. NaN where no chain is finite. */
export interface DiscretisationBias {
  /** ε that the others were computed with. */
  readonly stepSize: number;
  /** Largest |eigenvalue| of √P(nβH + γ)√P at w* over chains (a lower bound, within a few per cent). */
  readonly curvature: number;
  /** ε·curvature; the stationary law does not exist from 4 on. */
  readonly stepCurvature: number;
  /** ε·P·(nβ)²·Var(g)/4, mean and largest over coordinates. 0 without minibatches. */
  readonly noiseRatioMean: number;
  readonly noiseRatioMax: number;
}

const numPowerIterations = 12;
const numBatches = 8;

interface Context {
  readonly posterior: Posterior;
  readonly dynamics: LangevinDynamics;
  readonly counter: WorkCounter;
  /** Device arrays, used again by every evaluation. */
  readonly position: Vectors;
  readonly gradient: Vectors;
  readonly loss: Scalars;
}

const rowNorm = (values: Float64Array, chain: number, dim: number): number => {
  let sum = 0;
  for (let i = chain * dim; i < (chain + 1) * dim; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
};

/** Scales each row to length `length`; rows of length 0 or NaN stay. Returns the old lengths. */
const rescaleRows = (values: Float64Array, dim: number, length: number): Float64Array => {
  const norms = Float64Array.from({ length: values.length / dim }, (_, chain) => rowNorm(values, chain, dim));
  return norms.map((norm, chain) => {
    if (!(norm > 0)) return norm;
    for (let i = chain * dim; i < (chain + 1) * dim; i++) values[i] *= length / norm;
    return norm;
  });
};

const addArrays = (x: Float64Array, y: Float64Array, factor: number): Float64Array =>
  x.map((value, i) => value + factor * y[i]);

/** ∇L_n at `positions`, (numChains, dim). */
const gradientAt = async (context: Context, positions: Float64Array): Promise<Float64Array> => {
  const { posterior, counter, position, gradient, loss } = context;
  posterior.ensemble.writeVectors(position, positions);
  posterior.ensemble.lossAndGradient(position, loss, gradient);
  counter.addGradients(1);
  return posterior.ensemble.readVectors(gradient);
};

/** H·x by central differences over a distance of 1e-3·max(1, ‖w*‖), which suits float32 gradients too. */
const hessianTimes = async (context: Context, x: Float64Array): Promise<Float64Array> => {
  const { center, ensemble } = context.posterior;
  const distance = 1e-3 * Math.max(1, rowNorm(center, 0, center.length));
  const offset = x.slice();
  const norms = rescaleRows(offset, ensemble.dim, distance);
  const middle = centerPositions(context.posterior);
  const plus = await gradientAt(context, addArrays(middle, offset, 1));
  const minus = await gradientAt(context, addArrays(middle, offset, -1));
  return plus.map((g, i) => ((g - minus[i]) / (2 * distance)) * norms[Math.floor(i / ensemble.dim)]);
};

/** Largest |eigenvalue| of √P(nβH + γ)√P: power iteration, one start a chain. */
const largestCurvature = async (context: Context): Promise<number> => {
  const { posterior, dynamics } = context;
  const { ensemble, nBeta, gamma } = posterior;
  const root = dynamics.preconditioner.map(Math.sqrt);
  ensemble.normal({ purpose: purpose.probe, step: 0 }, context.position);
  let direction: Float64Array = await ensemble.readVectors(context.position);
  rescaleRows(direction, ensemble.dim, 1);
  let norms: Float64Array = new Float64Array(ensemble.numChains);
  for (let k = 0; k < numPowerIterations; k++) {
    const scaled = direction.map((u, i) => u * root[i]);
    const product = await hessianTimes(context, scaled);
    direction = product.map((h, i) => root[i] * (nBeta * h + gamma * scaled[i]));
    norms = rescaleRows(direction, ensemble.dim, 1);
  }
  const finite = norms.filter(Number.isFinite);
  return finite.length === 0 ? Number.NaN : finite.reduce((high, norm) => Math.max(high, norm), 0);
};

/** ε·P·(nβ)²·Var(g)/4 of each coordinate; P is the mean over finite chains. */
const noiseRatios = async (context: Context): Promise<Float64Array> => {
  const { posterior, counter, position, gradient, loss } = context;
  const { ensemble, nBeta } = posterior;
  const { dim, numChains } = ensemble;
  const { batchSize, stepSize, freeStep, preconditioner } = context.dynamics;
  ensemble.writeVectors(position, centerPositions(posterior));
  const [sum, squares, count] = [new Float64Array(dim), new Float64Array(dim), numBatches * numChains];
  for (let k = 0; k < numBatches; k++) {
    ensemble.minibatchLossAndGradient(position, { batchSize, step: freeStep + k }, { loss, gradient });
    counter.addGradients(1, batchSize);
    const batch = await ensemble.readVectors(gradient);
    for (let i = 0; i < batch.length; i++) {
      sum[i % dim] += batch[i];
      squares[i % dim] += batch[i] * batch[i];
    }
  }
  const isFinite = (chain: number): boolean => Number.isFinite(rowNorm(preconditioner, chain, dim));
  const chains = Array.from({ length: numChains }, (_, chain) => chain).filter(isFinite);
  return sum.map((total, i) => {
    const variance = Math.max(0, squares[i] - (total * total) / count) / (count - 1);
    const scale = chains.reduce((acc, chain) => acc + preconditioner[chain * dim + i], 0) / chains.length;
    return (stepSize * scale * nBeta * nBeta * variance) / 4;
  });
};

/** Measures both at w*; costs 24 full gradients and, with minibatches, 8 of them. */
export const measureDiscretisationBias = async (
  posterior: Posterior,
  dynamics: LangevinDynamics,
  counter: WorkCounter,
): Promise<DiscretisationBias> => {
  const { ensemble } = posterior;
  const [position, gradient, loss] = [ensemble.vectors(), ensemble.vectors(), ensemble.scalars()];
  const context = { posterior, dynamics, counter, position, gradient, loss };
  const curvature = await largestCurvature(context);
  const ratios = dynamics.batchSize === 0 ? new Float64Array(1) : await noiseRatios(context);
  return {
    stepSize: dynamics.stepSize,
    curvature,
    stepCurvature: dynamics.stepSize * curvature,
    noiseRatioMean: ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length,
    noiseRatioMax: ratios.reduce((high, ratio) => Math.max(high, ratio), 0),
  };
};

/** The same dynamics with another ε: everything but the curvature is proportional to it. */
export const withStepSize = (bias: DiscretisationBias, stepSize: number): DiscretisationBias => {
  const factor = stepSize / bias.stepSize;
  return {
    stepSize,
    curvature: bias.curvature,
    stepCurvature: bias.stepCurvature * factor,
    noiseRatioMean: bias.noiseRatioMean * factor,
    noiseRatioMax: bias.noiseRatioMax * factor,
  };
};

const percent = (share: number): string => `${(100 * share).toPrecision(2)} %`;

/** ε·A (or what plays its part, see `momentum-run.ts`) that is told: variances 1 % too large in the stiffest direction. */
export const notableStepCurvature = 0.041;
/** Relative excess of variances by minibatches that is told. */
export const notableNoiseRatio = 0.01;

/** Sentences for the reader of a result; none up to 1 % in the stiffest direction and 1 % by minibatches. */
export const biasWarnings = (bias: DiscretisationBias): string[] => {
  const { stepSize, stepCurvature, curvature, noiseRatioMean } = bias;
  const warnings: string[] = [];
  const product = `step_size times the largest curvature is ${stepCurvature.toPrecision(3)}`;
  const remedy = `a step_size of ${(0.02 / curvature).toPrecision(2)} brings it to 0.5 %`;
  if (Number.isNaN(curvature)) {
    warnings.push("no chain was finite at the end of warmup: lower step_size.");
  } else if (stepCurvature >= 4) {
    warnings.push(`${product}; from 4 on there is no stationary law and chains run away: ${remedy}.`);
  } else if (stepCurvature >= 2) {
    const factor = (1 / (1 - stepCurvature / 4)).toPrecision(2);
    warnings.push(
      `${product}, close to instability at 4: variances are up to ${factor} times too large; ${remedy}.`,
    );
  } else if (stepCurvature > notableStepCurvature) {
    const excess = percent(1 / (1 - stepCurvature / 4) - 1);
    warnings.push(
      `${product}: variances are up to ${excess} too large in the stiffest direction at w*, and more where curvature grows away from it; ${remedy}.`,
    );
  }
  if (noiseRatioMean > notableNoiseRatio) {
    warnings.push(
      `minibatch noise makes variances about ${percent(noiseRatioMean)} too large (at step_size ${stepSize.toPrecision(2)}); raise batch_size or lower step_size.`,
    );
  }
  return warnings;
};
