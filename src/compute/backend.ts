/**
 * The array machine that every sampler is written over.
 *
 * A backend holds arrays of C chains × d parameters on one device and offers few, large operations on them. Operations
 * are enqueued in order and return at once; only `read…` waits. (On CPUs every operation has finished when it returns.)
 *
 * Promises to the caller:
 * - Results depend neither on `numThreads` nor on how chains are batched: reductions have a fixed order.
 * - Random numbers are addressed, never drawn in sequence: see `RandomAddress`. All backends and both precisions see
 *   the same numbers (float32 sees the float64 normal, rounded).
 * - Losses, energies, dot products and everything in `Scalars` are float64, also where weights are float32.
 * - NaN and ±∞ in a position give NaN as its chain's loss (also where relu or tanh would hide it) and touch no other
 *   chain.
 * - An operation's outputs may not alias its inputs unless it says "in place".
 */
import type { Dataset, LossModel } from "./model.ts";

export type Precision = "float64" | "float32";
export type BackendName = "reference" | "native" | "wasm";

/** An array (numChains, dim) of the run's precision on the device. */
export interface Vectors {
  readonly kind: "vectors";
}
/** An array (dim), shared by all chains, of the run's precision on the device. */
export interface Row {
  readonly kind: "row";
}
/** A lower triangular array (dim, dim), shared by all chains, of the run's precision on the device. */
export interface Matrix {
  readonly kind: "matrix";
}
/** One float64 a chain on the device. */
export interface Scalars {
  readonly kind: "scalars";
}

/** What to evaluate, for how many chains. */
export interface Problem {
  readonly model: LossModel;
  readonly dataset: Dataset;
  readonly precision: Precision;
  readonly numChains: number;
  /** Number of the first chain in random addresses: chains run alone see what they see in a batch. Default 0. */
  readonly firstChain?: number;
  /** Seed of all random addresses of this ensemble: an integer in [0, 2⁵³). */
  readonly seed: number;
  /** Lets only some parameters vary. Default: all of them. */
  readonly restriction?: Restriction;
}

/**
 * Some parameters of a model, the others held fixed: the ensemble's dim, arrays, center and random numbers are those of
 * a problem with `free.length` parameters, of which coordinate i is parameter `free[i]` of the model.
 */
export interface Restriction {
  /** Indices that vary, ascending; at least one. */
  readonly free: readonly number[];
  /** Values of all parameters of the model; those at `free` are not used. */
  readonly fixed: Float64Array;
}

/** U(w) = nβ·L_n(w) + (γ/2)·‖w − center‖². One nβ and one γ a chain, so that a ladder of temperatures is one ensemble. */
export interface Potential {
  readonly center: Float64Array;
  readonly nBeta: Float64Array;
  readonly gamma: Float64Array;
}

/**
 * Names a stream of random numbers: the value at (chain, index) is a function of
 * (seed, purpose, chain, step, index) alone. `purpose` is one of `src/random/purpose.ts`.
 */
export interface RandomAddress {
  readonly purpose: number;
  /** Integer in [0, 2³²). */
  readonly step: number;
}

/**
 * Chains in phase space, H = U(q) + ½·Σ V_i p_i². Without a factor q̇ = V∘p and ṗ = −∇U. With F they are q̇ = F·(V∘p) and
 * ṗ = −Fᵀ∇U: p are the momenta of the coordinates F⁻¹q, and F·diag(V)·Fᵀ is the inverse mass matrix.
 */
export interface LeapfrogState {
  /** In and out. */
  readonly position: Vectors;
  /** In and out. */
  readonly momentum: Vectors;
  /** ∇U at `position`: in (must be valid) and out. */
  readonly gradient: Vectors;
  /** V; without a factor the diagonal of the inverse mass matrix. */
  readonly inverseMass: Row;
  readonly factor: Matrix | null;
  /** Out: L_n at the final position. */
  readonly loss: Scalars;
  /** Out: U at the final position. */
  readonly potential: Scalars;
}

export interface LeapfrogSettings {
  /** ε, one a chain. */
  readonly stepSize: Scalars;
  /** At least 1. */
  readonly numSteps: number;
}

export interface TreeSettings {
  /** ε > 0. */
  readonly stepSize: number;
  /** Most doublings, 1 to 20. */
  readonly maxDepth: number;
  /** H − H0 above which a leaf is divergent, nats. */
  readonly divergenceThreshold: number;
  /** Random step of the transition; purposes TREE_DIRECTION, TREE_PROPOSAL and ACCEPT, see `reference/no-u-turn.ts`. */
  readonly step: number;
}

