/**
 * Laws of named variants: settings of a registered sampler that are algorithms of their own. They have rows of the evidence
 * table, and the suites hold them to λ̂, calibration, eight schools, networks and reproducibility as they do samplers.
 *
 * None has one fixed kernel: step or preconditioner follow the run.
 */
import { settingsOf } from "../sampler-settings.ts";
import type { SamplerLaw, Work } from "./sampler-law.ts";

const sgldTuned = ({ gradients, draws = Math.floor(gradients / 10) }: Work) => ({
  ...settingsOf("sgld"),
  steps: Math.floor(1.25 * gradients),
  warmup: Math.floor(gradients / 4),
  batchSize: null,
  evalEvery: Math.max(1, Math.floor(gradients / draws)),
});

/** Of g in the stiffest direction of a Gaussian: 1/√v̂ = nβ/√A; ε that makes ε·P·A there `stepCurvature`. */
const preconditionedStep = ({ scale, nBeta }: Work, stepCurvature: number): number =>
  (stepCurvature * scale) / nBeta;

const small = {
  adam: { ...settingsOf("sgld"), precond: "adam" },
  cyclical: { ...settingsOf("sgld"), schedule: "cyclical", cycles: 3, exploration: 0.4, evalEvery: 2 },
  rmsprop: { ...settingsOf("sgld"), precond: "rmsprop" },
};

const flow = {
  ...settingsOf("vi"),
  algo: "flow",
  batchSize: null,
  lr: 0.01,
  clipGlobalNorm: null,
  evalEvery: 50,
  dLatent: 8,
  sigmaPerp: 1e-3,
  flowDepth: 4,
  flowHidden: [16],
} as const;

export const variantLaws: Readonly<Record<string, SamplerLaw>> = {
  sgld_adam: {
    variantOf: "sgld",
    kind: "unadjusted",
    kernel: null,
    tuned: (work) => ({
      ...sgldTuned(work),
      precond: "adam",
      // The drift lags by β₁/(1 − β₁) steps, which multiplies its bias by (1 + β₁)/(1 − β₁): 19 at the usual 0.9, here 3.
      beta1: 0.5,
      beta2: 0.995,
      stepSize: preconditionedStep(work, 0.04),
    }),
    bias: () => 0.1,
    alone: { settings: small.adam },
    cases: [small.adam],
    broken: ["injects noise 20 % too large", "drifts by ε instead of ε/2", "drifts uphill"],
  },
  sgld_cyclical: {
    variantOf: "sgld",
    kind: "unadjusted",
    kernel: null,
    tuned: (work) => ({
      ...sgldTuned(work),
      schedule: "cyclical",
      // Chains rest at the end of a cycle: the shorter it is, the less one resting place counts.
      cycles: Math.max(4, Math.floor(work.gradients / 1500)),
      exploration: 0.2,
      stepSize: 0.2 * work.scale ** 2,
    }),
    // The mean of ε·A over recorded steps is 0.076, and 0.18 at first: 2 % and 5 % in the stiffest direction of a Gaussian.
    bias: () => 0.06,
    effort: 3,
    alone: { settings: small.cyclical },
    cases: [small.cyclical],
    broken: ["injects noise 20 % too large", "drifts by ε instead of ε/2", "drifts uphill"],
  },
  sgld_rmsprop: {
    variantOf: "sgld",
    kind: "unadjusted",
    kernel: null,
    tuned: (work) => ({
      ...sgldTuned(work),
      precond: "rmsprop",
      beta2: 0.995,
      stepSize: preconditionedStep(work, 0.04),
    }),
    // 1 % in the stiffest direction of a Gaussian; P is some four times larger where a singular posterior is wide.
    bias: () => 0.06,
    alone: { settings: small.rmsprop },
    cases: [small.rmsprop],
    broken: ["injects noise 20 % too large", "drifts by ε instead of ε/2", "drifts uphill"],
  },
  vi_flow: {
    variantOf: "vi",
    kind: "variational",
    kernel: null,
    tuned: ({ gradients, draws = 200 }) => ({
      ...flow,
      steps: Math.min(1500, Math.max(600, Math.floor(gradients / 4))),
      evalSamples: draws,
    }),
    bias: () => 0.02,
    alone: { reason: "the scale of the first fits is measured by all chains together" },
    cases: [{ ...settingsOf("vi"), algo: "flow" }],
    broken: ["descends gradients of the wrong sign"],
  },
};
