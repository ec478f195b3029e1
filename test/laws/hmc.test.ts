/**
 * HMC against exact laws: it leaves Gaussians invariant from an exact start, and gives the exact λ̂ of closed forms.
 *
 * Every bound is 5 standard errors (false alarm 6e-7 a check, fewer than 100 checks); seeds are fixed, bounds hold for
 * any. The broken variants stand in the tests: each must fail the bound that the right kernel keeps.
 */
import { describe, expect, it } from "vitest";
import { essMean } from "../../src/analysis/ess.ts";
import { mcseMean } from "../../src/analysis/mcse.ts";
import { mean, pool } from "../../src/analysis/moments.ts";
import type { Ensemble, RandomAddress, Vectors } from "../../src/compute/backend.ts";
import type { LossModel } from "../../src/compute/model.ts";
import { fillNormal } from "../../src/random/normal.ts";
import { purpose } from "../../src/random/purpose.ts";
import { HamiltonianKernel } from "../../src/samplers/hamiltonian/hamiltonian-kernel.ts";
import type { HmcSettings } from "../../src/samplers/hmc.ts";
import { hmc } from "../../src/samplers/hmc.ts";
import type { Posterior, SamplerRun } from "../../src/samplers/sampler.ts";
import { lawSeed } from "../support/law-seed.ts";
import { aPosterior, collectDraws, exactQuadraticLlc, llcChains } from "../support/posteriors.ts";

const bound = 5;
const numChains = 4000;

/** Exact draws of N(0, 1/A) for each chain: a purpose that no sampler uses. */
const exactDraws = (precision: readonly number[]): Float64Array => {
  const dim = precision.length;
  const out = new Float64Array(numChains * dim);
  for (let chain = 0; chain < numChains; chain++) {
    const row = out.subarray(chain * dim, (chain + 1) * dim);
    fillNormal({ seed: lawSeed, purpose: purpose.noise, chain }, row);
    row.forEach((z, i) => {
      row[i] = z / Math.sqrt(precision[i] ?? Number.NaN);
    });
  }
  return out;
};

/** Largest |z| of mean, mean square and mean product of neighbours of the standardised coordinates. */
const worstDeviation = (positions: Float64Array, precision: readonly number[]): number => {
  const dim = precision.length;
  let worst = 0;
  for (let i = 0; i < dim; i++) {
    const j = (i + 1) % dim;
    let [first, second, cross] = [0, 0, 0];
    for (let chain = 0; chain < numChains; chain++) {
      const u = (positions[chain * dim + i] ?? Number.NaN) * Math.sqrt(precision[i] ?? Number.NaN);
      const v = (positions[chain * dim + j] ?? Number.NaN) * Math.sqrt(precision[j] ?? Number.NaN);
      first += u / numChains;
      second += (u * u) / numChains;
      cross += (u * v) / numChains;
    }
    const scores = [
      first * Math.sqrt(numChains),
      (second - 1) * Math.sqrt(numChains / 2),
      cross * Math.sqrt(numChains),
    ];
    worst = Math.max(worst, ...scores.map(Math.abs));
  }
  return worst;
};

/** Ways to get HMC wrong, as changes of the machine under it. */
const breakages: Record<string, (inner: Ensemble) => Partial<Ensemble>> = {
  "accepts always": (inner) => ({
    select: (mask: Uint8Array, source: Vectors, target: Vectors) =>
      inner.select(
        mask.map(() => 1),
        source,
        target,
      ),
  }),
  "leaves the kinetic energy out of ΔH": (inner) => ({
    weightedDot: (_row, _x, _y, out) => inner.writeScalars(out, new Float64Array(inner.numChains)),
  }),
  "draws momenta that are 20 % too large": (inner) => ({
    normal: (address: RandomAddress, out: Vectors) => {
      inner.normal(address, out);
      inner.axpy(new Float64Array(inner.numChains).fill(0.2), copyOf(inner, out), out);
    },
  }),
  "forgets the gradient of an accepted proposal": (inner) => {
    let calls = 0;
    return {
      select: (mask: Uint8Array, source: Vectors, target: Vectors) => {
        calls += 1;
        if (calls % 2 === 1) inner.select(mask, source, target);
      },
    };
  },
};

