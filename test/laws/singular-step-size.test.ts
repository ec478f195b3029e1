/**
 * The step sizes that sgld, sghmc and sgnht choose hold on singular posteriors: flat at w*, stiff where chains come to be.
 *
 * Default settings, full batches. No draw is ever NaN; wherever the verdict is `converged`, λ̂ is the exact value at this nβ
 * and γ within 4 MCSE beyond the bias that the run itself states (step_curvature; half the friction of the thermostat).
 * 24 checks of 6e-5: 1.5e-3 false alarms a seed; the seed is fixed. On w1⁴ + w2⁴, where nothing is slow, all must converge.
 * Seen to fail, 23 of 24: ε chosen against the curvature at w* (sgnht on w1⁴ + w2⁴ at n = 100 survived it).
 */
import { beforeAll, describe, expect, it } from "vitest";
import { exactLlcOf } from "../../src/analysis/exact-llc.ts";
import { type RunSummary, summarizeRun } from "../../src/analysis/summary.ts";
import type { Backend } from "../../src/compute/backend.ts";
import type { Dataset, LossModel } from "../../src/compute/model.ts";
import { createWasmBackend } from "../../src/compute/wasm/wasm-backend.ts";
import { samplerOf } from "../../src/samplers/registry.ts";
import type { Posterior } from "../../src/samplers/sampler.ts";
import { lawSeed } from "../support/law-seed.ts";
import { aPosterior, collectDraws } from "../support/posteriors.ts";
import { aNetwork } from "../support/problems.ts";
import { settingsOf } from "../support/sampler-settings.ts";

const gamma = 1;

interface SingularTarget {
  readonly model: LossModel;
  readonly dataset?: Dataset;
  readonly exact: (nBeta: number) => number;
}

const closed = (kind: "monomial" | "power_sum", exponents: readonly number[]): SingularTarget => {
  const loss = { kind, coefficient: 1, exponents };
  return { model: loss, exact: (nBeta) => exactLlcOf(loss, { nBeta, gamma }).estimate ?? Number.NaN };
};

/**
 * λ̂ of ‖W2·W1‖²/p, W1 and W2 p × p. Given the singular values s of W1, rows of W2 are Gaussian:
 * λ̂ = E Σ_j (p/2)·κs_j²/(κs_j² + γ), κ = 2nβ/p, density ∏_{i<j} |s_i² − s_j²|·∏_j e^{−γs_j²/2}·(κs_j² + γ)^{−p/2};
 * by the trapezoidal rule in log s_j. Source: Muirhead (1982), theorem 3.2.18.
 */
const exactLinearLlc = (p: number, nBeta: number): number => {
  const kappa = (2 * nBeta) / p;
  const step = 0.08;
  const grid = Array.from({ length: Math.ceil(14 / step) }, (_, k) => Math.exp(-12 + k * step)).filter(
    (s) => s < 8,
  );
  const points = grid.map((s) => {
    const precision = kappa * s * s + gamma;
    return {
      square: s * s,
      weight: (s * Math.exp((-gamma * s * s) / 2)) / precision ** (p / 2),
      llc: ((p / 2) * kappa * s * s) / precision,
    };
  });
  let [mass, moment] = [0, 0];
  const add = (first: number, chosen: readonly (typeof points)[number][], weight: number): void => {
    if (chosen.length === p) {
      mass += weight;
      moment += weight * chosen.reduce((sum, { llc }) => sum + llc, 0);
      return;
    }
    for (let k = first; k < points.length; k++) {
      const point = points[k];
      if (point === undefined) continue;
      const gaps = chosen.reduce((product, { square }) => product * (point.square - square), 1);
      add(k + 1, [...chosen, point], weight * point.weight * gaps);
    }
  };
  add(0, [], 1);
  return moment / mass;
};

/** Eight inputs with Σ x·xᵀ/8 = I, labels 0. */
const linear = (p: number): SingularTarget => {
  const network = aNetwork({ inDim: p, widths: [p], outDim: p, activation: "identity", bias: false });
  const inputs = Float64Array.from({ length: 8 * p }, (_, i) =>
    (Math.floor(i / p) >> (i % p)) & 1 ? 1 : -1,
  );
  return {
    model: { kind: "network", network, loss: { kind: "mse" } },
    dataset: { numData: 8, inputs, labels: new Float64Array(8 * p) },
    exact: (nBeta) => exactLinearLlc(p, nBeta),
  };
};

const targets: Readonly<Record<string, SingularTarget>> = {
  "w1²w2²": closed("monomial", [1, 1]),
  "w1⁴ + w2⁴": closed("power_sum", [2, 2]),
  "2, 2, 2 of rank 0": linear(2),
  "3, 3, 3 of rank 0": linear(3),
};
const sizes = [100, 10_000];

