/**
 * How far an unadjusted Langevin run is from its posterior: step size against curvature, and minibatch noise.
 *
 * In a direction of curvature A the discretised stationary variance is 1/(A(1 − εA/4)): 1 % too large at εA = 0.04,
 * without bound at εA = 4. Minibatches multiply it by 1 + ε(nβ)²Var(g)/4. The largest eigenvalue of √P(nβH + γ)√P is that
 * of `curvature-watch.ts`, Var(g) comes from independent minibatches where the chains are.
 * Source: closed form for a Gaussian; P is the preconditioner (1 for none).
 */
import type { Vectors } from "../../compute/backend.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior } from "../sampler.ts";

/** Minibatches of chains at one moment. */
export interface Minibatches {
  readonly position: Vectors;
  /** P, shape (numChains, dim); absent: 1. */
  readonly preconditioner?: Float64Array;
  /** Rows of a minibatch; 0: all data. */
  readonly batchSize: number;
  /** First random step that the run itself does not use. */
  readonly freeStep: number;
}

/** P·(nβ)²·Var(g)/4, the noise ratio at ε = 1: mean and largest over coordinates, each the mean over finite chains. */
export interface MinibatchNoise {
  readonly mean: number;
  readonly max: number;
}

/** What a run knows of its bias. */
export interface DiscretisationBias {
  readonly stepSize: number;
  /** `CurvatureWatch.stepCurvature` of it; NaN where no chain was finite. */
  readonly stepCurvature: number;
  /** ε·P·(nβ)²·Var(g)/4, mean over coordinates. 0 without minibatches. */
  readonly noiseRatio: number;
}

/** ε·A, on average over chains, when a step size is chosen: variances at most 0.5 % too large. */
export const chosenStepCurvature = 0.02;

const numBatches = 8;

/** Costs 8 minibatches of every chain; 0 without minibatches. */
export const measureMinibatchNoise = async (
  posterior: Posterior,
  minibatches: Minibatches,
  counter: WorkCounter,
): Promise<MinibatchNoise> => {
  const { position, preconditioner, batchSize, freeStep } = minibatches;
  if (batchSize === 0) return { mean: 0, max: 0 };
  const { ensemble, nBeta } = posterior;
  const size = ensemble.numChains * ensemble.dim;
  const batch = { loss: ensemble.scalars(), gradient: ensemble.vectors() };
  const [means, squares] = [new Float64Array(size), new Float64Array(size)];
  for (let k = 0; k < numBatches; k++) {
    ensemble.minibatchLossAndGradient(position, { batchSize, step: freeStep + k }, batch);
    counter.addGradients(1, batchSize);
    const gradient = await ensemble.readVectors(batch.gradient);
    gradient.forEach((g, i) => {
      const change = g - means[i];
      means[i] += change / (k + 1);
      squares[i] += change * (g - means[i]);
    });
  }
  const scale = (nBeta * nBeta) / (4 * (numBatches - 1));
  const ratios = squares.map((sum, i) => scale * sum * (preconditioner?.[i] ?? 1));
  return overCoordinates(ratios, ensemble.dim);
};

const overCoordinates = (ratios: Float64Array, dim: number): MinibatchNoise => {
  const rows = Array.from({ length: ratios.length / dim }, (_, chain) =>
    ratios.subarray(chain * dim, (chain + 1) * dim),
  ).filter((row) => row.every(Number.isFinite));
  if (rows.length === 0) return { mean: Number.NaN, max: Number.NaN };
  const means = Float64Array.from({ length: dim }, (_, i) =>
    rows.reduce((sum, row) => sum + row[i] / rows.length, 0),
  );
  return {
    mean: means.reduce((sum, ratio) => sum + ratio, 0) / dim,
    max: means.reduce((high, ratio) => Math.max(high, ratio), 0),
  };
};

const percent = (share: number): string => `${(100 * share).toPrecision(2)} %`;

/** ε·A (or what plays its part, see `momentum-run.ts`) that is told: variances 1 % too large in the stiffest direction. */
export const notableStepCurvature = 0.041;
/** Relative excess of variances by minibatches that is told. */
export const notableNoiseRatio = 0.01;

/** Sentences for the reader of a result; none up to 1 % in the stiffest direction and 1 % by minibatches. */
export const biasWarnings = (bias: DiscretisationBias): string[] => {
  const { stepSize, stepCurvature, noiseRatio } = bias;
  const warnings: string[] = [];
  const product = `step_size times the largest curvature where chains are is ${stepCurvature.toPrecision(3)}`;
  const remedy = `a step_size of ${((stepSize * chosenStepCurvature) / stepCurvature).toPrecision(2)} brings it to 0.5 %`;
  if (Number.isNaN(stepCurvature)) {
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
      `${product}: variances are up to ${excess} too large in the stiffest direction there; ${remedy}.`,
    );
  }
  if (noiseRatio > notableNoiseRatio) {
    warnings.push(
      `minibatch noise makes variances about ${percent(noiseRatio)} too large (at step_size ${stepSize.toPrecision(2)}); raise batch_size or lower step_size.`,
    );
  }
  return warnings;
};
