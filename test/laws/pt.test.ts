/**
 * Parallel tempering against exact laws: every rung of a quadratic, its evidence, a singular model with known evidence,
 * and a posterior of two wells where HMC alone stays in one.
 *
 * Errors come from the spread of 40 independent replicas; |z| < 6 under Student's t with 39 degrees of freedom is a false
 * alarm of 5e-7 a check, fewer than 60 checks; seeds are fixed, bounds hold for any.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Ensemble, RandomAddress, Vectors } from "../../src/compute/backend.ts";
import type { LossModel } from "../../src/compute/model.ts";
import { purpose } from "../../src/random/purpose.ts";
import { type HmcSettings, hmc } from "../../src/samplers/hmc.ts";
import { type PtSettings, pt } from "../../src/samplers/pt.ts";
import type { DrawRecord, Posterior, SamplerRun } from "../../src/samplers/sampler.ts";
import { numRungsOf } from "../../src/samplers/tempering/ladder.ts";
import { ReplicaExchange, type SwapPhase } from "../../src/samplers/tempering/replica-exchange.ts";
import { aDensityPosterior, type Density } from "../support/density-ensemble.ts";
import { lawSeed } from "../support/law-seed.ts";
import { aPosterior, collectDraws, exactQuadraticLlc } from "../support/posteriors.ts";
import { zScore } from "../support/z-score.ts";

const bound = 6;
const numReplicas = 40;

const settings: PtSettings = {
  draws: 250,
  warmup: 60,
  thinning: 1,
  rungs: 6,
  ladder: "geometric",
  maxTemperature: 30,
  temperatures: null,
  betas: null,
  reference: true,
  adaptLadder: true,
  kernel: "hmc",
  kernels: null,
  localSteps: 1,
  numIntegrationSteps: 3,
  maxDepth: null,
  stepSize: 0.05,
  adaptStepSize: true,
  adaptMassMatrix: true,
  targetAcceptance: null,
  massMatrixFloor: 1e-3,
};

interface PtResult {
  readonly run: SamplerRun;
  readonly draws: readonly DrawRecord[];
  /** Mean loss of each replica. */
  readonly losses: Float64Array;
}

const sample = async (posterior: Posterior, changes: Partial<PtSettings> = {}): Promise<PtResult> => {
  const run = await pt.start(posterior, { ...settings, ...changes });
  const draws = await collectDraws(run);
  const losses = new Float64Array(draws[0]?.loss.length ?? 0);
  for (const { loss } of draws) {
    loss.forEach((value, chain) => {
      losses[chain] = (losses[chain] ?? Number.NaN) + value / draws.length;
    });
  }
  return { run, draws, losses };
};

const listOf = (run: SamplerRun, name: string): readonly number[] => run.report?.[name] as readonly number[];
const rowsFor = (changes: Partial<PtSettings> = {}): number =>
  numReplicas * numRungsOf({ ...settings, ...changes });

const curvature = [1, 4, 25];
const model: LossModel = { kind: "quadratic", curvature };
const [nBeta, gamma] = [10, 1];
const quadratic = (changes: Partial<PtSettings> = {}): Posterior =>
  aPosterior({ seed: lawSeed, model, nBeta, gamma, numChains: rowsFor(changes) });

/** z of the mean loss at each rung, of the evidence, and of λ̂ from the draws. */
const scoresOnQuadratic = ({
  run,
  losses,
}: PtResult): { rungs: number[]; evidence: number; target: number } => {
  const errors = listOf(run, "loss_se");
  const means = listOf(run, "loss_mean");
  const rungs = listOf(run, "n_betas").map((value, rung) => {
    const exact = curvature.reduce((sum, h) => sum + h / (value * h + gamma) / 2, 0);
    return Math.abs((means[rung] ?? Number.NaN) - exact) / (errors[rung] ?? Number.NaN);
  });
  const exactEvidence = curvature.reduce((sum, h) => sum - Math.log1p((nBeta * h) / gamma) / 2, 0);
  const { log_evidence: evidence = Number.NaN, log_evidence_se: error = Number.NaN } = run.tuned;
  const target = zScore(
    losses.map((loss) => nBeta * loss),
    exactQuadraticLlc(curvature, nBeta, gamma),
  );
  return { rungs, evidence: Math.abs(evidence - exactEvidence) / error, target };
};

