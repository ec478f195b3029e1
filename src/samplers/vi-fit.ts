/** One chain of `vi`: a mixture, its optimiser and what they have seen. Chains are independent fits. */
import { fillNormal } from "../random/normal.ts";
import { purpose } from "../random/purpose.ts";
import type { Snapshot } from "./sampler.ts";
import { arrayIn, numberIn } from "./snapshot-fields.ts";
import { addElboGradient, addWeightTerms, type ElboSample } from "./vi-gradient.ts";
import { FactorMixture, type MixtureShape } from "./vi-mixture.ts";
import { AdamAscent, clipNorm } from "./vi-optimiser.ts";
import type { ViSettings } from "./vi-settings.ts";

/** Expected norm of a column of the loadings at the start: enough to break the symmetry of components. */
const START_COLUMN_NORM = 0.5;
/** Longest column: one direction may be ten times as wide as σ says. */
const MAX_COLUMN_NORM = 10;
const BASELINE_DECAY = 0.99;
/** A gradient this many times longer than the running root mean square is an accident: Adam's v would remember it for a thousand steps. */
const ACCIDENTAL_EXCESS = 10;
const NORM_DECAY = 0.99;
/** What log σ loses when no draw of a step had a finite loss. */
const SHRINKAGE = 0.1;

/** State of one fit. Mutable. */
export class ViFit {
  readonly mixture: FactorMixture;
  /** Steps whose gradient was shortened. */
  numClipped = 0;
  /** Draws whose loss or gradient was not finite, left out. */
  numSkipped = 0;
  readonly #settings: ViSettings;
  readonly #adam: AdamAscent;
  readonly #gradient: Float64Array;
  #baseline = Number.NaN;
  /** Running mean of the squared norm of gradients before clipping; NaN before the first. */
  #squareNorm = Number.NaN;

  constructor(shape: MixtureShape, settings: ViSettings) {
    this.#settings = settings;
    this.mixture = new FactorMixture(shape, new Float64Array(shape.dim).fill(1), settings.alphaTemperature);
    this.#gradient = new Float64Array(shape.numParameters);
    this.#adam = new AdamAscent(shape.numParameters);
  }

  /** Sets the parameters at which the fit of a chain starts. */
  begin({ seed, chain }: { seed: number; chain: number }): void {
    const { values, shape } = this.mixture;
    fillNormal({ seed, purpose: purpose.variationalStart, chain }, values);
    for (let at = 0; at < values.length; at++) values[at] *= START_COLUMN_NORM / Math.sqrt(shape.dim);
    values.fill(0, 0, shape.dim); // σ = s
    this.mixture.logits.fill(0);
    this.mixture.refresh();
  }

  /** Adopts the scale s of the coordinates. */
  setScale(scale: Float64Array): void {
    this.mixture.scale.set(scale);
    this.mixture.refresh();
  }

  /**
   * One step up the ELBO with the draws of `samples`, made from the present parameters.
   *
   * @returns mean of ℓ − log q over the finite draws, nats; NaN if none was, and then only σ shrinks: q is too wide.
   */
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
    this.#clip();
    this.#step(rate);
    const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
    this.#baseline = Number.isNaN(this.#baseline)
      ? mean
      : this.#baseline + (1 - BASELINE_DECAY) * (mean - this.#baseline);
    return mean;
  }

  /** To `clipGlobalNorm`, and accidents to what is usual. */
  #clip(): void {
    const usual = Number.isNaN(this.#squareNorm) ? Number.POSITIVE_INFINITY : Math.sqrt(this.#squareNorm);
    const bound = Math.min(
      this.#settings.clipGlobalNorm ?? Number.POSITIVE_INFINITY,
      ACCIDENTAL_EXCESS * usual,
    );
    const norm = clipNorm(this.#gradient, bound);
    if (norm > bound) this.numClipped++;
    const square = Math.min(norm, ACCIDENTAL_EXCESS * usual) ** 2;
    this.#squareNorm = Number.isNaN(this.#squareNorm)
      ? square
      : this.#squareNorm + (1 - NORM_DECAY) * (square - this.#squareNorm);
  }

  #shrink(): void {
    const { values, shape } = this.mixture;
    for (let i = 0; i < shape.dim; i++) values[i] -= SHRINKAGE;
    this.mixture.refresh();
  }

  #step(rate: number): void {
    const { mixture } = this;
    this.#adam.climb(mixture.values, this.#gradient, rate);
    mixture.shape.ranks.forEach((rank, component) => {
      for (let j = 0; j < rank; j++) clipNorm(mixture.column(component, j), MAX_COLUMN_NORM);
    });
    mixture.refresh();
  }

  /** Entries whose names begin with `prefix`. */
  snapshot(prefix: string): Snapshot {
    return {
      ...this.#adam.snapshot(prefix),
      [`${prefix}Values`]: this.mixture.values.slice(),
      [`${prefix}Scale`]: this.mixture.scale.slice(),
      [`${prefix}Baseline`]: this.#baseline,
      [`${prefix}SquareNorm`]: this.#squareNorm,
      [`${prefix}Clipped`]: this.numClipped,
      [`${prefix}Skipped`]: this.numSkipped,
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another size. */
  restore(snapshot: Snapshot, prefix: string): void {
    const { values, scale } = this.mixture;
    this.#adam.restore(snapshot, prefix);
    values.set(arrayIn(snapshot, `${prefix}Values`, values.length));
    scale.set(arrayIn(snapshot, `${prefix}Scale`, scale.length));
    this.#baseline = numberIn(snapshot, `${prefix}Baseline`);
    this.#squareNorm = numberIn(snapshot, `${prefix}SquareNorm`);
    this.numClipped = numberIn(snapshot, `${prefix}Clipped`);
    this.numSkipped = numberIn(snapshot, `${prefix}Skipped`);
    this.mixture.refresh();
  }
}
