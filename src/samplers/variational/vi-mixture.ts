/**
 * Mixture of factor analysers centred at w*: q(v) = Σ_m π_m N(0, S_m) over displacements v = w − w*, with
 *   S_m = Σ(I + A_mA_mᵀ)Σ,  Σ = diag(σ),  σ = s∘exp(ρ),  A_m of shape (dim, r_m),  π = softmax(α/T).
 * s is a fixed scale of the coordinates (whitening): it changes how q is parametrised, never what is measured; densities
 * and distances are those of w. σ is shared by the components. (Not softplus(ρ), which other implementations have: that
 * grows by a constant a step, and a flat direction is decades wider than the typical one.)
 *
 * With y = v/σ, C_m = I + A_mᵀA_m and t_m = C_m⁻¹A_mᵀy (Woodbury): log det S_m = 2Σ log σ + log det C_m,
 * vᵀS_m⁻¹v = |y|² − (A_mᵀy)·t_m, S_m⁻¹v = (y − A_mt_m)/σ. Everything costs O(dim·Σr_m).
 *
 * Source: Ghahramani & Hinton (1996), mixtures of factor analysers; Woodbury's identity.
 */
import { choleskyFactor, solveCholesky } from "./small-matrix.ts";

/** Sizes of a mixture and where its numbers lie in the flat parameter vector: ρ, then the columns of A_1, A_2, …, then α. */
export interface MixtureShape {
  readonly dim: number;
  /** r_m. */
  readonly ranks: readonly number[];
  /** Start of A_m; its column j lies at `loadingsAt[m] + j·dim`. */
  readonly loadingsAt: readonly number[];
  readonly logitsAt: number;
  readonly numParameters: number;
}

/** Lays out the parameters of a mixture of `ranks.length` components. */
export const mixtureShape = (dim: number, ranks: readonly number[]): MixtureShape => {
  const loadingsAt: number[] = [];
  let end = dim;
  for (const rank of ranks) {
    loadingsAt.push(end);
    end += rank * dim;
  }
  return { dim, ranks, loadingsAt, logitsAt: end, numParameters: end + ranks.length };
};

/** log q and its derivatives at a point. */
export interface MixturePoint {
  /** log q(v), nats. */
  readonly logDensity: number;
  /** Posterior probabilities of the components given v, shape (M). */
  readonly responsibilities: Float64Array;
  /** ∇ log q(v), shape (dim); overwritten by the next `evaluate`. */
  readonly score: Float64Array;
  /** t_m = E[z | v, m], shape (r_m) of each component; overwritten by the next `evaluate`. */
  readonly factors: readonly Float64Array[];
}

/** Bound of |ρ|: σ stays within six decades of the scale s. */
const maxRho = Math.log(1e6);
/** Responsibilities below this change no double. */
const negligible = 1e-17;

/** A mixture with its parameters and what follows from them. Call `refresh` after changing `values`. */
export class FactorMixture {
  readonly shape: MixtureShape;
  /** The flat parameters. */
  readonly values: Float64Array;
  /** s, shape (dim). */
  readonly scale: Float64Array;
  /** σ, shape (dim). */
  readonly deviation: Float64Array;
  /** π, shape (M). */
  readonly weights: Float64Array;
  readonly #temperature: number;
  readonly #factors: readonly Float64Array[];
  readonly #logDeterminants: Float64Array;
  readonly #whitened: Float64Array;
  readonly #score: Float64Array;
  readonly #solved: readonly Float64Array[];
  #logDeviations = 0;

  constructor(shape: MixtureShape, scale: Float64Array, temperature = 1) {
    this.shape = shape;
    this.scale = scale;
    this.values = new Float64Array(shape.numParameters);
    this.deviation = new Float64Array(shape.dim);
    this.weights = new Float64Array(shape.ranks.length);
    this.#temperature = temperature;
    this.#factors = shape.ranks.map((rank) => new Float64Array(rank * rank));
    this.#logDeterminants = new Float64Array(shape.ranks.length);
    this.#whitened = new Float64Array(shape.dim);
    this.#score = new Float64Array(shape.dim);
    this.#solved = shape.ranks.map((rank) => new Float64Array(rank));
  }

  /** Column j of A_m, a view. */
  column(component: number, j: number): Float64Array {
    const start = this.shape.loadingsAt[component] + j * this.shape.dim;
    return this.values.subarray(start, start + this.shape.dim);
  }

  /** α, a view. */
  get logits(): Float64Array {
    return this.values.subarray(this.shape.logitsAt);
  }

