/**
 * How far an unadjusted Langevin run is from its posterior: step size against curvature, and minibatch noise.
 *
 * In a direction of curvature A the discretised stationary variance is 1/(A(1 − εA/4)): 1 % too large at εA = 0.04,
 * without bound at εA = 4. Minibatches multiply it by 1 + ε(nβ)²Var(g)/4. Both are measured at w*: the largest
 * eigenvalue of √P(nβH + γ)√P by power iteration on differences of gradients, Var(g) from independent minibatches.
 * Source: closed form for a Gaussian; P is the preconditioner (1 for none).
 */
import { greatestFinite, LargestCurvature } from "../curvature/largest-curvature.ts";
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

const numBatches = 8;

interface Context {
  readonly posterior: Posterior;
  readonly dynamics: LangevinDynamics;
  readonly counter: WorkCounter;
}

/** ε·P·(nβ)²·Var(g)/4 of each coordinate; P is the mean over finite chains. */
const noiseRatios = async ({ posterior, dynamics, counter }: Context): Promise<Float64Array> => {
  const { ensemble, nBeta } = posterior;
  const { dim, numChains } = ensemble;
  const { batchSize, stepSize, freeStep, preconditioner } = dynamics;
  const [position, gradient, loss] = [ensemble.vectors(), ensemble.vectors(), ensemble.scalars()];
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
  const isFinite = (chain: number): boolean =>
    preconditioner.subarray(chain * dim, (chain + 1) * dim).every(Number.isFinite);
  const chains = Array.from({ length: numChains }, (_, chain) => chain).filter(isFinite);
  return sum.map((total, i) => {
    const variance = Math.max(0, squares[i] - (total * total) / count) / (count - 1);
    const scale = chains.reduce((acc, chain) => acc + preconditioner[chain * dim + i], 0) / chains.length;
    return (stepSize * scale * nBeta * nBeta * variance) / 4;
  });
};

/** Measures both at w*; costs 20 full gradients and, with minibatches, 8 of them. */
export const measureDiscretisationBias = async (
  posterior: Posterior,
  dynamics: LangevinDynamics,
  counter: WorkCounter,
): Promise<DiscretisationBias> => {
  const { preconditioner, batchSize, stepSize } = dynamics;
  const probe = { positions: centerPositions(posterior), preconditioner };
  const curvature = greatestFinite(await new LargestCurvature(posterior, counter).of(probe));
  const ratios = batchSize === 0 ? new Float64Array(1) : await noiseRatios({ posterior, dynamics, counter });
  return {
    stepSize,
    curvature,
    stepCurvature: stepSize * curvature,
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
