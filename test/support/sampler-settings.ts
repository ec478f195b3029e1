/** Small settings of every registered sampler for the contract suite, and settings that each must refuse. */
import type { SamplerName, SettingsOf } from "../../src/samplers/registry.ts";

/** What the contract suite tries with one sampler; the first variant is `settingsOf(name)`. */
export interface SamplerCases<Name extends SamplerName> {
  readonly variants: readonly [SettingsOf<Name>, ...SettingsOf<Name>[]];
  /** Single changes that make the first variant illegal. */
  readonly refused: readonly Partial<Record<keyof SettingsOf<Name>, unknown>>[];
}

/** One entry a sampler: a registered name without one fails to compile. */
export const samplerCases: { readonly [Name in SamplerName]: SamplerCases<Name> } = {
  amclmc: (() => {
    const base = {
      draws: 4,
      warmup: 60,
      thinning: 1,
      L: null,
      stepSize: 0.01,
      adaptStepSize: true,
      diagonalPreconditioning: true,
      integrator: "isokinetic_mclachlan",
      targetAcceptance: 0.9,
      lengthFactor: 1.3,
      fracTune3: 0.2,
      preconditionerFloor: 1e-3,
    } as const;
    return {
      variants: [
        base,
        { ...base, warmup: 24, diagonalPreconditioning: false, integrator: "isokinetic_velocity_verlet" },
        { ...base, warmup: 0, L: 0.3, stepSize: 0.05, thinning: 2 },
        { ...base, warmup: 24, L: 2, fracTune3: 0 },
        { ...base, warmup: 10, adaptStepSize: false, stepSize: 0.05 },
      ],
      refused: [
        { draws: 0 },
        { warmup: -1 },
        { thinning: 0 },
        { L: 0 },
        { stepSize: 0 },
        { integrator: "leapfrog" },
        { targetAcceptance: 1 },
        { lengthFactor: 0 },
        { fracTune3: 0.5 },
        { fracTune3: -0.1 },
        { preconditionerFloor: -1 },
      ],
    };
  })(),
  chees: (() => {
    const base = {
      draws: 5,
      warmup: 24,
      thinning: 1,
      stepSize: 0.01,
      adaptStepSize: true,
      adaptMassMatrix: true,
      trajectoryTime: null,
      maxSteps: 50,
      targetAcceptance: 0.651,
      massMatrixFloor: 1e-3,
    };
    return {
      variants: [
        base,
        { ...base, adaptMassMatrix: false, trajectoryTime: 0.2 },
        { ...base, massMatrix: "dense" },
        { ...base, warmup: 0, stepSize: 0.05, trajectoryTime: 0.3, thinning: 2 },
        { ...base, adaptStepSize: false, stepSize: 0.02, maxSteps: 3 },
      ],
      refused: [
        { draws: 0 },
        { warmup: -1 },
        { thinning: 0 },
        { stepSize: 0 },
        { trajectoryTime: 0 },
        { maxSteps: 0 },
        { targetAcceptance: 0 },
        { massMatrixFloor: -1 },
        { massMatrix: "full" },
        { massMatrix: "dense", adaptMassMatrix: false },
      ],
    };
  })(),
  hmc: (() => {
    const base = {
      draws: 5,
      warmup: 24,
      numIntegrationSteps: 3.5,
      trajectoryJitter: true,
      stepSize: 0.01,
      adaptStepSize: true,
      adaptMassMatrix: true,
      targetAcceptance: 0.85,
      thinning: 1,
      massMatrixFloor: 1e-3,
    };
    return {
      variants: [
        base,
        { ...base, warmup: 5, thinning: 3 },
        { ...base, warmup: 0, trajectoryJitter: false, numIntegrationSteps: 4 },
        { ...base, adaptStepSize: false, stepSize: 0.05 },
        { ...base, adaptMassMatrix: false },
        { ...base, massMatrix: "dense" },
      ],
      refused: [
        { draws: 0 },
        { warmup: -1 },
        { warmup: 2.5 },
        { thinning: 0 },
        { stepSize: 0 },
        { stepSize: Number.NaN },
        { numIntegrationSteps: 0.5 },
        { trajectoryJitter: false },
        { targetAcceptance: 1 },
        { massMatrixFloor: -1 },
        { massMatrix: "full" },
        { massMatrix: "dense", adaptMassMatrix: false },
      ],
    };
  })(),
  mclmc: (() => {
    const base = {
      draws: 5,
      warmup: 7,
      stepsPerDraw: 3,
      L: null,
      stepSize: null,
      integrator: "isokinetic_mclachlan",
      diagonalPreconditioning: true,
      numSteps: 120,
      fracTune1: 0.1,
      fracTune2: 0.1,
      fracTune3: 0.1,
      desiredEnergyVar: 5e-4,
      trustInEstimate: 1.5,
      numEffectiveSamples: 150,
    } as const;
    return {
      variants: [
        base,
        { ...base, integrator: "isokinetic_velocity_verlet", diagonalPreconditioning: false },
        { ...base, L: 1.5, stepSize: 0.02, diagonalPreconditioning: false, warmup: 0 },
        { ...base, stepSize: 0.1, fracTune3: 0 },
      ],
      refused: [
        { draws: 0 },
        { warmup: -1 },
        { stepsPerDraw: 0 },
        { L: 0 },
        { stepSize: Number.NaN },
        { integrator: "leapfrog" },
        { numSteps: 0 },
        { fracTune1: 0 },
        { fracTune2: 0 },
        { fracTune1: 0.9 },
        { fracTune3: -0.1 },
        { desiredEnergyVar: 0 },
        { trustInEstimate: 0 },
        { numEffectiveSamples: 1 },
      ],
    };
  })(),
  nuts: (() => {
    const base = {
      draws: 4,
      warmup: 24,
      stepSize: 0.01,
      adaptStepSize: true,
      adaptMassMatrix: true,
      targetAcceptance: 0.85,
      maxDepth: 5,
      thinning: 1,
      massMatrixFloor: 1e-3,
    };
    return {
      variants: [
        base,
        { ...base, warmup: 5, thinning: 2, maxDepth: 3 },
        { ...base, warmup: 0, stepSize: 0.05 },
        { ...base, adaptStepSize: false, stepSize: 0.05 },
        { ...base, massMatrix: "dense" },
      ],
      refused: [
        { draws: 0 },
        { warmup: -1 },
        { thinning: 0.5 },
        { stepSize: 0 },
        { targetAcceptance: 0 },
        { maxDepth: 0 },
        { maxDepth: 21 },
        { massMatrixFloor: Number.NaN },
        { massMatrix: "full" },
        { massMatrix: "dense", adaptMassMatrix: false },
      ],
    };
  })(),
  laplace: (() => {
    const base = {
      draws: 5,
      hessian: "auto",
      maxDenseDim: 64,
      rank: 4,
      probes: 5,
      differenceStep: null,
    } as const;
    return {
      variants: [
        base,
        { ...base, hessian: "low_rank" },
        { ...base, hessian: "low_rank", rank: 100, differenceStep: 0.01 },
        { ...base, hessian: "diagonal", draws: 1 },
        { ...base, maxDenseDim: 28, probes: 1 },
      ],
      refused: [
        { draws: 0 },
        { hessian: "full" },
        { maxDenseDim: 0 },
        { rank: 0 },
        { probes: 0 },
        { differenceStep: 0 },
      ],
    };
  })(),
  lmh: (() => {
    const base = {
      draws: 5,
      warmup: 24,
      thinning: 2,
      lProb: 0.5,
      stepSize: 0.02,
      walkStepSize: null,
      adaptStepSize: true,
      targetAcceptance: 0.574,
      walkTargetAcceptance: null,
      learningRate: null,
      driftSteps: null,
      batchSize: null,
    };
    return {
      variants: [
        base,
        { ...base, driftSteps: 3, walkTargetAcceptance: 0.4 },
        { ...base, batchSize: 5, walkStepSize: 0.01 },
        { ...base, warmup: 0, learningRate: 0.01, batchSize: 8, driftSteps: 2, lProb: 0.8 },
        { ...base, adaptStepSize: false, lProb: 1, batchSize: 1000 },
        { ...base, lProb: 0 },
      ],
      refused: [
        { draws: 0 },
        { warmup: -1 },
        { thinning: 0 },
        { lProb: 1.5 },
        { lProb: Number.NaN },
        { stepSize: 0 },
        { walkStepSize: -1 },
        { targetAcceptance: 1 },
        { walkTargetAcceptance: 0 },
        { learningRate: 0 },
        { driftSteps: 0 },
        { batchSize: 0.5 },
      ],
    };
  })(),
  mala: (() => {
    const base = {
      draws: 5,
      warmup: 24,
      thinning: 2,
      stepSize: 1e-4,
      adaptStepSize: true,
      diagonalPreconditioning: true,
      targetAcceptance: 0.574,
      preconditionerFloor: 1e-3,
    };
    return {
      variants: [
        base,
        { ...base, warmup: 0, stepSize: 1e-3, thinning: 1 },
        { ...base, adaptStepSize: false, diagonalPreconditioning: false },
      ],
      refused: [
        { draws: 0 },
        { warmup: -1 },
        { thinning: 0 },
        { stepSize: -1 },
        { targetAcceptance: 1 },
        { preconditionerFloor: -1 },
      ],
    };
  })(),
  pt: (() => {
    const base = {
      draws: 5,
      warmup: 24,
      thinning: 1,
      rungs: 3,
      ladder: "geometric",
      maxTemperature: 5,
      temperatures: null,
      betas: null,
      reference: true,
      adaptLadder: true,
      kernel: "hmc",
      kernels: null,
      localSteps: 1,
      numIntegrationSteps: 3,
      maxDepth: null,
      stepSize: 0.01,
      adaptStepSize: true,
      adaptMassMatrix: true,
      targetAcceptance: null,
      massMatrixFloor: 1e-3,
    } as const;
    const custom = { ...base, ladder: "custom", maxTemperature: null } as const;
    const mixed = { ...base, kernel: "custom", reference: false, warmup: 30 } as const;
    return {
      variants: [
        base,
        { ...base, kernel: "rwmh", numIntegrationSteps: null, localSteps: 2, thinning: 3, warmup: 60 },
        { ...base, rungs: 4, ladder: "linear", reference: false, adaptMassMatrix: false },
        { ...custom, rungs: null, betas: [1, 0.5], adaptLadder: false, adaptStepSize: false },
        { ...custom, rungs: 2, temperatures: [1, 2], reference: false, warmup: 0 },
        { ...base, kernel: "mala", numIntegrationSteps: null, localSteps: 2 },
        { ...base, kernel: "nuts", numIntegrationSteps: null, maxDepth: 4, warmup: 60 },
        { ...mixed, kernels: ["rwmh", "hmc", "nuts"], rungs: 4, reference: true, maxDepth: 3 },
        { ...mixed, kernels: ["mala", "rwmh", "rwmh"], numIntegrationSteps: null, localSteps: 2 },
      ],
      refused: [
        { draws: 0 },
        { warmup: -1 },
        { thinning: 0 },
        { rungs: 1 },
        { ladder: "cubic" },
        { ladder: "custom" },
        { maxTemperature: 1 },
        { betas: [1, 0.5] },
        { temperatures: [1, 2] },
        { kernel: "amclmc" },
        { kernel: "rwmh" },
        { kernel: "nuts" },
        { kernel: "custom" },
        { kernels: ["hmc", "hmc"] },
        { kernel: "custom", kernels: ["hmc"] },
        { kernel: "custom", kernels: ["hmc", "hmc", "hmc"] },
        { kernel: "custom", kernels: ["hmc", "lmh"] },
        { kernel: "custom", kernels: ["rwmh", "mala"] },
        { maxDepth: 5 },
        { kernel: "nuts", numIntegrationSteps: null, maxDepth: 21 },
        { localSteps: 0 },
        { numIntegrationSteps: 0.5 },
        { stepSize: 0 },
        { targetAcceptance: 1 },
        { massMatrixFloor: -1 },
      ],
    };
  })(),
  rwmh: (() => {
    const base = {
      draws: 5,
      warmup: 24,
      thinning: 4,
      stepSize: null,
      adaptStepSize: true,
      covariance: "diagonal",
      targetAcceptance: null,
      covarianceFloor: 1e-3,
    } as const;
    return {
      variants: [
        base,
        { ...base, covariance: "dense" },
        { ...base, covariance: "none", targetAcceptance: 0.4 },
        { ...base, warmup: 0, stepSize: 0.01 },
        { ...base, adaptStepSize: false, stepSize: 0.02 },
      ],
      refused: [
        { draws: 0 },
        { warmup: -1 },
        { thinning: 0 },
        { stepSize: 0 },
        { targetAcceptance: 1 },
        { covariance: "full" },
        { covarianceFloor: -1 },
      ],
    };
  })(),
  sgld: (() => {
    const base = {
      steps: 30,
      warmup: 8,
      batchSize: 4,
      stepSize: 1e-3,
      precond: "none",
      beta1: 0.9,
      beta2: 0.99,
      eps: 1e-4,
      biasCorrection: true,
      initialSecondMoment: 1,
      evalEvery: 4,
      freezePreconditioner: true,
      schedule: "constant",
    } as const;
    return {
      variants: [
        base,
        { ...base, batchSize: null, warmup: null },
        { ...base, stepSize: null },
        { ...base, evaluation: "batch" },
        { ...base, schedule: "polynomial", decayPower: 0.6, decayOffset: null, evalEvery: 3 },
        { ...base, schedule: "cyclical", cycles: 3, exploration: 0.4, evalEvery: 2 },
        { ...base, precond: "rmsprop", batchSize: 1000 },
        { ...base, precond: "adam" },
        { ...base, precond: "adam", freezePreconditioner: false, warmup: 0, biasCorrection: false },
      ],
      refused: [
        { steps: 0 },
        { steps: 11 },
        { warmup: 30 },
        { batchSize: 0 },
        { stepSize: -1e-6 },
        { precond: "adagrad" },
        { precond: "adam", stepSize: null },
        { beta1: 1 },
        { beta2: -0.1 },
        { eps: 0 },
        { evalEvery: 0 },
        { initialSecondMoment: -1 },
        { schedule: "cosine" },
        { evaluation: "half" },
        { evaluation: "batch", batchSize: null },
        { cycles: 4 },
        { decayPower: 0.5 },
        { schedule: "polynomial", decayPower: 0 },
        { schedule: "polynomial", exploration: 0.5 },
        { schedule: "cyclical", cycles: 0 },
        { schedule: "cyclical", exploration: 1 },
        { precond: "rmsprop", warmup: 0 },
      ],
    };
  })(),
  sghmc: (() => {
    const base = {
      steps: 30,
      warmup: 8,
      batchSize: 4,
      stepSize: 0.02,
      friction: 0.1,
      evalEvery: 4,
      noiseEstimate: 3,
    };
    return {
      variants: [
        base,
        { ...base, batchSize: null, warmup: null },
        { ...base, stepSize: null, noiseEstimate: 0, batchSize: 1000, warmup: 0 },
      ],
      refused: [
        { steps: 0 },
        { steps: 11 },
        { warmup: 30 },
        { batchSize: 0 },
        { stepSize: 0 },
        { stepSize: null },
        { friction: 0 },
        { friction: 1.5 },
        { evalEvery: 0 },
        { noiseEstimate: -1 },
        { noiseEstimate: 1e6 },
      ],
    };
  })(),
  sgnht: (() => {
    const base = { steps: 30, warmup: 8, batchSize: 4, stepSize: 0.02, friction: 0.05, evalEvery: 4 };
    return {
      variants: [base, { ...base, batchSize: null, warmup: null }, { ...base, stepSize: null, warmup: 0 }],
      refused: [
        { steps: 0 },
        { steps: 11 },
        { warmup: 30 },
        { batchSize: 0 },
        { stepSize: 0 },
        { friction: 0 },
        { friction: 1.5 },
        { evalEvery: 0 },
      ],
    };
  })(),
  vi: (() => {
    const base = {
      algo: "mfa",
      M: 3,
      r: 2,
      rPerComponent: null,
      steps: 30,
      samplesPerStep: 1,
      batchSize: 6,
      lr: 0.02,
      lrSchedule: "cosine",
      lrWarmupFrac: 0.1,
      clipGlobalNorm: 5,
      evalEvery: 4,
      evalSamples: 6,
      whiteningMode: "none",
      whiteningDecay: 0.99,
      alphaTemperature: 1,
      alphaDirichletPrior: null,
      entropyBonus: 0,
      tensorboard: false,
      dLatent: 3,
      sigmaPerp: 0.01,
      flowDepth: 3,
      flowHidden: [5],
      flowType: "realnvp",
    } as const;
    return {
      variants: [
        base,
        {
          ...base,
          rPerComponent: [2, 0, 1],
          batchSize: null,
          lrSchedule: "linear_decay",
          clipGlobalNorm: null,
        },
        {
          ...base,
          samplesPerStep: 2,
          alphaTemperature: 2,
          alphaDirichletPrior: 1.5,
          entropyBonus: 0.1,
          lrSchedule: null,
        },
        { ...base, whiteningMode: "rmsprop", M: 1, r: 0, batchSize: 1000, lrWarmupFrac: 0 },
        { ...base, whiteningMode: "adam", steps: 5, evalSamples: 1 },
        { ...base, algo: "flow" },
        { ...base, algo: "flow", dLatent: 40, flowDepth: 2, flowHidden: [4, 3], samplesPerStep: 2 },
        { ...base, algo: "flow", dLatent: 1, batchSize: null, whiteningMode: "rmsprop", steps: 5 },
      ],
      refused: [
        { algo: "nsf" },
        { dLatent: 0 },
        { sigmaPerp: 0 },
        { flowDepth: 0 },
        { flowHidden: [] },
        { flowHidden: [0] },
        { flowType: "maf" },
        { M: 0 },
        { r: -1 },
        { rPerComponent: [1, 1] },
        { rPerComponent: [1, 1, 3] },
        { rPerComponent: [1, 1, 0.5] },
        { steps: 0 },
        { samplesPerStep: 0 },
        { batchSize: 0 },
        { lr: 0 },
        { lrSchedule: "step" },
        { lrWarmupFrac: 1 },
        { clipGlobalNorm: 0 },
        { evalEvery: 0 },
        { evalSamples: 0 },
        { whiteningMode: "hessian" },
        { whiteningDecay: 1 },
        { alphaTemperature: 0 },
        { alphaDirichletPrior: 0 },
        { entropyBonus: -1 },
        { tensorboard: true },
      ],
    };
  })(),
};

/** Legal, small settings. */
export const settingsOf = <Name extends SamplerName>(name: Name): SettingsOf<Name> =>
  samplerCases[name].variants[0];