describe("pt on a quadratic", () => {
  it.each<[string, Partial<PtSettings>]>([
    ["HMC on an adapted ladder", {}],
    ["MALA", { numIntegrationSteps: 1, localSteps: 2 }],
    ["random walks", { kernel: "rwmh", numIntegrationSteps: null, localSteps: 6 }],
    ["mala", { kernel: "mala", numIntegrationSteps: null, localSteps: 2 }],
    ["trees", { kernel: "nuts", numIntegrationSteps: null, maxDepth: 5 }],
    [
      "another kernel on most rungs",
      { kernel: "custom", kernels: ["nuts", "hmc", "rwmh", "mala", "hmc"], localSteps: 2, maxDepth: 4 },
    ],
    [
      "a fixed ladder in beta, fixed steps",
      { ladder: "linear_beta", adaptLadder: false, warmup: 0, stepSize: 0.1 },
    ],
  ])("gives the exact mean loss at every rung, λ̂ and the exact evidence with %s", async (_, changes) => {
    const result = await sample(quadratic(changes), changes);
    const { rungs, evidence, target } = scoresOnQuadratic(result);
    expect(Math.max(...rungs)).toBeLessThan(bound);
    expect(evidence).toBeLessThan(bound);
    expect(target).toBeLessThan(bound);
  });

  it("adapts to a ladder whose pairs swap about equally often, and travels it", async () => {
    const { run } = await sample(quadratic());
    const rates = listOf(run, "swap_rates");
    expect(Math.max(...rates) - Math.min(...rates)).toBeLessThan(0.15);
    const { round_trip_rate: rate = 0, round_trip_rate_ideal: ideal = 0 } = run.tuned;
    expect(rate).toBeGreaterThan(0.4 * ideal);
    expect(rate).toBeLessThan(1.1 * ideal);
    // The cumulative barrier ends where the sum of rejections does.
    expect(listOf(run, "barrier").at(-1)).toBeCloseTo(run.tuned["barrier"] ?? Number.NaN, 12);
  });

  it("integrates thermodynamically to the same evidence, up to the width of its rungs", async () => {
    const { run } = await sample(quadratic({ rungs: 12 }), { rungs: 12 });
    const { log_evidence: stones = 0, log_evidence_thermodynamic: integral = 9 } = run.tuned;
    expect(Math.abs(stones - integral)).toBeLessThan(0.1);
  });
});

