/**
 * The local learning coefficient at a deep linear target's w* is Aoyagi's value.
 *
 * Its teacher sits at the most singular point of the fibre; at a generic parameter of the same map λ̂ would be larger.
 * HMC at nβ = 1e6, γ = 10 without noise. Where the multiplicity m is above 1, λ̂ lies below λ by about (m − 1)/log(nβ/γ^p) for p
 * layers: −d log Z/d log nβ of Z = nβ^−λ·(log nβ + c)^(m−1), with the c of weights on the localiser's scale γ^−½. Half as much
 * again is allowed ([3, 3, 3, 3]: 0.29 expected, 0.31 ± 0.02 seen on four seeds), and 5 MCSE: 6e-7 a check, whatever the seed.
 * Seen to fail: a first layer of full rank with the same product, which gives 7.92 ± 0.05 instead of 7.5 for [4, 4, 4].
 */
import { describe, expect, it } from "vitest";
import { aoyagiLlc } from "../../src/analysis/aoyagi.ts";
import { mcseMean } from "../../src/analysis/mcse.ts";
import { mean, pool } from "../../src/analysis/moments.ts";
import { createWasmBackend } from "../../src/compute/wasm/wasm-backend.ts";
import { hmc } from "../../src/samplers/hmc.ts";
import { buildTarget } from "../../src/targets/build-target.ts";
import { lawSeed } from "../support/law-seed.ts";
import { collectDraws, llcChains } from "../support/posteriors.ts";
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

/** Draws of nβ·(L − L0), a chain each. */
const drawsOf = async (widths: readonly number[], rank: number): Promise<Float64Array[]> => {
  const backend = await createWasmBackend({ numThreads: 1 });
  const config = aTarget({
    model: aDeepLinear({ widths, rank }),
    training: aTraining({ at: "teacher" }),
    data: aData({ noiseModel: "none", nData: 40, nTest: 0 }),
  });
  const target = await buildTarget(config, backend);
  const { model, dataset, parameters: center, initialLoss } = target;
  const seed = lawSeed;
  const ensemble = backend.open({ model, dataset, precision: "float64", numChains, seed });
  const all = (value: number): Float64Array => new Float64Array(numChains).fill(value);
  ensemble.setPotential({ center, nBeta: all(nBeta), gamma: all(gamma) });
  const startScale = 0.3 / Math.sqrt(nBeta);
  const posterior = { ensemble, center, nBeta, gamma, initialLoss, seed, firstChain: 0, startScale };
  const chains = llcChains(await collectDraws(await hmc.start(posterior, settings)), posterior);
  backend.close();
  return chains;
};

describe("the local llc of a deep linear target", () => {
  it.each([
    [[4, 4, 4], 2],
    [[5, 3, 5], 2],
    [[3, 3, 3, 3], 1],
  ])(
    "of widths %j and rank %d is Aoyagi's value within 5 MCSE and the bias of multiplicity",
    async (widths, rank) => {
      const { lambda, multiplicity } = aoyagiLlc(widths, rank);
      const chains = await drawsOf(widths, rank);
      const [estimate, error] = [mean(pool(chains)), mcseMean(chains)];
      expect(estimate).toBeLessThan(lambda + 5 * error);
      const bias = (multiplicity - 1) / Math.log(nBeta / gamma ** (widths.length - 1));
      expect(estimate).toBeGreaterThan(lambda - 1.5 * bias - 5 * error);
    },
    120_000,
  );
});
