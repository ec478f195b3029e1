/** One chain of `vi`: a mixture, its optimiser and what they have seen. Chains are independent fits. */
import { fillNormal } from "../../random/normal.ts";
import type { RandomStream } from "../../random/philox.ts";
import { purpose } from "../../random/purpose.ts";
import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";
import type { VariationalFit } from "./variational-fit.ts";
import { GradientClip } from "./vi-clip.ts";
import { displaceByMixture } from "./vi-draws.ts";
import { addElboGradient, addWeightTerms, type ElboSample } from "./vi-gradient.ts";
import { FactorMixture, type MixtureShape } from "./vi-mixture.ts";
import { AdamAscent, clipNorm } from "./vi-optimiser.ts";
import type { ViSettings } from "./vi-settings.ts";

/** Expected norm of a column of the loadings at the start: enough to break the symmetry of components. */
const startColumnNorm = 0.5;
/** Longest column: one direction may be ten times as wide as σ says. */
const maxColumnNorm = 10;
const baselineDecay = 0.99;
/** What log σ loses when no draw of a step had a finite loss. */
const shrinkage = 0.1;

/** State of one fit. Mutable. */
export class ViFit implements VariationalFit {
  readonly mixture: FactorMixture;
  numSkipped = 0;
  readonly #settings: ViSettings;
  readonly #adam: AdamAscent;
  readonly #clip: GradientClip;
  readonly #gradient: Float64Array;
  #baseline = Number.NaN;

  constructor(shape: MixtureShape, settings: ViSettings) {
    this.#settings = settings;
    this.mixture = new FactorMixture(shape, new Float64Array(shape.dim).fill(1), settings.alphaTemperature);
    this.#gradient = new Float64Array(shape.numParameters);
    this.#adam = new AdamAscent(shape.numParameters);
    this.#clip = new GradientClip(settings.clipGlobalNorm);
  }

  get numClipped(): number {
    return this.#clip.numClipped;
  }

  begin({ seed, chain }: { seed: number; chain: number }): void {
    const { values, shape } = this.mixture;
    fillNormal({ seed, purpose: purpose.variationalStart, chain }, values);
    for (let at = 0; at < values.length; at++) values[at] *= startColumnNorm / Math.sqrt(shape.dim);
    values.fill(0, 0, shape.dim); // σ = s
    this.mixture.logits.fill(0);
    this.mixture.refresh();
  }

  setScale(scale: Float64Array): void {
    this.mixture.scale.set(scale);
    this.mixture.refresh();
  }

  displace(stream: RandomStream, noise: Float64Array, out: Float64Array): void {
    displaceByMixture(this.mixture, { stream, noise }, out);
  }

  climb(samples: readonly ElboSample[], rate: number): number {
    const gradient = this.#gradient.fill(0);
    const share = 1 / samples.length;
    const temperature = this.#settings.alphaTemperature;
    const values = samples.map((sample) =>
      addElboGradient(this.mixture, sample, { gradient, share, baseline: this.#baseline, temperature }),
    );
    const finite = values.filter(Number.isFinite);
    this.numSkipped += values.length - finite.length;
    if (finite.length === 0) {
      this.#shrink();
      return Number.NaN;
    }

    addWeightTerms(this.mixture, this.#settings, gradient);
    this.#clip.shorten(this.#gradient);
    this.#step(rate);
    const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
    this.#baseline = Number.isNaN(this.#baseline)
      ? mean
      : this.#baseline + (1 - baselineDecay) * (mean - this.#baseline);
    return mean;
  }

  #shrink(): void {
    const { values, shape } = this.mixture;
    for (let i = 0; i < shape.dim; i++) values[i] -= shrinkage;
    this.mixture.refresh();
  }

  #step(rate: number): void {
    const { mixture } = this;
    this.#adam.climb(mixture.values, this.#gradient, rate);
    mixture.shape.ranks.forEach((rank, component) => {
      for (let j = 0; j < rank; j++) clipNorm(mixture.column(component, j), maxColumnNorm);
    });
    mixture.refresh();
  }

  snapshot(prefix: string): Snapshot {
    return {
      ...this.#adam.snapshot(prefix),
      ...this.#clip.snapshot(prefix),
      [`${prefix}Values`]: this.mixture.values.slice(),
      [`${prefix}Scale`]: this.mixture.scale.slice(),
      [`${prefix}Baseline`]: this.#baseline,
      [`${prefix}Skipped`]: this.numSkipped,
    };
  }

  restore(snapshot: Snapshot, prefix: string): void {
    const { values, scale } = this.mixture;
    this.#adam.restore(snapshot, prefix);
    this.#clip.restore(snapshot, prefix);
    values.set(arrayIn(snapshot, `${prefix}Values`, values.length));
    scale.set(arrayIn(snapshot, `${prefix}Scale`, scale.length));
    this.#baseline = numberIn(snapshot, `${prefix}Baseline`);
    this.numSkipped = numberIn(snapshot, `${prefix}Skipped`);
    this.mixture.refresh();
  }
}