const withChanges = (inner: Ensemble, changes: Partial<Ensemble>): Ensemble =>
  new Proxy(inner, {
    get: (target, name) => {
      const member: unknown = Reflect.get(name in changes ? changes : target, name);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });

/** Ways to get the ladder wrong, as changes of the machine under it. */
const breakages: Record<string, (inner: Ensemble) => Partial<Ensemble>> = {
  "draws nothing new at the reference": (inner) => {
    let isReference = false;
    return {
      normal: (address: RandomAddress, out: Vectors) => {
        isReference = address.purpose === purpose.referenceDraw;
        inner.normal(address, out);
      },
      select: (mask: Uint8Array, source: Vectors, target: Vectors) => {
        if (!isReference) inner.select(mask, source, target);
        isReference = false;
      },
    };
  },
  "draws the reference 20 % too wide": (inner) => ({
    normal: (address: RandomAddress, out: Vectors) => {
      inner.normal(address, out);
      if (address.purpose !== purpose.referenceDraw) return;
      const copy = inner.vectors();
      inner.copy(out, copy);
      inner.axpy(new Float64Array(inner.numChains).fill(0.2), copy, out);
    },
  }),
  "forgets the new temperatures of swapped walkers": (inner) => {
    let isSet = false;
    return {
      setPotential: (potential) => {
        if (!isSet) inner.setPotential(potential);
        isSet = true;
      },
    };
  },
  "tempers the pull to w* as well": (inner) => ({
    setPotential: (potential) =>
      inner.setPotential({ ...potential, gamma: potential.nBeta.map((value) => (gamma * value) / nBeta) }),
  }),
};

/** Ways to get the rule of swaps wrong, as changes of what it is told; local moves and recorded losses stay right. */
const swapBreakages: Record<string, (phase: SwapPhase) => Partial<SwapPhase>> = {
  "accepts every swap": () => ({ uniformOf: () => 0 }),
  "turns the sign of the swaps' exponent": ({ energies }) => ({
    energies: energies.map((energy) => -energy),
  }),
  "swaps by half of the exponent": ({ energies }) => ({ energies: energies.map((energy) => energy / 2) }),
};

const breakSwaps = (change: (phase: SwapPhase) => Partial<SwapPhase>): void => {
  // oxlint-disable-next-line typescript/unbound-method -- called with the receiver of the call that it stands for
  const { swap } = ReplicaExchange.prototype;
  vi.spyOn(ReplicaExchange.prototype, "swap").mockImplementation(function (
    this: ReplicaExchange,
    phase: SwapPhase,
  ) {
    return swap.call(this, { ...phase, ...change(phase) });
  });
};

describe("the law of pt", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each(Object.keys(swapBreakages))("is seen to fail when it %s", async (name) => {
    breakSwaps(swapBreakages[name] ?? (() => ({})));
    const { rungs, evidence, target } = scoresOnQuadratic(await sample(quadratic()));
    expect(Math.max(...rungs)).toBeGreaterThan(bound);
    expect(evidence).toBeGreaterThan(bound);
    expect(target).toBeGreaterThan(bound);
  });

  it.each(Object.keys(breakages))("is seen to fail when it %s", async (name) => {
    const inner = quadratic();
    const ensemble = withChanges(inner.ensemble, breakages[name]?.(inner.ensemble) ?? {});
    const { rungs, evidence } = scoresOnQuadratic(await sample({ ...inner, ensemble }));
    expect(Math.max(...rungs, evidence)).toBeGreaterThan(bound);
  });
});

