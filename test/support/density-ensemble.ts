/**
 * An ensemble on the reference backend whose loss is any JavaScript density: U = −log π with nβ = 1 and γ = 0.
 *
 * With `exactStart` the noise of the starts is drawn from π itself, so that a sampler begins in its stationary law
 * through nothing but its public contract (center 0, start scale 1).
 */
import type { RandomAddress, Vectors } from "../../src/compute/backend.ts";
import { valuesOf } from "../../src/compute/reference/reference-array.ts";
import { ReferenceEnsemble } from "../../src/compute/reference/reference-ensemble.ts";
import { purpose } from "../../src/random/purpose.ts";
import type { Posterior } from "../../src/samplers/sampler.ts";

/** A density on ℝ^dim. */
export interface Density {
  readonly dim: number;
  /** −log π(w) + const, and its gradient into `gradient` unless that is null. */
  readonly potential: (w: Float64Array, gradient: Float64Array | null) => number;
}

/** The map that makes a law from the standard normal: w = T(u), u ~ N(0, I). */
export interface Transport {
  readonly fromNormal: (u: Float64Array) => Float64Array;
  readonly toNormal: (w: Float64Array) => Float64Array;
}

export interface DensityOptions {
  readonly numChains: number;
  readonly seed: number;
  readonly startScale?: number;
  readonly firstChain?: number;
  /** Draws the start of each row from this law instead of N(0, startScale²·I). */
  readonly exactStart?: (row: number) => Transport;
}

class DensityEnsemble extends ReferenceEnsemble {
  readonly #exactStart: DensityOptions["exactStart"];

  constructor(density: Density, { numChains, seed, firstChain = 0, exactStart }: DensityOptions) {
    const model = { kind: "quadratic", curvature: Array.from({ length: density.dim }, () => 0) } as const;
    const dataset = { numData: 10, inputs: new Float64Array(0), labels: new Float64Array(0) };
    super({ model, dataset, precision: "float64", numChains, seed, firstChain }, (w, _rows, gradient) =>
      density.potential(w, gradient),
    );
    this.#exactStart = exactStart;
  }

  override normal(address: RandomAddress, out: Vectors): void {
    super.normal(address, out);
    if (address.purpose !== purpose.start || this.#exactStart === undefined) return;
    const values = valuesOf(out);
    for (let chain = 0; chain < this.numChains; chain++) {
      const row = values.subarray(chain * this.dim, (chain + 1) * this.dim);
      row.set(this.#exactStart(chain).fromNormal(row.slice()));
    }
  }
}

/** The density as a posterior centred at 0, 10 nominal data points. */
export const aDensityPosterior = (density: Density, options: DensityOptions): Posterior => {
  const { numChains, seed, firstChain = 0, exactStart, startScale = 1 } = options;
  const ensemble = new DensityEnsemble(density, options);
  const center = new Float64Array(density.dim);
  const all = (value: number): Float64Array => new Float64Array(numChains).fill(value);
  ensemble.setPotential({ center, nBeta: all(1), gamma: all(0) });
  return {
    ensemble,
    center,
    nBeta: 1,
    gamma: 0,
    initialLoss: 0,
    seed,
    firstChain,
    startScale: exactStart === undefined ? startScale : 1,
  };
};
