/**
 * The contract of every sampler: a state machine that is driven one unit at a time and can be frozen between units.
 *
 * `start` → `warmup(0) … warmup(numWarmupUnits − 1)` → `draw(0) … draw(numDraws − 1)`. Between any two calls
 * `snapshot()` may be taken; a fresh run that is given it with `restore` continues bit-identically. All randomness is
 * addressed by (seed, purpose, chain, step, index), so a snapshot holds numbers and counters, no generator.
 *
 * Non-finite states are data, not errors: they become `diverging` draws. A sampler throws only if it cannot begin.
 */
import type { Ensemble } from "../compute/backend.ts";

/** The posterior to sample: an ensemble on a backend whose potential is set, and the numbers that define it. */
export interface Posterior {
  readonly ensemble: Ensemble;
  /** w*, where chains are centred; shape (dim). */
  readonly center: Float64Array;
  readonly nBeta: number;
  readonly gamma: number;
  /** L_n(w*) over all data, float64. */
  readonly initialLoss: number;
  /** Names the random numbers of this run. */
  readonly seed: number;
  /** As in the ensemble's `Problem`: number of the first chain in random addresses. Default 0. */
  readonly firstChain?: number;
  /** Standard deviation of the chains' starts around w*. */
  readonly startScale: number;
}

/** Work so far, all chains together, in evaluations over ONE data point (exact counters; 1 FGE = n gradients a chain). */
export interface WorkCount {
  /** Per-sample gradient evaluations, warmup included. */
  readonly gradients: number;
  /** Those spent in warmup. */
  readonly warmupGradients: number;
  /** Per-sample loss evaluations without gradient. */
  readonly losses: number;
}

/** One recorded draw of all chains. */
export interface DrawRecord {
  /** L_n(w) of each chain, float64. The chain's llc is nβ·(loss − initialLoss). */
  readonly loss: Float64Array;
  /** ‖w − w*‖ of each chain, in units of the weights; not finite where w is not. */
  readonly distance: Float64Array;
  /** One value a chain for each name in `Sampler.statistics`, ArviZ names; NaN where it has no meaning. */
  readonly statistics: Readonly<Record<string, Float64Array>>;
}

/** Numbers and arrays that define a run between two units; plain data that storage can write. */
export type Snapshot = { readonly [name: string]: number | string | boolean | Float64Array };

/** Facts found while running (tuned step size, decoherence length, …), written as attributes and columns. */
export type TunedSettings = { readonly [name: string]: number };

/** What a sampler has to say beside draws and numbers: ladders, matrices. Plain snake_case data, for `analysis.json`. */
export type RunReport = {
  readonly [name: string]: number | readonly number[] | readonly (readonly number[])[];
};

export interface SamplerRun {
  readonly numWarmupUnits: number;
  readonly numDraws: number;
  /** Does the index-th unit of warmup; units are short (well under a second where the network allows). */
  warmup(index: number): Promise<void>;
  /** Advances to the next recorded draw. */
  draw(index: number): Promise<DrawRecord>;
  snapshot(): Promise<Snapshot>;
  restore(snapshot: Snapshot): Promise<void>;
  readonly work: WorkCount;
  readonly tuned: TunedSettings;
  /** Asked for once, after the last draw. */
  readonly report?: RunReport;
  /** Sentences a reader of the result must see (bias near instability, mixture collapsed, …). */
  readonly warnings: readonly string[];
}

/** A sampling algorithm. `Settings` is the camelCase form of its block in the experiment file. */
export interface Sampler<Settings> {
  readonly name: string;
  /** Raised whenever results change for equal settings; part of every run id. */
  readonly numericsVersion: number;
  /** Names of the per-draw statistics, ArviZ's where it has one (`acceptance_rate`, `energy`, `diverging`, `step_size`, …). */
  readonly statistics: readonly string[];
  /** True if draws are independent, so that Markov diagnostics do not apply. */
  readonly isIndependent: boolean;
  /** Rows of the ensemble that `chains` recorded chains need; absent: one each. The rows of a chain lie together. */
  ensembleRows?(settings: Settings, chains: number): number;
  start(posterior: Posterior, settings: Settings): Promise<SamplerRun>;
}