  /** Recomputes what follows from the parameters. Keeps ρ within its bounds. */
  refresh(): void {
    const { deviation, values, scale } = this;
    let sum = 0;
    for (let i = 0; i < deviation.length; i++) {
      values[i] = Math.min(maxRho, Math.max(-maxRho, values[i]));
      deviation[i] = scale[i] * Math.exp(values[i]);
      sum += Math.log(deviation[i]);
    }
    this.#logDeviations = sum;
    softmaxInto(this.weights, this.logits, this.#temperature);
    for (const component of this.shape.ranks.keys()) this.#refreshFactor(component);
  }

  #refreshFactor(component: number): void {
    const rank = this.shape.ranks[component];
    const gram = this.#factors[component];
    for (let j = 0; j < rank; j++) {
      for (let k = 0; k <= j; k++) {
        const entry = dot(this.column(component, j), this.column(component, k)) + (j === k ? 1 : 0);
        gram[j * rank + k] = entry;
        gram[k * rank + j] = entry;
      }
    }
    this.#logDeterminants[component] = choleskyFactor(gram, rank);
  }

  /** v = σ∘(A_m z + ε) into `out`, for latent z (r_m) and noise ε (dim). */
  displace(component: number, draw: { latent: Float64Array; noise: Float64Array }, out: Float64Array): void {
    out.set(draw.noise);
    for (let j = 0; j < this.shape.ranks[component]; j++)
      addScaled(draw.latent[j], this.column(component, j), out);
    for (let i = 0; i < out.length; i++) out[i] *= this.deviation[i];
  }

  /** log q, responsibilities and score at a displacement v. NaN in, NaN out. */
  evaluate(displacement: Float64Array): MixturePoint {
    const y = this.#whitened;
    const { dim, ranks } = this.shape;
    let square = 0;
    for (let i = 0; i < dim; i++) {
      y[i] = displacement[i] / this.deviation[i];
      square += y[i] * y[i];
    }
    const constant = -0.5 * (dim * Math.log(2 * Math.PI) + square) - this.#logDeviations;
    const responsibilities = Float64Array.from(ranks, (_, component) => this.#logJoint(component));
    const logTotal = normaliseLogs(responsibilities);
    this.#scoreInto(responsibilities);
    return { logDensity: constant + logTotal, responsibilities, score: this.#score, factors: this.#solved };
  }

  /** log π_m − ½ log det C_m + ½(A_mᵀy)·t_m; keeps t_m. */
  #logJoint(component: number): number {
    const rank = this.shape.ranks[component];
    const solved = this.#solved[component];
    const projected = Float64Array.from(solved, (_, j) => dot(this.column(component, j), this.#whitened));
    solved.set(projected);
    solveCholesky(this.#factors[component], rank, solved);
    const gain = dot(projected, solved);
    return Math.log(this.weights[component]) + 0.5 * (gain - this.#logDeterminants[component]);
  }

  /** −(y − Σ_m r_m A_m t_m)/σ. */
  #scoreInto(responsibilities: Float64Array): void {
    const score = this.#score;
    for (let i = 0; i < score.length; i++) score[i] = -this.#whitened[i];
    responsibilities.forEach((share, component) => {
      if (share < negligible) return;
      this.#solved[component].forEach((t, j) => addScaled(share * t, this.column(component, j), score));
    });
    for (let i = 0; i < score.length; i++) score[i] /= this.deviation[i];
  }

  /** S̄x with S̄ = Σ_m π_m S_m, the covariance of q; shape (dim). */
  covarianceTimes(x: Float64Array): Float64Array {
    const scaled = x.map((value, i) => value * this.deviation[i]);
    const result = scaled.slice();
    this.shape.ranks.forEach((rank, component) => {
      for (let j = 0; j < rank; j++) {
        const column = this.column(component, j);
        addScaled(this.weights[component] * dot(column, scaled), column, result);
      }
    });
    return result.map((value, i) => value * this.deviation[i]);
  }

  /** Diagonal of S̄: the variances of q, shape (dim). */
  variances(): Float64Array {
    const result = new Float64Array(this.shape.dim).fill(1);
    this.shape.ranks.forEach((rank, component) => {
      for (let j = 0; j < rank; j++) {
        const column = this.column(component, j);
        for (let i = 0; i < result.length; i++) result[i] += this.weights[component] * column[i] * column[i];
      }
    });
    return result.map((value, i) => value * this.deviation[i] ** 2);
  }

  /** exp of the entropy of π: how many components q really uses, from 1 to M. */
  effectiveComponents(): number {
    return Math.exp(this.weights.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0));
  }
}

/** Σ x_i·y_i. */
export const dot = (x: Float64Array, y: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
};

/** y ← y + a·x, in place. */
export const addScaled = (a: number, x: Float64Array, y: Float64Array): void => {
  for (let i = 0; i < y.length; i++) y[i] += a * x[i];
};

const softmaxInto = (out: Float64Array, logits: Float64Array, temperature: number): void => {
  for (let i = 0; i < out.length; i++) out[i] = logits[i] / temperature;
  normaliseLogs(out);
};

/** Logarithms → shares that sum to 1, in place; returns the logarithm of their sum. */
const normaliseLogs = (values: Float64Array): number => {
  const largest = values.reduce((high, value) => Math.max(high, value), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.exp(values[i] - largest);
    sum += values[i];
  }
  for (let i = 0; i < values.length; i++) values[i] /= sum;
  return largest + Math.log(sum);
};
