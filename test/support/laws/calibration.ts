/**
 * Simulation-based calibration on a linear-Gaussian model, through the public contract alone.
 *
 * θ ~ N(0, I) in the plane, y = Xθ + ξ, ξ ~ N(0, I); then one chain, adapted as a user's, samples θ given y from the prior's
 * spread. Under a right sampler the rank of L(θ; y) among the losses of near-independent draws is uniform. The loss is the
 * quantity that λ̂ is made of, and one that depends on the data, so that ignoring the data is seen too.
 * Variational families are centred at w*, so there the same posterior is given in coordinates around its mode.
 * Source: Talts et al. (2018); Modrák et al. (2023) on data-dependent quantities.
 */
import { createReferenceBackend } from "../../../src/compute/reference/reference-backend.ts";
import { fillNormal } from "../../../src/random/normal.ts";
import { uniformAt } from "../../../src/random/uniform.ts";
import type { Posterior } from "../../../src/samplers/sampler.ts";
import { aDensityPosterior } from "../density-ensemble.ts";
import { lawSeed } from "../law-seed.ts";
import { collectDraws } from "../posteriors.ts";
import { type NamedLaw, samplerUnder } from "./sampler-law.ts";
import { uniformityScore } from "./scores.ts";

const numData = 6;
const numDraws = 31;
const numBins = 8;

const standardNormals = (count: number, seed: number, purpose: number): Float64Array => {
  const out = new Float64Array(count);
  fillNormal({ seed, purpose }, out);
  return out;
};

interface Replicate {
  readonly posterior: Posterior;
  /** L at the θ that made the data. */
  readonly trueLoss: number;
}

const inputs = standardNormals(2 * numData, 5, 1);

/** From the prior's mean and spread. */
const replicate = (seed: number, numRows: number): Replicate => {
  const [a = 0, b = 0] = standardNormals(2, seed, 2);
  const noise = standardNormals(numData, seed, 3);
  const labels = noise.map((xi, i) => (inputs[2 * i] ?? 0) * a + (inputs[2 * i + 1] ?? 0) * b + xi);
  const network = {
    inDim: 2,
    widths: [],
    outDim: 1,
    activation: "identity",
    bias: false,
    layernorm: false,
    skipConnections: false,
    residualPeriod: 2,
  } as const;
  const ensemble = createReferenceBackend().open({
    model: { kind: "network", network, loss: { kind: "mse" } },
    dataset: { numData, inputs, labels },
    precision: "float64",
    numChains: numRows,
    seed,
  });
  const center = new Float64Array(2);
  const all = (value: number): Float64Array => new Float64Array(numRows).fill(value);
  // nβ·L = Σ(f − y)²/2: the likelihood; γ = 1: the prior.
  const [nBeta, gamma] = [numData / 2, 1];
  ensemble.setPotential({ center, nBeta: all(nBeta), gamma: all(gamma) });
  const posterior = { ensemble, center, nBeta, gamma, initialLoss: 0, seed, startScale: 1 };
  const trueLoss = noise.reduce((sum, xi) => sum + xi * xi, 0) / numData;
  return { posterior, trueLoss };
};

/** P = I + XᵀX, row-major: the precision of every replicate's posterior. */
const precision = ((): readonly [number, number, number] => {
  let [aa, ab, bb] = [1, 0, 1];
  for (let i = 0; i < numData; i++) {
    const [a = 0, b = 0] = inputs.subarray(2 * i, 2 * i + 2);
    aa += a * a;
    ab += a * b;
    bb += b * b;
  }
  return [aa, ab, bb];
})();

/** The posterior N(m, P⁻¹) around m; given y, θ − m has that law. */
const centredReplicate = (seed: number, numRows: number): Replicate => {
  const [aa, ab, bb] = precision;
  const potential = (w: Float64Array, gradient: Float64Array | null): number => {
    const [x = 0, y = 0] = w;
    const slope = [aa * x + ab * y, ab * x + bb * y] as const;
    gradient?.set(slope);
    return (x * slope[0] + y * slope[1]) / 2;
  };
  const [u = 0, v = 0] = standardNormals(2, seed, 2);
  // U(θ − m) = ½·|z|² for θ − m = P^{−1/2}·z.
  const trueLoss = (u * u + v * v) / 2;
  return { posterior: aDensityPosterior({ dim: 2, potential }, { numChains: numRows, seed }), trueLoss };
};

export interface Calibration {
  /** Normal score of the χ² of ranks in 8 bins. */
  readonly score: number;
  readonly counts: readonly number[];
}

/** @param numReplicates at least 40, so that 5 are expected in a bin. */
export const calibrationOf = async (entry: NamedLaw, numReplicates: number): Promise<Calibration> => {
  const counts = Array.from({ length: numBins }, () => 0);
  // Largest curvature of U: 1 + the largest eigenvalue of XᵀX, about 1 + 2·n.
  const [, law] = entry;
  const scale = 1 / Math.sqrt(1 + 2 * numData);
  const settings = law.tuned({ gradients: 2500, scale, draws: numDraws, nBeta: numData / 2 });
  const sampler = samplerUnder(entry);
  // Chains beyond the first serve those that learn from each other; ranks are the first one's.
  const { leastChains = 1 } = law;
  const numRows = sampler.ensembleRows?.(settings, leastChains) ?? leastChains;
  for (let r = 0; r < numReplicates; r++) {
    const make = law.kind === "variational" ? centredReplicate : replicate;
    const { posterior, trueLoss } = make(lawSeed * 100_000 + r, numRows);
    const draws = await collectDraws(await sampler.start(posterior, settings));
    const losses = draws.map(({ loss, statistics }) => (statistics["raw_loss"] ?? loss)[0] ?? Number.NaN);
    const rank = rankOf(trueLoss, losses, posterior.seed);
    const bin = Math.floor((rank * numBins) / (losses.length + 1));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { score: uniformityScore(counts), counts };
};

/** Among equal values (chains that did not move) the rank is drawn at random, else they would all fall on one side. */
const rankOf = (value: number, among: readonly number[], seed: number): number => {
  const below = among.filter((other) => other < value).length;
  const equal = among.filter((other) => other === value).length;
  return below + Math.floor(uniformAt({ seed, purpose: 4 }) * (equal + 1));
};
