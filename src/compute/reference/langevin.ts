/**
 * One step of (preconditioned) stochastic gradient Langevin dynamics; equations at `LangevinSettings` in `backend.ts`.
 *
 * Source: Welling & Teh (2011); Li et al. (2016) for the preconditioner; Hitchcock & Hoogland (2025), appendix D.3.
 */
import type { LangevinSettings } from "../backend.ts";

/** One chain's arrays (dim), changed in place. */
export interface LangevinChain {
  readonly position: Float64Array;
  readonly secondMoment: Float64Array;
  readonly firstMoment: Float64Array;
}

/** What one step adds: gradient of the minibatch mean loss and standard normals (dim each), and the chain's potential. */
export interface LangevinInputs {
  readonly gradient: Float64Array;
  readonly noise: Float64Array;
  readonly center: Float64Array;
  readonly nBeta: number;
  readonly gamma: number;
  /** Index of the step within the call, from 0. */
  readonly offset: number;
}

/** Does one step in place. NaN spreads to the coordinates that it meets. */
export const langevinStep = (
  chain: LangevinChain,
  inputs: LangevinInputs,
  settings: LangevinSettings,
): void => {
  const { position } = chain;
  const { gradient, noise, center, nBeta, gamma, offset } = inputs;
  const stepSize = settings.stepSizes[offset];
  const t = settings.stepsDone + offset + 1;
  const correction1 = settings.biasCorrection ? 1 - settings.beta1 ** t : 1;
  const correction2 = settings.biasCorrection ? 1 - settings.beta2 ** t : 1;

  for (let i = 0; i < position.length; i++) {
    const g = gradient[i];
    let drift = g;
    let p = 1;
    if (settings.preconditioner !== "none") {
      const v = secondMoment(chain, i, { g, settings });
      p = 1 / (Math.sqrt(v / correction2) + settings.floor);
    }
    if (settings.preconditioner === "adam") {
      chain.firstMoment[i] = settings.beta1 * chain.firstMoment[i] + (1 - settings.beta1) * g;
      drift = chain.firstMoment[i] / correction1;
    }
    const force = nBeta * drift + gamma * (position[i] - center[i]);
    position[i] += -0.5 * stepSize * p * force + Math.sqrt(stepSize * p) * noise[i];
  }
};

/** v ← b2·v + (1 − b2)·g², unless frozen; returns v. */
const secondMoment = (
  chain: LangevinChain,
  i: number,
  { g, settings }: { g: number; settings: LangevinSettings },
): number => {
  const { beta2, isFrozen } = settings;
  if (!isFrozen) chain.secondMoment[i] = beta2 * chain.secondMoment[i] + (1 - beta2) * g * g;
  return chain.secondMoment[i];
};
