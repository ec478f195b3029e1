/** What a sampler claims to sample, and how the law suites have to set it up to hold it to that. */

import type { SamplerName } from "../../../src/samplers/registry.ts";
import { samplerOf } from "../../../src/samplers/registry.ts";
import type { Sampler, Snapshot, TunedSettings } from "../../../src/samplers/sampler.ts";
import type { BreakageName } from "./breakages.ts";
import type { LawTarget } from "./targets.ts";

/**
 * `exact`: leaves the posterior invariant. `discretised`: keeps the law of its own recursion, known on Gaussians, and
 * is close to the posterior elsewhere. `unadjusted`: is off by a bias that it states. `variational`: exact where its family
 * holds the posterior, otherwise an approximation that must say so.
 */
export type LawKind = "exact" | "discretised" | "unadjusted" | "variational";

/** A sampler as one fixed Markov kernel: nothing adapts, every draw is a transition. */
export type Kernel = (target: LawTarget) => {
  readonly settings: unknown;
  /** Stationary variance along an axis of that curvature, where it is not 1/curvature. Gaussian targets only. */
  readonly stationaryVariance?: (curvature: number) => number;
  /** β of the rows of a chain, where it has several: each begins in its own tempered law, and is held to it. */
  readonly betas?: readonly number[];
  /** Draws what the state has beside positions from its stationary law: a snapshot before the first unit, changed. */
  readonly complete?: (snapshot: Snapshot) => Snapshot;
};

/** What the tuned form is told of a problem. */
export interface Work {
  /** Full gradients a chain, about: warmup and draws. */
  readonly gradients: number;
  /** 1/√(largest curvature of U in the bulk). */
  readonly scale: number;
  readonly draws?: number;
  readonly nBeta: number;
}

export interface SamplerLaw {
  /** The sampler that a named variant sets up otherwise; absent: the one of that name. */
  readonly variantOf?: SamplerName;
  readonly kind: LawKind;
  /** Null for samplers that are no Markov chain, or whose kernel follows the run. */
  readonly kernel: Kernel | null;
  /** As a user would run it. */
  readonly tuned: (work: Work) => unknown;
  /** Chains that warmup needs, where one is not enough. */
  readonly leastChains?: number;
  /** Relative bias of λ̂ that is allowed on top of the Monte-Carlo error: what the sampler itself states. */
  readonly bias: (tuned: TunedSettings) => number;
  /** Gradients that λ̂ of closed forms and eight schools get, as a multiple of the others'. Default 1. */
  readonly effort?: number;
  /** Settings under which no chain knows of another, to compare chains batched and alone; or why there are none. */
  readonly alone: { readonly settings: unknown } | { readonly reason: string };
  /** Small settings to try numbers of threads with; absent: those of the contract suite. */
  readonly cases?: readonly unknown[];
  /** Mistakes that the suite must refuse, at least one. */
  readonly broken: readonly BreakageName[];
}

/** A law under the name of its sampler or variant. */
export type NamedLaw = readonly [name: string, law: SamplerLaw];

/** The sampler that a law speaks of. */
export const samplerUnder = ([name, { variantOf }]: NamedLaw): Sampler<unknown> =>
  samplerOf(variantOf ?? name);