/** Outcome of a no-U-turn transition, one entry a chain. */
export interface TreeInfo {
  /** Mean of min(1, e^{H0−H}) over all leaves, also those of a discarded subtree. */
  readonly acceptanceRate: Float64Array;
  /** H0, nats. */
  readonly energy: Float64Array;
  /** H − H0 of the state moved to, nats; 0 where the chain stayed. */
  readonly energyError: Float64Array;
  /** H − H0 of largest size on the trajectory, nats; +∞ where a leaf was not finite. */
  readonly maxEnergyError: Float64Array;
  /** 1 where a leaf was divergent. */
  readonly isDivergent: Float64Array;
  /** Finished doublings. */
  readonly depth: Float64Array;
  /** Leapfrog steps: gradients. */
  readonly numSteps: Float64Array;
  /** 1 where `maxDepth` alone ended the trajectory: it was still not turning. */
  readonly hasReachedMaxDepth: Float64Array;
}

/** State of unadjusted isokinetic (microcanonical) Langevin dynamics; see `Ensemble.isokinetic`. */
export interface IsokineticState {
  /** In and out. */
  readonly position: Vectors;
  /** Unit vectors u, in and out. */
  readonly direction: Vectors;
  /** ∇U at `position`: in and out. */
  readonly gradient: Vectors;
  /** √V, the diagonal preconditioner. */
  readonly scale: Row;
  /** L_n and U at `position`: in (must be valid) and out. */
  readonly loss: Scalars;
  readonly potential: Scalars;
}

export interface IsokineticSettings {
  readonly integrator: "mclachlan" | "leapfrog";
  readonly stepSize: number;
  /** L, the momentum decoherence length, in the units of `stepSize`. ∞: no refresh. */
  readonly decoherenceLength: number;
  /** At least 1. Isokinetic dynamics need dim ≥ 2. */
  readonly numSteps: number;
  /**
   * Noise of step k is at (`purpose`, `step + k`): coordinate i of the refresh before the moves has index i, of the one
   * after them index 2·⌈dim/2⌉ + i. The fresh direction after a bad step is at `badStepPurpose`, same step, index i.
   */
  readonly noise: RandomAddress;
  readonly badStepPurpose: number;
}

/** Outcome of `numSteps` isokinetic steps, one entry a step and chain at `[step * numChains + chain]`. */
export interface IsokineticInfo {
  /** ΔE = ΔK + ΔU of the step, nats; 0 where the step was bad. */
  readonly energyError: Float64Array;
  /** 1 where the step ended in a non-finite state and was undone (position kept, fresh direction). */
  readonly isBad: Uint8Array;
}

/** State of (preconditioned) stochastic gradient Langevin dynamics; see `Ensemble.langevin`. */
export interface LangevinState {
  /** In and out. */
  readonly position: Vectors;
  /** v, running mean of g²; in and out. Unused by `none`. */
  readonly secondMoment: Vectors;
  /** m, running mean of g; in and out. Used by `adam` only. */
  readonly firstMoment: Vectors;
}

/**
 * One step at counter t (1 for the first step ever): g = ∇ of the minibatch mean loss at w;
 * - `none`: P = 1, drift g;
 * - `rmsprop`: v ← b2·v + (1 − b2)·g² (unless `isFrozen`), v̂ = v/(1 − b2^t) if `biasCorrection`, P = 1/(√v̂ + a), drift g;
 * - `adam`: the same P, and m ← b1·m + (1 − b1)·g, drift m̂ = m/(1 − b1^t) if `biasCorrection`;
 * w ← w − (ε/2)·P∘(nβ·drift + γ(w − center)) + √(ε·P)∘z.
 * Source: Hitchcock & Hoogland (2025), appendix D.3; Welling & Teh (2011).
 */
export interface LangevinSettings {
  readonly preconditioner: "none" | "rmsprop" | "adam";
  /** ε at each step, length `numSteps`. */
  readonly stepSizes: Float64Array;
  /** 0: all data (no minibatch). Otherwise rows drawn with replacement, anew for each chain and step. */
  readonly batchSize: number;
  readonly beta1: number;
  readonly beta2: number;
  /** a, the floor of the preconditioner's denominator. */
  readonly floor: number;
  readonly biasCorrection: boolean;
  readonly isFrozen: boolean;
  /** Steps done before this call; the step at offset k has counter t = `stepsDone` + k + 1 and random step `stepsDone` + k. */
  readonly stepsDone: number;
  readonly numSteps: number;
}

