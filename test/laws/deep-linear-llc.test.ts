/**
 * The local learning coefficient at a deep linear target's w* is Aoyagi's value.
 *
 * Its teacher sits at the most singular point of the fibre; at a generic parameter of the same map λ̂ would be larger.
 * Long HMC runs at nβ = 1e6, γ = 10 without noise; the estimate lies below λ by about (m − 1)/log nβ. 5 standard errors over 8
 * chains: ≈ 6e-7 false alarms a check, were the errors normal; t with 7 degrees of freedom makes it 0.002.
 * Seen to fail: a first layer of full rank with the same product, which gives 7.92 ± 0.05 instead of 7.5 for [4, 4, 4].
 */
import { describe, expect, it } from "vitest";
import { aoyagiLlc } from "../../src/analysis/aoyagi.ts";
import { createWasmBackend } from "../../src/compute/wasm/wasm-backend.ts";
import { hmc } from "../../src/samplers/hmc.ts";
import { buildTarget } from "../../src/targets/build-target.ts";
import { aData, aDeepLinear, aTarget, aTraining } from "../support/target-configs.ts";

const nBeta = 1e6;
const gamma = 10;
const numChains = 8;
const settings = {
  draws: 1500,
  warmup: 800,
  numIntegrationSteps: 40,
  trajectoryJitter: true,
  stepSize: 0.01,
  adaptStepSize: true,
  adaptMassMatrix: true,
  targetAcceptance: 0.8,
  thinning: 1,
  massMatrixFloor: 1e-3,
};

/** λ̂ of each chain. */
const estimates = async (widths: readonly number[], rank: number): Promise<Float64Array> => {
  const backend = await createWasmBackend({ numThreads: 1 });
  const config = aTarget({
    model: aDeepLinear({ widths, rank }),
    training: aTraining({ at: "teacher" }),
    data: aData({ noiseModel: "none", nData: 40, nTest: 0 }),
  });
  const target = await buildTarget(config, backend);
  const { model, dataset, parameters: center, initialLoss } = target;
  const seed = 7;
  const ensemble = backend.open({ model, dataset, precision: "float64", numChains, seed });
  const all = (value: number): Float64Array => new Float64Array(numChains).fill(value);
  ensemble.setPotential({ center, nBeta: all(nBeta), gamma: all(gamma) });
  const startScale = 0.3 / Math.sqrt(nBeta);
  const posterior = { ensemble, center, nBeta, gamma, initialLoss, seed, firstChain: 0, startScale };
  const run = await hmc.start(posterior, settings);
  for (let i = 0; i < run.numWarmupUnits; i++) await run.warmup(i);
  const sums = new Float64Array(numChains);
  for (let i = 0; i < run.numDraws; i++) {
    const { loss } = await run.draw(i);
    for (let c = 0; c < numChains; c++) sums[c] = (sums[c] ?? NaN) + nBeta * ((loss[c] ?? NaN) - initialLoss);
  }
  backend.close();
  return sums.map((sum) => sum / run.numDraws);
};

describe("the local llc of a deep linear target", () => {
  it.each([
    [[4, 4, 4], 2],
    [[5, 3, 5], 2],
    [[3, 3, 3, 3], 1],
  ])(
    "of widths %j and rank %d is Aoyagi's value within 5 standard errors and (m − 1)/log nβ",
    async (widths, rank) => {
      const { lambda, multiplicity } = aoyagiLlc(widths, rank);
      const chains = await estimates(widths, rank);
      const mean = chains.reduce((sum, value) => sum + value, 0) / numChains;
      const variance = chains.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (numChains - 1);
      const error = Math.sqrt(variance / numChains);
      expect(mean).toBeLessThan(lambda + 5 * error);
      expect(mean).toBeGreaterThan(lambda - (1.5 * (multiplicity - 1)) / Math.log(nBeta) - 5 * error);
    },
    120_000,
  );
});