const copyOf = (ensemble: Ensemble, source: Vectors): Vectors => {
  const target = ensemble.vectors();
  ensemble.copy(source, target);
  return target;
};

const withChanges = (inner: Ensemble, changes: Partial<Ensemble>): Ensemble =>
  new Proxy(inner, {
    get: (target, name) => {
      const member: unknown = Reflect.get(name in changes ? changes : target, name);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });

interface Invariance {
  readonly precision: readonly number[];
  readonly inverseMass: Float64Array;
  readonly stepSize: number;
}

/** |z| after 10 transitions from an exact start, and the mean acceptance on the way. */
const deviationAfter = async (
  { precision, inverseMass, stepSize }: Invariance,
  changes: (inner: Ensemble) => Partial<Ensemble> = () => ({}),
): Promise<{ deviation: number; acceptance: number }> => {
  const model: LossModel = { kind: "quadratic", curvature: precision };
  const inner = aPosterior({ seed: lawSeed, model, nBeta: 1, gamma: 0, numChains });
  const posterior: Posterior = { ...inner, ensemble: withChanges(inner.ensemble, changes(inner.ensemble)) };
  const position = inner.ensemble.vectors();
  inner.ensemble.writeVectors(position, exactDraws(precision));
  const kernel = new HamiltonianKernel(posterior, position);
  kernel.setInverseMass(inverseMass);
  await kernel.evaluate();
  let acceptance = 0;
  for (let step = 0; step < 10; step++) {
    const momentum = { purpose: purpose.momentum, step };
    const info = await kernel.transition({ stepSize, numSteps: 2 + (step % 4), momentum }, step);
    acceptance += mean(info.acceptanceRate) / 10;
  }
  return { deviation: worstDeviation(await inner.ensemble.readVectors(position), precision), acceptance };
};

const isotropic: Invariance = { precision: [1, 1, 1], inverseMass: Float64Array.of(1, 1, 1), stepSize: 1.4 };
const illConditioned: Invariance = {
  precision: [1, 30, 1e4],
  inverseMass: Float64Array.of(1, 1, 1),
  stepSize: 0.015,
};
const preconditioned: Invariance = {
  precision: [1, 30, 1e4],
  inverseMass: Float64Array.of(1.5, 1 / 40, 1e-4),
  stepSize: 1.3,
};

describe("HMC from an exact start", () => {
  it.each([
    ["an isotropic Gaussian", isotropic],
    ["a Gaussian of condition 1e4", illConditioned],
    ["the same through a mass matrix", preconditioned],
  ])("leaves %s invariant", async (_, law) => {
    const { deviation, acceptance } = await deviationAfter(law);
    expect(deviation).toBeLessThan(bound);
    // Some proposals must have been refused, or the correction was never tried.
    expect(acceptance).toBeGreaterThan(0.5);
    expect(acceptance).toBeLessThan(0.95);
  });

  it.each(Object.keys(breakages))("is seen to fail when it %s", async (name) => {
    const { deviation } = await deviationAfter(isotropic, breakages[name]);
    expect(deviation).toBeGreaterThan(bound);
  });
});

const settings: HmcSettings = {
  draws: 1500,
  warmup: 300,
  numIntegrationSteps: 8,
  trajectoryJitter: true,
  stepSize: 0.01,
  adaptStepSize: true,
  adaptMassMatrix: true,
  targetAcceptance: 0.8,
  thinning: 1,
  massMatrixFloor: 1e-3,
};

const sample = async (posterior: Posterior, changes: Partial<HmcSettings> = {}) => {
  const run: SamplerRun = await hmc.start(posterior, { ...settings, ...changes });
  const draws = await collectDraws(run);
  const chains = llcChains(draws, posterior);
  const acceptance = mean(draws.map(({ statistics }) => mean(statistics["acceptance_rate"] ?? [])));
  return {
    run,
    draws,
    chains,
    acceptance,
    llc: mean(pool(chains)),
    mcse: mcseMean(chains),
    ess: essMean(chains),
  };
};

/** λ̂ within 5 standard errors of `exact`, from chains that did move. */
const expectLlc = (result: { llc: number; mcse: number; ess: number }, exact: number): void => {
  expect(result.ess).toBeGreaterThan(400);
  expect(Math.abs(result.llc - exact) / result.mcse).toBeLessThan(bound);
};

describe("HMC with pooled adaptation", () => {
  it("gives ½·Σ nβh/(nβh + γ) on a quadratic of 20 dimensions and condition 1e4", async () => {
    const curvature = Array.from({ length: 20 }, (_, i) => 10 ** (-2 + (4 * i) / 19));
    const model: LossModel = { kind: "quadratic", curvature };
    const result = await sample(aPosterior({ seed: lawSeed, model, nBeta: 50, gamma: 0.5 }));
    expectLlc(result, exactQuadraticLlc(curvature, 50, 0.5));
    // The averaged step size is noisy; acceptance lands near its target, above rather than below.
    expect(result.acceptance).toBeGreaterThan(0.65);
    expect(result.acceptance).toBeLessThan(0.97);
    // The mass matrix found both ends of the scale: variances 1/(50·1e-2 + 0.5) = 1 and 1/5000.5.
    expect(result.run.tuned["inverse_mass_max"]).toBeGreaterThan(0.4);
    expect(result.run.tuned["inverse_mass_max"]).toBeLessThan(2.5);
    expect((result.run.tuned["inverse_mass_min"] ?? Number.NaN) * 5000.5).toBeGreaterThan(0.4);
    expect((result.run.tuned["inverse_mass_min"] ?? Number.NaN) * 5000.5).toBeLessThan(2.5);
  });

  it("finds posteriors of standard deviation 1e-4 as easily as of 1", async () => {
    const model: LossModel = { kind: "quadratic", curvature: [1, 3, 10] };
    const coarse = await sample(aPosterior({ seed: lawSeed, model, nBeta: 1, gamma: 0, startScale: 1 }));
    const fine = await sample(aPosterior({ seed: lawSeed, model, nBeta: 1e8, gamma: 0, startScale: 1e-4 }), {
      stepSize: 1e-6,
    });
    expectLlc(coarse, 1.5);
    expectLlc(fine, 1.5);
  });

  it("gives the exact finite-temperature value on w1²w2²", async () => {
    // ½ + s − s·K1(s)/K0(s), s = γ²/(8·nβ) with nβ = 100, γ = 1; Bessel functions to 1e-15.
    const model: LossModel = { kind: "monomial", coefficient: 1, exponents: [1, 1] };
    const result = await sample(aPosterior({ seed: lawSeed, model, nBeta: 100, gamma: 1 }), { draws: 4000 });
    expectLlc(result, 0.35420382845066894);
  });

  it("gives 1/(2k) on |w|^2k at every temperature", async () => {
    for (const nBeta of [1, 1000]) {
      const model: LossModel = { kind: "power_sum", coefficient: 1, exponents: [2] };
      expectLlc(await sample(aPosterior({ seed: lawSeed, model, nBeta, gamma: 0 })), 0.25);
    }
  });

  it("reports energies whose mean is that of potential and kinetic energy, dim in all", async () => {
    const model: LossModel = { kind: "quadratic", curvature: [1, 2, 4, 8] };
    const { draws } = await sample(aPosterior({ seed: lawSeed, model, nBeta: 1, gamma: 0 }));
    const energies = Array.from({ length: 4 }, (_, chain) =>
      Float64Array.from(draws, ({ statistics }) => statistics["energy"]?.[chain] ?? Number.NaN),
    );
    expect(Math.abs(mean(pool(energies)) - 4) / mcseMean(energies)).toBeLessThan(bound);
  });
});
