/**
 * λ̂ of random deep linear networks against Aoyagi's λ: relative error, and how often pairs are ranked rightly.
 *
 * As in Hitchcock & Hoogland (2025), small: networks of 3 or 4 layers with widths from 2 to 6, rank reduced with
 * probability ½, at the most singular point of their fibre; 200 points without noise, nβ = 1e4/log 1e4, γ = 1. λ̂ at finite nβ
 * lies below λ, by about (m − 1)/log nβ and the pull of the localiser; that part of the error is the estimator's, the
 * same for every sampler.
 */
import { aoyagiLlc } from "../../../src/analysis/aoyagi.ts";
import { mean } from "../../../src/analysis/moments.ts";
import type { Backend } from "../../../src/compute/backend.ts";
import { createWasmBackend } from "../../../src/compute/wasm/wasm-backend.ts";
import { uniformAt } from "../../../src/random/uniform.ts";
import type { DrawRecord, Posterior, SamplerRun } from "../../../src/samplers/sampler.ts";
import { type BuiltTarget, buildTarget } from "../../../src/targets/build-target.ts";
import { lawSeed } from "../law-seed.ts";
import { aData, aDeepLinear, aTarget, aTraining } from "../target-configs.ts";
import { type NamedLaw, samplerUnder } from "./sampler-law.ts";
import { scaleOf, targetPosterior } from "./target-posterior.ts";

const nBeta = 1e4 / Math.log(1e4);
const gamma = 1;
const numChains = 4;
/** Draws of a sampler that spends what its settings say; others are stopped by the budget. */
const mostDraws = 500;

/** A network with its exact λ. */
export interface DeepLinear {
  readonly target: BuiltTarget;
  readonly lambda: number;
}

/** `count` networks of the law above; the same for every sampler. */
export const deepLinearNetworks = async (count: number): Promise<readonly DeepLinear[]> => {
  const backend = await createWasmBackend({ numThreads: 1 });
  const networks: DeepLinear[] = [];
  for (let index = 0; index < count; index++) {
    const draw = (step: number): number => uniformAt({ seed: lawSeed * 1000 + index, purpose: 77, step });
    const numLayers = draw(0) < 0.5 ? 3 : 4;
    const widths = Array.from({ length: numLayers + 1 }, (_, i) => 2 + Math.floor(5 * draw(i + 2)));
    const full = Math.min(...widths);
    const rank = draw(1) < 0.5 ? full : Math.floor(full * draw(20));
    const config = aTarget({
      model: aDeepLinear({ widths, rank }),
      training: aTraining({ at: "teacher" }),
      data: aData({ noiseModel: "none", nData: 200, nTest: 0 }),
      seed: index,
    });
    networks.push({
      target: await buildTarget(config, backend),
      lambda: aoyagiLlc(widths, rank).lambda,
    });
  }
  backend.close();
  return networks;
};

export interface DeepLinearReport {
  readonly estimates: readonly number[];
  /** Median of |λ̂ − λ|/λ. */
  readonly relativeError: number;
  /** Share of pairs with different λ whose λ̂ are in the same order. */
  readonly orderPreserved: number;
}

/** @param gradients full gradients a chain after warmup: the same for every sampler. */
export const deepLinearReport = async (
  entry: NamedLaw,
  networks: readonly DeepLinear[],
  { backend, gradients }: { readonly backend: Backend; readonly gradients: number },
): Promise<DeepLinearReport> => {
  const estimates: number[] = [];
  for (const { target } of networks) {
    const sampler = samplerUnder(entry);
    const scale = scaleOf(target, { nBeta, gamma });
    const settings = entry[1].tuned({ gradients, scale, draws: mostDraws, nBeta });
    const posterior = targetPosterior(target, {
      backend,
      nBeta,
      gamma,
      numChains,
      seed: lawSeed,
      sampler,
      settings,
    });
    const run = await sampler.start(posterior, settings);
    const draws = await drawWithin(run, gradients * numChains * target.dims.n);
    estimates.push(meanLlc(draws, posterior));
    posterior.ensemble.close();
  }
  return {
    estimates,
    ...errorsOf(
      estimates,
      networks.map(({ lambda }) => lambda),
    ),
  };
};

/** Draws until the evaluations allowed after warmup (a loss counts a third) are spent; at least one. */
const drawWithin = async (run: SamplerRun, budget: number): Promise<readonly DrawRecord[]> => {
  const draws: DrawRecord[] = [];
  for (let index = 0; index < run.numWarmupUnits; index++) await run.warmup(index);
  for (let index = 0; index < run.numDraws; index++) {
    draws.push(await run.draw(index));
    const { gradients, warmupGradients, losses } = run.work;
    if (gradients - warmupGradients + losses / 3 >= budget) break;
  }
  return draws;
};

const meanLlc = (draws: readonly DrawRecord[], { nBeta: factor, initialLoss }: Posterior): number =>
  mean(Float64Array.from(draws, ({ loss }) => factor * (mean(loss) - initialLoss)));

const errorsOf = (
  estimates: readonly number[],
  exact: readonly number[],
): Pick<DeepLinearReport, "relativeError" | "orderPreserved"> => {
  const errors = estimates.map(
    (llc, i) => Math.abs(llc - (exact[i] ?? Number.NaN)) / (exact[i] ?? Number.NaN),
  );
  const sorted = errors.toSorted((a, b) => a - b);
  let [right, pairs] = [0, 0];
  for (let i = 0; i < exact.length; i++) {
    for (let j = 0; j < i; j++) {
      const truth = (exact[i] ?? 0) - (exact[j] ?? 0);
      if (truth === 0) continue;
      pairs++;
      if (truth * ((estimates[i] ?? Number.NaN) - (estimates[j] ?? Number.NaN)) > 0) right++;
    }
  }
  const middle = Math.floor(sorted.length / 2);
  return { relativeError: sorted[middle] ?? Number.NaN, orderPreserved: right / pairs };
};
