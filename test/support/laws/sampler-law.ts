/** What a sampler claims to sample, and how the law suites have to set it up to hold it to that. */
import type { Snapshot, TunedSettings } from "../../../src/samplers/sampler.ts";
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
}

export interface SamplerLaw {
  readonly kind: LawKind;
  /** Null for samplers that are no Markov chain. */
  readonly kernel: Kernel | null;
  /** As a user would run it. */
  readonly tuned: (work: Work) => unknown;
  /** Chains that warmup needs, where one is not enough. */
  readonly leastChains?: number;
  /** Relative bias of λ̂ that is allowed on top of the Monte-Carlo error: what the sampler itself states. */
  readonly bias: (tuned: TunedSettings) => number;
  /** Settings under which no chain knows of another, to compare chains batched and alone; or why there are none. */
  readonly alone: { readonly settings: unknown } | { readonly reason: string };
  /** Mistakes that the suite must refuse, at least one. */
  readonly broken: readonly BreakageName[];
}
