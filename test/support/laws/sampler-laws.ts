/**
 * The law that each registered sampler must satisfy. The suites, the benchmark and the evidence table run over the registry;
 * a sampler without a line here is named by a failing test.
 */
import { fillNormal } from "../../../src/random/normal.ts";
import type { SamplerName } from "../../../src/samplers/registry.ts";
import { isSamplerName, samplerNames } from "../../../src/samplers/registry.ts";
import { lawSeed } from "../law-seed.ts";
import { samplerCases, settingsOf } from "../sampler-settings.ts";
import type { Kernel, NamedLaw, SamplerLaw } from "./sampler-law.ts";
import { variantLaws } from "./variant-laws.ts";

/** Number of a stream of random numbers that no sampler has. */
const frictionOfStart = 5;

const laws: { readonly [Name in SamplerName]?: SamplerLaw } = {
  hmc: {
    kind: "exact",
    kernel: ({ scale, curvature }) => ({
      settings: {
        ...settingsOf("hmc"),
        draws: 10,
        warmup: 0,
        numIntegrationSteps: 4,
        stepSize: (curvature === null ? 1 : 1.4) * scale,
        thinning: 1,
      },
    }),
    tuned: ({ gradients, draws = Math.floor(gradients / 10) }) => ({
      ...settingsOf("hmc"),
      draws,
      warmup: 200,
      numIntegrationSteps: 8,
      thinning: Math.max(1, Math.floor(gradients / 10 / draws)),
    }),
    bias: () => 0,
    alone: { settings: { ...settingsOf("hmc"), warmup: 0 } },
    broken: ["accepts every proposal", "draws momenta 30 % too large", "leaves kinetic energy out of ΔH"],
  },
  mclmc: {
    kind: "unadjusted",
    kernel: ({ scale, dim }) => {
      const stepSize = 0.5 * scale * Math.sqrt(dim);
      return {
        settings: {
          ...settingsOf("mclmc"),
          draws: 8,
          warmup: 0,
          stepsPerDraw: 5,
          L: 4 * stepSize,
          stepSize,
          diagonalPreconditioning: false,
        },
      };
    },
    tuned: ({ gradients, draws = Math.floor(gradients / 10) }) => ({
      ...settingsOf("mclmc"),
      draws,
      warmup: 200,
      stepsPerDraw: Math.max(1, Math.floor((0.6 * gradients) / 2 / draws)),
      numSteps: Math.floor(gradients / 5),
      desiredEnergyVar: 5e-6,
    }),
    bias: ({ gaussian_bias: bias = 0 }) => 2 * Math.abs(bias),
    alone: {
      settings: { ...settingsOf("mclmc"), L: 1.5, stepSize: 0.02, diagonalPreconditioning: false, warmup: 0 },
    },
    broken: ["turns by 0.7 of the force", "turns uphill"],
  },
  sgld: {
    kind: "discretised",
    kernel: ({ scale, curvature }) => {
      const stepSize = (curvature === null ? 0.1 : 1) * scale ** 2;
      const settings = {
        ...settingsOf("sgld"),
        steps: 40,
        warmup: 0,
        batchSize: null,
        stepSize,
        evalEvery: 4,
      };
      if (curvature === null) return { settings };
      return { settings, stationaryVariance: (a) => 1 / (a * (1 - (stepSize * a) / 4)) };
    },
    tuned: ({ gradients, scale, draws = Math.floor(gradients / 10) }) => ({
      ...settingsOf("sgld"),
      steps: Math.floor(1.25 * gradients),
      warmup: Math.floor(gradients / 4),
      batchSize: null,
      stepSize: 0.08 * scale ** 2,
      evalEvery: Math.max(1, Math.floor(gradients / draws)),
    }),
    // 1/(1 − ε·A/4) − 1 in the stiffest direction, and as much again for curvature that grows away from w*.
    bias: () => 0.04,
    alone: { settings: { ...settingsOf("sgld") } },
    broken: ["injects noise 20 % too large", "drifts by ε instead of ε/2", "drifts uphill"],
  },
  nuts: {
    kind: "exact",
    kernel: ({ scale }) => ({
      settings: { ...settingsOf("nuts"), draws: 6, warmup: 0, stepSize: scale, thinning: 1, maxDepth: 6 },
    }),
    tuned: ({ gradients, draws = Math.floor(gradients / 15) }) => ({
      ...settingsOf("nuts"),
      draws,
      warmup: 200,
      maxDepth: 8,
      thinning: Math.max(1, Math.floor(gradients / 15 / draws)),
    }),
    bias: () => 0,
    alone: { settings: { ...settingsOf("nuts"), warmup: 0 } },
    broken: [
      "draws momenta 30 % too large",
      "leaves U of its start out of H",
      "grows trees along 0.7 of the force",
    ],
  },
  mala: {
    kind: "exact",
    kernel: ({ scale }) => ({
      settings: { ...settingsOf("mala"), draws: 30, warmup: 0, stepSize: scale ** 2, thinning: 1 },
    }),
    tuned: ({ gradients, draws = Math.floor(gradients / 10) }) => ({
      ...settingsOf("mala"),
      // At 0.574 chains stick where a singular posterior is narrow.
      targetAcceptance: 0.9,
      draws,
      warmup: 400,
      thinning: Math.max(1, Math.floor(gradients / draws)),
    }),
    bias: () => 0,
    alone: { settings: { ...settingsOf("mala"), warmup: 0 } },
    broken: ["accepts every proposal", "accepts by 0.7·ΔU"],
  },
  rwmh: {
    kind: "exact",
    kernel: ({ scale }) => ({
      settings: { ...settingsOf("rwmh"), draws: 60, warmup: 0, stepSize: 1.2 * scale, thinning: 1 },
    }),
    tuned: ({ gradients, draws = Math.floor(gradients / 10) }) => ({
      ...settingsOf("rwmh"),
      covariance: "dense",
      draws,
      warmup: 1000,
      thinning: Math.max(1, Math.floor(gradients / draws)),
    }),
    bias: () => 0,
    alone: { settings: { ...settingsOf("rwmh"), warmup: 0, stepSize: 0.01 } },
    broken: ["accepts every proposal", "accepts by 0.7·ΔU"],
  },
  pt: {
    kind: "exact",
    kernel: ({ scale, curvature }) => {
      const betas = [1, 0.5, 0.2];
      return {
        betas,
        settings: {
          ...settingsOf("pt"),
          draws: 10,
          warmup: 0,
          rungs: null,
          ladder: "custom",
          maxTemperature: null,
          betas,
          reference: false,
          numIntegrationSteps: 4,
          stepSize: (curvature === null ? 1 : 1.4) * scale,
        },
      };
    },
    tuned: ({ gradients, draws = Math.floor(gradients / 10) }) => ({
      ...settingsOf("pt"),
      draws,
      warmup: 200,
      rungs: 3,
      maxTemperature: 4,
      reference: false,
      numIntegrationSteps: 8,
      // A scan computes every gradient once more where walkers changed places.
      thinning: Math.max(1, Math.floor(gradients / 10 / draws)),
    }),
    bias: () => 0,
    alone: { settings: { ...settingsOf("pt"), warmup: 0 } },
    broken: ["draws momenta 30 % too large", "accepts every swap", "turns the sign of the swaps' exponent"],
  },
  laplace: {
    kind: "variational",
    kernel: null,
    tuned: ({ draws = 1000 }) => ({ ...settingsOf("laplace"), draws }),
    bias: () => 0,
    alone: { settings: settingsOf("laplace") },
    broken: ["descends gradients of the wrong sign"],
  },
  lmh: {
    kind: "exact",
    kernel: ({ scale }) => ({
      settings: { ...settingsOf("lmh"), draws: 40, warmup: 0, stepSize: 1.2 * scale, thinning: 1 },
    }),
    tuned: ({ gradients, draws = Math.floor(gradients / 10) }) => ({
      ...settingsOf("lmh"),
      lProb: 0.8,
      targetAcceptance: 0.8,
      draws,
      warmup: 600,
      thinning: Math.max(1, Math.floor(gradients / draws)),
    }),
    bias: () => 0,
    alone: { settings: { ...settingsOf("lmh"), warmup: 0 } },
    broken: [
      "accepts every proposal",
      "forgets the correction for its drift",
      "corrects for a third of its drift",
      "corrects with the wrong sign",
    ],
  },
  amclmc: {
    kind: "exact",
    kernel: ({ scale, dim, curvature }) => {
      const stepSize = (curvature === null ? 0.9 : 1.5) * scale * Math.sqrt(dim);
      return {
        settings: {
          ...settingsOf("amclmc"),
          draws: 10,
          warmup: 0,
          L: 4 * stepSize,
          stepSize,
          diagonalPreconditioning: false,
          integrator: "isokinetic_velocity_verlet",
        },
      };
    },
    tuned: ({ gradients, draws = Math.floor(gradients / 10) }) => ({
      ...settingsOf("amclmc"),
      draws,
      warmup: 300,
      fracTune3: 0.1,
      thinning: Math.max(1, Math.floor(gradients / 8 / draws)),
    }),
    bias: () => 0,
    alone: { settings: { ...settingsOf("amclmc"), warmup: 0, stepSize: 0.05, L: 0.2 } },
    broken: ["accepts every proposal", "accepts by −W", "turns by 0.7 of the force"],
  },
  chees: {
    kind: "exact",
    kernel: ({ scale, curvature }) => {
      const stepSize = (curvature === null ? 1 : 1.4) * scale;
      return {
        settings: {
          ...settingsOf("chees"),
          draws: 10,
          warmup: 0,
          stepSize,
          trajectoryTime: 6 * stepSize,
          thinning: 1,
        },
      };
    },
    tuned: ({ gradients, draws = Math.floor(gradients / 10) }) => ({
      ...settingsOf("chees"),
      draws,
      warmup: 300,
      thinning: Math.max(1, Math.floor(gradients / 6 / draws)),
    }),
    leastChains: 4,
    bias: () => 0,
    alone: { settings: { ...settingsOf("chees"), warmup: 0, stepSize: 0.02, trajectoryTime: 0.1 } },
    broken: ["accepts every proposal", "draws momenta 30 % too large", "leaves kinetic energy out of ΔH"],
  },
  sghmc: {
    kind: "discretised",
    kernel: ({ scale, curvature }) => {
      const stepSize = (curvature === null ? 0.3 : 0.8) * scale;
      const friction = 0.3;
      const settings = {
        ...settingsOf("sghmc"),
        steps: 120,
        warmup: 80,
        batchSize: null,
        stepSize,
        friction,
        evalEvery: 4,
        noiseEstimate: 0,
      };
      if (curvature === null) return { settings };
      const stationaryVariance = (a: number): number =>
        1 / (a * (1 - (stepSize ** 2 * a) / (2 * (2 - friction))));
      return { settings, stationaryVariance };
    },
    tuned: ({ gradients, scale, draws = Math.floor(gradients / 10) }) => ({
      ...settingsOf("sghmc"),
      steps: Math.floor(1.25 * gradients),
      warmup: Math.floor(gradients / 4),
      batchSize: null,
      stepSize: 0.28 * scale,
      friction: 0.1,
      evalEvery: Math.max(1, Math.floor(gradients / draws)),
      noiseEstimate: 0,
    }),
    // As of SGLD, with c = 2ε²A/(2 − f) in place of ε·A.
    bias: () => 0.04,
    alone: { settings: settingsOf("sghmc") },
    broken: ["kicks with noise 30 % too large", "descends gradients of the wrong sign"],
  },
  sgnht: {
    kind: "unadjusted",
    // As for λ̂, widths may be off by the friction and by ε²A: together 4 %, a quarter of what 2,000 chains resolve.
    kernel: ({ scale, dim }) => {
      const [stepSize, friction] = [0.2 * scale, 0.05];
      return {
        settings: {
          ...settingsOf("sgnht"),
          steps: 160,
          warmup: 80,
          batchSize: null,
          stepSize,
          friction,
          evalEvery: 4,
        },
        // The law of (w, p, ξ) is π(w)·N(p; 0, I)·N(ξ; α, 1/d): of εξ here, as `friction` of the snapshot.
        complete: (snapshot) => {
          const frictions = new Float64Array((snapshot["friction"] as Float64Array).length);
          fillNormal({ seed: lawSeed, purpose: frictionOfStart }, frictions);
          return {
            ...snapshot,
            friction: frictions.map((z) => friction + (stepSize / Math.sqrt(dim)) * z),
          };
        },
      };
    },
    tuned: ({ gradients, scale, draws = Math.floor(gradients / 10) }) => ({
      ...settingsOf("sgnht"),
      steps: Math.floor(1.25 * gradients),
      warmup: Math.floor(gradients / 4),
      batchSize: null,
      stepSize: 0.2 * scale,
      friction: 0.05,
      evalEvery: Math.max(1, Math.floor(gradients / draws)),
    }),
    // As SGHMC, and too narrow by half the friction of the thermostat.
    bias: ({ thermostat_mean: friction = 0 }) => 0.03 + Math.abs(friction) / 2,
    alone: { settings: settingsOf("sgnht") },
    broken: ["descends gradients of the wrong sign", "measures its momenta 30 % too small"],
  },
  vi: {
    kind: "variational",
    kernel: null,
    tuned: ({ gradients, draws = 200 }) => ({
      ...settingsOf("vi"),
      M: 1,
      r: 1,
      rPerComponent: null,
      steps: Math.max(600, Math.floor(gradients / 4)),
      batchSize: null,
      evalSamples: draws,
      evalEvery: 50,
    }),
    bias: () => 0.02,
    alone: { reason: "the scale of the first fits is measured by all chains together" },
    broken: ["descends gradients of the wrong sign"],
  },
};

/** Every registered sampler that has a law, in the order of the registry. */
export const registeredLaws: readonly (readonly [SamplerName, SamplerLaw])[] = samplerNames.flatMap(
  (name) => {
    const law = laws[name];
    return law === undefined ? [] : [[name, law] as const];
  },
);

/** The same, each followed by its named variants. */
export const samplerLaws: readonly NamedLaw[] = registeredLaws.flatMap((entry): NamedLaw[] => [
  entry,
  ...Object.entries(variantLaws).filter(([, { variantOf }]) => variantOf === entry[0]),
]);

/** Those that are Markov kernels. */
export const kernelLaws = samplerLaws.filter(
  (entry): entry is readonly [string, SamplerLaw & { readonly kernel: Kernel }] => entry[1].kernel !== null,
);

/** Small settings to try a law's sampler with. */
export const casesOf = ([name, { cases = [] }]: NamedLaw): readonly unknown[] =>
  isSamplerName(name) ? samplerCases[name].variants : cases;