/** Φ and its derivative, by the series of Φ (exact to 1e-14 for |x| < 6). */
const normalLaw = (x: number): { readonly cumulative: number; readonly density: number } => {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  let term = x;
  let sum = x;
  for (let k = 1; Math.abs(term) > 1e-18 * Math.abs(sum); k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return { cumulative: Math.min(1 - 1e-16, Math.max(1e-300, 0.5 + density * sum)), density };
};

/** −log of Binomial(y = 50; 100, p1·p2) with p = Φ(w): under N(0, I) both probabilities are uniform. */
const productBinomial: Density = {
  dim: 2,
  potential: (w, gradient) => {
    const [first, second] = [normalLaw(w[0] ?? Number.NaN), normalLaw(w[1] ?? Number.NaN)];
    const p = first.cumulative * second.cumulative;
    let logChoose = 0;
    for (let k = 1; k <= 50; k++) logChoose += Math.log((50 + k) / k);
    const slope = -(50 / p - 50 / (1 - p));
    if (gradient !== null) {
      gradient[0] = slope * first.density * second.cumulative;
      gradient[1] = slope * second.density * first.cumulative;
    }
    return -(logChoose + 50 * Math.log(p) + 50 * Math.log1p(-p));
  },
};

describe("pt on the unidentifiable product binomial", () => {
  it.each<[string, Partial<PtSettings>]>([
    ["hmc", {}],
    ["mala", { kernel: "mala", numIntegrationSteps: null }],
    ["nuts", { kernel: "nuts", numIntegrationSteps: null, draws: 150 }],
    ["rwmh", { kernel: "rwmh", numIntegrationSteps: null, localSteps: 3 }],
    [
      "hmc, then walks where it is hot",
      { kernel: "custom", kernels: ["hmc", "hmc", "rwmh", "rwmh", "rwmh"] },
    ],
  ])("gives the exact evidence and the exact mean loss: %s", async (_, changes) => {
    const posterior = aDensityPosterior(productBinomial, {
      numChains: rowsFor(),
      seed: lawSeed,
      startScale: 0.1,
    });
    const { run, losses } = await sample({ ...posterior, gamma: 1 }, { draws: 400, ...changes });
    const { log_evidence: evidence = Number.NaN, log_evidence_se: error = Number.NaN } = run.tuned;
    expect(error).toBeLessThan(0.05);
    expect(Math.abs(evidence - -4.9745518713211965) / error).toBeLessThan(bound);
    expect(zScore(losses, 3.030427218586595)).toBeLessThan(bound);
  });
});

/** Wells at w1 = 0 and 3, 10 nats apart by their barrier, the second 2.1 nats lower; w2 is Gaussian. */
const twoWells: Density = {
  dim: 2,
  potential: (w, gradient) => {
    const [x = Number.NaN, y = Number.NaN] = w;
    const well = (x * (x - 3)) / 2.25;
    if (gradient !== null) {
      gradient[0] = (20 * well * (2 * x - 3)) / 2.25 - 0.7;
      gradient[1] = y;
    }
    return 10 * well * well - 0.7 * x + (y * y) / 2;
  },
};

/** E[L] under e^{−L − γ|w|²/2} by the trapezoid in w1; w2 adds ½·1/(1 + γ). */
const meanLossOfTwoWells = (pull: number): number => {
  let [mass, sum] = [0, 0];
  for (let x = -3; x <= 6; x += 1e-3) {
    const loss = twoWells.potential(Float64Array.of(x, 0), null);
    const weight = Math.exp(-loss - (pull * x * x) / 2);
    mass += weight;
    sum += weight * loss;
  }
  return sum / mass + 0.5 / (1 + pull);
};

describe("a posterior of two wells, started in one", () => {
  const pull = 0.2;
  const posterior = (numChains: number): Posterior => ({
    ...aDensityPosterior(twoWells, { numChains, seed: lawSeed, startScale: 0.1 }),
    gamma: pull,
  });

  it.each<[string, Partial<PtSettings>]>([
    ["hmc", {}],
    [
      "a mixed ladder",
      { kernel: "custom", kernels: ["nuts", "nuts", "mala", "rwmh", "rwmh"], numIntegrationSteps: null },
    ],
  ])("is sampled in proportion by pt with %s", async (_, changes) => {
    const { run, losses } = await sample(posterior(rowsFor()), { draws: 600, ...changes });
    expect(zScore(losses, meanLossOfTwoWells(pull))).toBeLessThan(bound);
    expect(run.tuned["round_trips"]).toBeGreaterThan(1000);
  });

  it("is left by HMC in the well where it began", async () => {
    const hmcSettings: HmcSettings = {
      draws: 100,
      warmup: 100,
      numIntegrationSteps: 6,
      trajectoryJitter: true,
      stepSize: 0.05,
      adaptStepSize: true,
      adaptMassMatrix: true,
      targetAcceptance: 0.8,
      thinning: 1,
      massMatrixFloor: 1e-3,
    };
    const inner = posterior(200);
    const all = (value: number): Float64Array => new Float64Array(200).fill(value);
    inner.ensemble.setPotential({ center: inner.center, nBeta: all(1), gamma: all(pull) });
    const draws = await collectDraws(await hmc.start(inner, hmcSettings));
    const losses = all(0).map((_, chain) =>
      draws.reduce((sum, { loss }) => sum + (loss[chain] ?? Number.NaN) / draws.length, 0),
    );
    expect(zScore(losses, meanLossOfTwoWells(pull))).toBeGreaterThan(bound);
  });
});