const schedule = { steps: 250_000, warmup: null, batchSize: null, stepSize: null, evalEvery: 50 };
const settings: Readonly<Record<"sgld" | "sghmc" | "sgnht", unknown>> = {
  sgld: { ...settingsOf("sgld"), ...schedule },
  sghmc: { ...settingsOf("sghmc"), ...schedule, friction: 0.1, noiseEstimate: 0 },
  sgnht: { ...settingsOf("sgnht"), ...schedule, friction: 0.02 },
};

const run = async (name: keyof typeof settings, posterior: Posterior): Promise<RunSummary> => {
  const sampler = samplerOf(name);
  const started = await sampler.start(posterior, settings[name]);
  const draws = await collectDraws(started);
  const chains = (valuesOf: (draw: (typeof draws)[number]) => Float64Array): Float64Array[] =>
    Array.from({ length: posterior.ensemble.numChains }, (_, chain) =>
      Float64Array.from(draws, (draw) => valuesOf(draw)[chain] ?? Number.NaN),
    );
  return summarizeRun(
    {
      loss: chains(({ loss }) => loss),
      statistics: {
        diverging: chains(({ statistics }) => statistics["diverging"] ?? new Float64Array()),
        distance: chains(({ distance }) => distance),
      },
    },
    {
      nBeta: posterior.nBeta,
      numData: posterior.ensemble.numData,
      initialLoss: 0,
      isIndependent: false,
      work: started.work,
      wallTimeSec: 1,
      llcTrue: null,
      warnings: started.warnings,
      tuned: started.tuned,
    },
  );
};

/** Relative bias that a run states. */
const statedBias = ({ tuned }: RunSummary): number => {
  const { step_curvature: c = Number.NaN, thermostat_mean: friction = 0 } = tuned;
  return 1 / (1 - c / 4) - 1 + Math.abs(friction) / 2;
};

describe("λ̂ of a deep linear network of rank 0 by quadrature", () => {
  it("is that of w1²w2² with one weight a layer, in closed form", () => {
    const exact = exactLlcOf({ kind: "monomial", coefficient: 1, exponents: [1, 1] }, { nBeta: 100, gamma });
    expect(exactLinearLlc(1, 100)).toBeCloseTo(exact.estimate ?? Number.NaN, 4);
  });
});

describe("losses that mix while the weights do not", () => {
  // Chains of 250,000 steps do not come around on w1²w2² at n = 1e5. Seen without the check: converged, z = 2.3 and −4.5.
  it.each([1, 6])("are not called converged (seed %d)", async (seed) => {
    const backend = await createWasmBackend({ numThreads: 1 });
    const posterior = aPosterior({
      model: { kind: "monomial", coefficient: 1, exponents: [1, 1] },
      nBeta: 1e5 / Math.log(1e5),
      gamma,
      seed,
      startScale: 0.01,
      open: (wanted) => backend.open({ ...wanted, precision: "float64" }),
    });
    const { verdictReasons, rHat, essBulk } = await run("sgld", posterior);
    backend.close();
    expect(rHat).toBeLessThan(1.01);
    expect(essBulk).toBeGreaterThan(400);
    expect(verdictReasons).toEqual([expect.stringMatching(/distances from w\* have not settled/)]);
  });
});

const cases = Object.keys(settings).flatMap((name) =>
  Object.entries(targets).flatMap(([label, target]) =>
    sizes.map((n) => ({ name: name as keyof typeof settings, label, target, n })),
  ),
);

describe("a chosen step size", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createWasmBackend({ numThreads: 1 });
    return () => backend.close();
  });

  it.each(cases)("of $name holds on $label at n = $n", async ({ name, label, target, n }) => {
    const nBeta = n / Math.log(n);
    const { exact, ...problem } = target;
    const posterior = aPosterior({
      ...problem,
      nBeta,
      gamma,
      seed: lawSeed,
      startScale: 0.01,
      open: (wanted) => backend.open({ ...wanted, precision: "float64" }),
    });
    const summary = await run(name, posterior);
    posterior.ensemble.close();
    expect(summary.numNonFinite).toBe(0);
    if (label === "w1⁴ + w2⁴") expect(summary.verdict).toBe("converged");
    if (summary.verdict !== "converged") return;
    const value = exact(nBeta);
    const allowed = 4 * summary.llcMcse + statedBias(summary) * value;
    expect(Math.abs(summary.llcMean - value), JSON.stringify(summary.tuned)).toBeLessThan(allowed);
  });
});