/** Operations on the arrays of one problem. */
export interface Ensemble {
  readonly numChains: number;
  readonly dim: number;
  readonly numData: number;
  readonly precision: Precision;

  vectors(): Vectors;
  row(): Row;
  matrix(): Matrix;
  scalars(): Scalars;

  /** `values`: (numChains, dim) row-major, rounded to the precision. */
  writeVectors(target: Vectors, values: Float64Array): void;
  writeRow(target: Row, values: Float64Array): void;
  /** `values`: (dim, dim) row-major; what lies right of the diagonal is not read. */
  writeMatrix(target: Matrix, values: Float64Array): void;
  writeScalars(target: Scalars, values: Float64Array): void;
  /** Copies that the caller owns. */
  readVectors(source: Vectors): Promise<Float64Array>;
  readRow(source: Row): Promise<Float64Array>;
  readScalars(source: Scalars): Promise<Float64Array>;

  copy(source: Vectors, target: Vectors): void;
  /** Row c of `target` ← row c of `source` where `mask[c]` is not 0. */
  select(mask: Uint8Array, source: Vectors, target: Vectors): void;
  /** y ← y + alpha[c]·x, in place. `alpha`: one a chain. */
  axpy(alpha: Float64Array, x: Vectors, y: Vectors): void;
  /** x ← x∘row, in place. */
  scaleByRow(row: Row, x: Vectors): void;
  /** Σ_i x_i·y_i a chain. */
  dot(x: Vectors, y: Vectors, out: Scalars): void;
  /** Σ_i row_i·x_i·y_i a chain. */
  weightedDot(row: Row, x: Vectors, y: Vectors, out: Scalars): void;
  /** ‖w − center‖² a chain, `center` of `setPotential`. */
  squaredDistance(position: Vectors, out: Scalars): void;
  /** Standard normal numbers; index = coordinate. */
  normal(address: RandomAddress, out: Vectors): void;

  /** Sets U for every later operation. */
  setPotential(potential: Potential): void;
  /** L_n(w) over all data. */
  loss(position: Vectors, loss: Scalars): void;
  /** L_n(w) and ∇L_n(w) over all data. */
  lossAndGradient(position: Vectors, loss: Scalars, gradient: Vectors): void;
  /** The same over `batchSize` rows that chain and step pick at (purpose MINIBATCH, `step`), as `langevin` does. */
  minibatchLossAndGradient(
    position: Vectors,
    batch: { batchSize: number; step: number },
    out: LossAndGradient,
  ): void;
  /** L_n, U and ∇U. */
  potentialAndGradient(position: Vectors, out: LossAndGradient & { potential: Scalars }): void;

  /** Velocity-Verlet trajectory, in place. A chain whose state is not finite stays so: its potential is NaN or ∞. */
  leapfrog(state: LeapfrogState, settings: LeapfrogSettings): void;
  /**
   * One transition of the no-U-turn sampler, in place (`reference/no-u-turn.ts` gives the rules); a chain does as many
   * gradients as its own tree. In: L_n and U too must be valid, momenta fresh; out: momenta are undefined.
   */
  noUTurn(state: LeapfrogState, settings: TreeSettings): Promise<TreeInfo>;
  /** O–BAB(AB)–O steps of microcanonical Langevin dynamics, in place (equations, bad steps: `reference/isokinetic.ts`). */
  isokinetic(state: IsokineticState, settings: IsokineticSettings): Promise<IsokineticInfo>;
  /** SGLD steps, in place. */
  langevin(state: LangevinState, settings: LangevinSettings): void;

  /** Frees device memory; no operation may follow. */
  close(): void;
}

export interface LossAndGradient {
  readonly loss: Scalars;
  readonly gradient: Vectors;
}

/** A device with its threads. */
export interface Backend {
  readonly name: BackendName;
  /** For manifests and `lambda-hat backends`, for example `native: cc 12.2, AVX-512, 2 threads`. */
  readonly description: string;
  /** Bytes a vector register holds; results are bit-identical only for the same backend and width. 8 for reference. */
  readonly vectorBytes: number;
  readonly numThreads: number;
  open(problem: Problem): Ensemble;
  /** Stops threads. Open ensembles die with it. */
  close(): void;
}
