/**
 * The Hessian H of the loss at w*, found unit by unit: dense, by its leading directions, or its diagonal.
 *
 * - `dense`: H e_i for every coordinate, made symmetric, and its eigenvectors.
 * - `low_rank`: leading directions by two multiplications of random vectors (subspace iteration), their part T = QᵀHQ
 *   exactly, and of the rest the mean curvature, Σ ωᵀHω/Σ|ω|² over random signs from which Q is projected out.
 * - `diagonal`: mean of ω∘Hω over random signs ω, exact where H is diagonal.
 *
 * Random vectors are numbered by themselves, not by chain: the estimate is the same for any number of chains.
 * Source: Halko, Martinsson & Tropp (2011); Hutchinson (1990); Bekas, Kokiopoulou & Saad (2007).
 */
import { fillNormal } from "../../random/normal.ts";
import { purpose } from "../../random/purpose.ts";
import { arrayIn } from "../chains/snapshot-fields.ts";
import type { StagePosition } from "../chains/stages.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior, Snapshot } from "../sampler.ts";
import { orthonormalise } from "../variational/small-matrix.ts";
import { HessianProducts } from "./hessian-products.ts";
import type { HessianKind, LaplaceSettings, LaplaceStage } from "./laplace-settings.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

/** H = Σ_j curvatures[j]·q_j·q_jᵀ + restCurvature·(I − Σ_j q_j·q_jᵀ). */
export interface Curvature {
  /** Orthonormal; null: the coordinates. */
  readonly directions: readonly Float64Array[] | null;
  readonly curvatures: Float64Array;
  /** 0 where the directions are all there are. */
  readonly restCurvature: number;
}

/** Mutable; call `unit` for every unit of the stages, then `result`. */
export class CurvatureEstimate {
  readonly #posterior: Posterior;
  readonly #kind: HessianKind;
  readonly #numProbes: number;
  readonly #products: HessianProducts;
  /** q_j so far; for `dense` the coordinates, which are not kept. */
  readonly #directions: Float64Array[];
  /** H times the directions. */
  readonly #images: readonly Float64Array[];
  /** Sums over probes: ω∘Hω, or ωᵀHω and |ω|² of what directions leave of them. */
  readonly #probed: Float64Array;

  constructor(
    posterior: Posterior,
    counter: WorkCounter,
    { kind, settings }: { kind: HessianKind; settings: LaplaceSettings },
  ) {
    const { dim } = posterior.ensemble;
    const numImages = { dense: dim, low_rank: Math.min(settings.rank, dim), diagonal: 0 }[kind];
    const vectors = (count: number): Float64Array[] =>
      Array.from({ length: count }, () => new Float64Array(dim));
    this.#posterior = posterior;
    this.#kind = kind;
    this.#numProbes = settings.probes;
    this.#products = new HessianProducts(posterior, counter, settings.differenceStep);
    this.#directions = vectors(kind === "low_rank" ? numImages : 0);
    this.#images = vectors(numImages);
    this.#probed = new Float64Array(kind === "diagonal" ? dim : 2);
  }

  /** Two full gradients of every chain. */
  async unit({ name, offset, isLast }: StagePosition<LaplaceStage>): Promise<void> {
    const first = offset * this.#posterior.ensemble.numChains;
    if (name === "probes") return this.#probe(first);
    if (name === "find" && offset === 0)
      this.#directions.forEach((_, j) => this.#directions[j].set(this.#normals(j)));
    const vectors = this.#batch(this.#images.length, first).map((j) =>
      name === "columns" ? unitVector(this.#posterior.ensemble.dim, j) : this.#directions[j],
    );
    const images = await this.#products.of(vectors);
    images.forEach((image, row) => this.#images[first + row].set(image));
    if (!isLast || name === "columns") return;
    if (name === "core") this.#turn();
    else this.#adoptImages();
  }

  /** Numbers from `first` of at most one a chain, below `count`. */
  #batch(count: number, first: number): number[] {
    const length = Math.min(this.#posterior.ensemble.numChains, count - first);
    return Array.from({ length }, (_, row) => first + row);
  }

  #adoptImages(): void {
    this.#directions.forEach((direction, j) => direction.set(this.#images[j]));
    orthonormalise(this.#directions);
    // Where H has fewer dimensions than there are columns, the others must still be directions.
    const first = this.#images.length + this.#numProbes;
    this.#directions.forEach((direction, j) => {
      if (direction.every((value) => value === 0)) direction.set(this.#normals(first + j));
    });
    orthonormalise(this.#directions);
  }

  /** Directions and images ← those of the eigenvectors of T. */
  #turn(): void {
    const size = this.#directions.length;
    const { vectors } = symmetricEigen(this.#core(), size);
    for (const set of [this.#directions, this.#images]) {
      const turned = vectors.map((vector) => combine(set, vector));
      turned.forEach((column, j) => set[j].set(column));
    }
  }

  /** T, made symmetric. */
  #core(): Float64Array {
    const size = this.#directions.length;
    const core = new Float64Array(size * size);
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < size; k++) {
        const half = 0.5 * dot(this.#directions[j], this.#images[k]);
        core[j * size + k] += half;
        core[k * size + j] += half;
      }
    }
    return core;
  }

