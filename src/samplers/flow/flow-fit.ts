/**
 * One chain of `vi` with `algo: flow`: q of v = s∘x, x = Uz + σ_⊥·(I − UUᵀ)ε (`latent-space.ts`), z from a coupling flow.
 *
 * log q(v) = log q(z) + log density of the complement − Σ log s. Gradients are pathwise, "sticking the landing": the force on
 * z is ∇_z(ℓ − log q) with q's parameters held fixed, carried back through the map that made z from its u. What is left
 * out, E[∂_φ log q], is 0, and what stays vanishes for every draw once q is the posterior.
 *
 * Source: Roeder, Wu & Duvenaud (2017); Vaitl et al. (2022) for flows.
 */
import { fillNormal } from "../../random/normal.ts";
import type { RandomStream } from "../../random/philox.ts";
import { purpose } from "../../random/purpose.ts";
import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";
import type { VariationalFit } from "../variational/variational-fit.ts";
import { GradientClip } from "../variational/vi-clip.ts";
import type { ElboSample } from "../variational/vi-gradient.ts";
import { AdamAscent } from "../variational/vi-optimiser.ts";
import type { ViSettings } from "../variational/vi-settings.ts";
import { CouplingFlow, flowShape } from "./coupling-flow.ts";
import { LatentSpace } from "./latent-space.ts";

/** What log scales lose when no draw of a step had a finite loss. */
const shrinkage = 0.1;

/** Mutable. */
export class FlowFit implements VariationalFit {
  numSkipped = 0;
  readonly space: LatentSpace;
  readonly flow: CouplingFlow;
  /** s, shape (dim). */
  readonly scale: Float64Array;
  readonly #adam: AdamAscent;
  readonly #clip: GradientClip;
  readonly #gradient: Float64Array;
  #logScales = 0;

  constructor(dim: number, settings: ViSettings) {
    const { dLatent, sigmaPerp, flowDepth, flowHidden } = settings;
    this.space = new LatentSpace(dim, dLatent, sigmaPerp);
    this.flow = new CouplingFlow(flowShape(this.space.latentDim, flowDepth, flowHidden));
    this.scale = new Float64Array(dim).fill(1);
    this.#adam = new AdamAscent(this.flow.values.length);
    this.#clip = new GradientClip(settings.clipGlobalNorm);
    this.#gradient = new Float64Array(this.flow.values.length);
  }

  get numClipped(): number {
    return this.#clip.numClipped;
  }

  begin({ seed, chain }: { seed: number; chain: number }): void {
    this.flow.begin({ seed, purpose: purpose.variationalStart, chain });
    this.space.begin({ seed, purpose: purpose.variationalStart, chain, step: 1 });
  }

  setScale(scale: Float64Array): void {
    this.scale.set(scale);
    this.#logScales = scale.reduce((sum, value) => sum + Math.log(value), 0);
  }

  displace(stream: RandomStream, noise: Float64Array, out: Float64Array): void {
    const z = new Float64Array(this.space.latentDim);
    fillNormal(stream, z);
    this.flow.push(z);
    this.space.embed(z, noise, out);
    for (let i = 0; i < out.length; i++) out[i] *= this.scale[i];
  }

  /** log q(v), nats; leaves the flow traced at its z. */
  logDensity(displacement: Float64Array): number {
    const x = displacement.map((value, i) => value / this.scale[i]);
    const z = this.space.project(x);
    return this.flow.trace(z) + this.space.logDensityOutside(x, z) - this.#logScales;
  }

  climb(samples: readonly ElboSample[], rate: number): number {
    this.#gradient.fill(0);
    const values = samples.map((sample) => this.addGradient(sample, 1 / samples.length, this.#gradient));
    const finite = values.filter(Number.isFinite);
    this.numSkipped += values.length - finite.length;
    if (finite.length === 0) {
      this.#shrink();
      return Number.NaN;
    }
    this.#clip.shorten(this.#gradient);
    this.#adam.climb(this.flow.values, this.#gradient, rate);
    return finite.reduce((sum, value) => sum + value, 0) / finite.length;
  }

  /** Adds `share` of one draw's gradient. @returns ℓ − log q; where it or the force is not finite nothing is added. */
  addGradient(sample: ElboSample, share: number, gradient: Float64Array): number {
    const value = sample.logTarget - this.logDensity(sample.displacement);
    const pull = this.space.project(sample.targetGradient.map((slope, i) => slope * this.scale[i]));
    const score = this.flow.score();
    const force = pull.map((slope, i) => share * (slope - score[i]));
    if (!Number.isFinite(value) || !force.every(Number.isFinite)) return Number.NaN;
    this.flow.addPathGradient(force, gradient);
    return value;
  }

  #shrink(): void {
    const { values, shape } = this.flow;
    for (let at = shape.logScaleAt; at < values.length; at++) values[at] -= shrinkage;
  }

  snapshot(prefix: string): Snapshot {
    return {
      ...this.#adam.snapshot(prefix),
      ...this.#clip.snapshot(prefix),
      [`${prefix}Values`]: this.flow.values.slice(),
      [`${prefix}Scale`]: this.scale.slice(),
      [`${prefix}Skipped`]: this.numSkipped,
    };
  }

  /** U is not in a snapshot: `begin` draws it again. @throws TRACE_INVALID if an entry is missing or of another size. */
  restore(snapshot: Snapshot, prefix: string): void {
    this.#adam.restore(snapshot, prefix);
    this.#clip.restore(snapshot, prefix);
    this.flow.values.set(arrayIn(snapshot, `${prefix}Values`, this.flow.values.length));
    this.setScale(arrayIn(snapshot, `${prefix}Scale`, this.scale.length));
    this.numSkipped = numberIn(snapshot, `${prefix}Skipped`);
  }
}