  async #probe(first: number): Promise<void> {
    const signs = this.#batch(this.#numProbes, first).map((probe) =>
      this.#withoutDirections(
        this.#normals(this.#images.length + probe).map((value) => (value < 0 ? -1 : 1)),
      ),
    );
    const images = await this.#products.of(signs);
    images.forEach((image, row) => {
      if (this.#kind === "low_rank") this.#addQuotient(signs[row], image);
      else for (let i = 0; i < image.length; i++) this.#probed[i] += signs[row][i] * image[i];
    });
  }

  /** A quotient of sums: exact where all other curvatures are equal. */
  #addQuotient(rest: Float64Array, image: Float64Array): void {
    this.#probed[0] += dot(rest, image);
    this.#probed[1] += dot(rest, rest);
  }

  #withoutDirections(x: Float64Array): Float64Array {
    for (const direction of this.#directions) {
      const along = dot(direction, x);
      for (let i = 0; i < x.length; i++) x[i] -= along * direction[i];
    }
    return x;
  }

  #normals(index: number): Float64Array {
    const out = new Float64Array(this.#posterior.ensemble.dim);
    fillNormal({ seed: this.#posterior.seed, purpose: purpose.probe, step: 1 + index }, out);
    return out;
  }

  /** What was found. NaN where gradients were not finite. */
  result(): Curvature {
    const { dim } = this.#posterior.ensemble;
    if (this.#kind === "diagonal") {
      const curvatures = this.#probed.map((sum) => sum / this.#numProbes);
      return { directions: null, curvatures, restCurvature: 0 };
    }
    if (this.#kind === "dense") {
      const { values, vectors } = symmetricEigen(symmetrised(this.#images), dim);
      return { directions: vectors, curvatures: values, restCurvature: 0 };
    }
    const curvatures = Float64Array.from(this.#directions, (direction, j) => dot(direction, this.#images[j]));
    const restCurvature = curvatures.length < dim ? this.#probed[0] / this.#probed[1] : 0;
    return { directions: this.#directions, curvatures, restCurvature };
  }

  snapshot(): Snapshot {
    return {
      curvatureDirections: joined(this.#directions),
      curvatureImages: joined(this.#images),
      curvatureProbed: this.#probed.slice(),
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another size. */
  restore(snapshot: Snapshot): void {
    const { dim } = this.#posterior.ensemble;
    for (const [name, vectors] of [
      ["curvatureDirections", this.#directions],
      ["curvatureImages", this.#images],
    ] as const) {
      const values = arrayIn(snapshot, name, vectors.length * dim);
      vectors.forEach((vector, j) => vector.set(values.subarray(j * dim, (j + 1) * dim)));
    }
    this.#probed.set(arrayIn(snapshot, "curvatureProbed", this.#probed.length));
  }
}

const dot = (x: Float64Array, y: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
};

const unitVector = (dim: number, index: number): Float64Array => {
  const out = new Float64Array(dim);
  out[index] = 1;
  return out;
};

const combine = (columns: readonly Float64Array[], factors: Float64Array): Float64Array => {
  const out = new Float64Array(columns[0].length);
  columns.forEach((column, j) => {
    for (let i = 0; i < out.length; i++) out[i] += factors[j] * column[i];
  });
  return out;
};

/** Rows of H → ½(H + Hᵀ), row-major. */
const symmetrised = (rows: readonly Float64Array[]): Float64Array => {
  const size = rows.length;
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) out[i * size + j] = 0.5 * (rows[i][j] + rows[j][i]);
  }
  return out;
};

const joined = (columns: readonly Float64Array[]): Float64Array => {
  const out = new Float64Array(columns.reduce((sum, column) => sum + column.length, 0));
  let at = 0;
  for (const column of columns) {
    out.set(column, at);
    at += column.length;
  }
  return out;
};
