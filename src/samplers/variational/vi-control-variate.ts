/**
 * Control variates for E_q[L_n]: parts of a quadratic model of the loss, whose means under q are known exactly.
 *
 * With x = v/σ̄ (σ̄ the mean standard deviations of the fits) and orthonormal columns Q, B = QTQᵀ + diag(b) models the
 * Hessian σ̄∘∇²L_n∘σ̄: Q spans its leading directions (one multiplication of random directions), T = QᵀHQ (a second
 * one), b is what Rademacher probes say of the diagonal of the rest. Products are central differences of full gradients
 * over one standard deviation, so B is the curvature that the posterior feels; the sums of the same gradients give g,
 * the slope that it feels.
 *
 * The variates g·v, ½xᵀQTQᵀx and ½Σb_i x_i² have the exact means 0, ½tr(TQᵀS̄Q) and ½Σb_iS̄_ii (S̄ of x, its diagonal
 * part included). The means do not depend on g and B being those of the loss: their errors cost variance, never bias.
 * The coefficients come from pilot draws that are not recorded, so they are independent of the draws they are used on.
 */
import type { Vectors } from "../../compute/backend.ts";
import { purpose } from "../../random/purpose.ts";
import { arrayIn } from "../chains/snapshot-fields.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior, Snapshot } from "../sampler.ts";
import { choleskyFactor, orthonormalise, solveCholesky } from "./small-matrix.ts";
import { addScaled, dot, type FactorMixture } from "./vi-mixture.ts";
import { type CurvatureRounds, curvatureRounds } from "./vi-settings.ts";

/** Values of the three variates: linear, leading, diagonal. */
export type Variates = readonly [number, number, number];

/** A draw of q to fit coefficients from, less the means of its chain. */
export interface PilotDraw {
  readonly loss: number;
  readonly variates: Variates;
}

/** The model of the loss, built round by round, and the coefficients. Mutable. */
export class ControlVariate {
  /** Coefficients κ of the variates; 0 until `fit`. */
  readonly coefficients = new Float64Array(3);
  readonly #posterior: Posterior;
  readonly #counter: WorkCounter;
  readonly #rounds: CurvatureRounds;
  /** σ̄, shape (dim). */
  readonly #width: Float64Array;
  /** σ̄∘g, averaged over the directions of the first rounds; shape (dim). */
  readonly #slope: Float64Array;
  /** Q, and before that the products that it is made of. */
  readonly #columns: readonly Float64Array[];
  /** HQ. */
  readonly #products: readonly Float64Array[];
  /** T, (numColumns, numColumns). */
  readonly #core: Float64Array;
  /** Σ over probes of ω∘(Rω), then b; shape (dim). */
  readonly #diagonal: Float64Array;

  constructor(posterior: Posterior, counter: WorkCounter) {
    const { dim } = posterior.ensemble;
    this.#posterior = posterior;
    this.#counter = counter;
    this.#rounds = curvatureRounds(posterior.ensemble);
    const columns = (): Float64Array[] =>
      Array.from({ length: this.#rounds.numColumns }, () => new Float64Array(dim));
    this.#width = new Float64Array(dim);
    this.#slope = new Float64Array(dim);
    this.#columns = columns();
    this.#products = columns();
    this.#core = new Float64Array(this.#rounds.numColumns ** 2);
    this.#diagonal = new Float64Array(dim);
  }

  /** Does round `index` of `2·columns + diagonal`: two full gradients of each chain. */
  async round(index: number, mixtures: readonly FactorMixture[]): Promise<void> {
    const { columns, diagonal } = this.#rounds;
    if (index === 0) this.#adoptWidth(mixtures);
    if (index < columns) await this.#findColumns(index);
    else if (index < 2 * columns) await this.#multiplyColumns(index - columns);
    else await this.#probeDiagonal(index);
    if (index === columns - 1) orthonormalise(this.#columns);
    if (index === 2 * columns - 1) this.#finishCore();
    if (index === 2 * columns + diagonal - 1) this.#finishDiagonal();
  }

  #adoptWidth(mixtures: readonly FactorMixture[]): void {
    for (const mixture of mixtures) addScaled(1 / mixtures.length, mixture.variances(), this.#width);
    for (let i = 0; i < this.#width.length; i++) this.#width[i] = Math.sqrt(this.#width[i]);
  }

  async #findColumns(round: number): Promise<void> {
    const directions = await this.#normals(round);
    const { products, slopes } = await this.#differentiate(directions);
    products.forEach((product, chain) => this.#columns[round * products.length + chain]?.set(product));
    const numDirections = this.#rounds.columns * slopes.length;
    for (const slope of slopes) addScaled(1 / numDirections, slope, this.#slope);
  }

  async #multiplyColumns(round: number): Promise<void> {
    const { numChains, dim } = this.#posterior.ensemble;
    const nothing = new Float64Array(dim);
    const directions = Array.from(
      { length: numChains },
      (_, chain) => this.#columns[round * numChains + chain] ?? nothing,
    );
    const { products } = await this.#differentiate(directions);
    products.forEach((product, chain) => this.#products[round * numChains + chain]?.set(product));
  }

  #finishCore(): void {
    const size = this.#columns.length;
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < size; k++) {
        const [one, other] = [
          dot(this.#columns[j], this.#products[k]),
          dot(this.#columns[k], this.#products[j]),
        ];
        this.#core[j * size + k] = (one + other) / 2;
      }
    }
  }

  async #probeDiagonal(index: number): Promise<void> {
    const signs = (await this.#normals(index)).map((normals) => normals.map((value) => (value < 0 ? -1 : 1)));
    const { products } = await this.#differentiate(signs);
    signs.forEach((sign, chain) => {
      const rest = products[chain];
      const modelled = this.#coreTimes(this.#project(sign));
      this.#columns.forEach((column, k) => addScaled(-modelled[k], column, rest));
      for (let i = 0; i < rest.length; i++) this.#diagonal[i] += sign[i] * rest[i];
    });
  }

  #finishDiagonal(): void {
    const numProbes = this.#rounds.diagonal * this.#posterior.ensemble.numChains;
    for (let i = 0; i < this.#diagonal.length; i++) this.#diagonal[i] /= Math.max(1, numProbes);
  }

  async #normals(round: number): Promise<Float64Array[]> {
    const { ensemble } = this.#posterior;
    const out = ensemble.vectors();
    ensemble.normal({ purpose: purpose.probe, step: 1 + round }, out);
    return rowsOf(await ensemble.readVectors(out), ensemble.dim);
  }

  /** σ̄∘∇²L_n∘σ̄ times one direction a chain, and σ̄∘∇L_n averaged over its ends; 0 where not finite. */
  async #differentiate(
    directions: readonly Float64Array[],
  ): Promise<{ products: Float64Array[]; slopes: Float64Array[] }> {
    const ahead = await this.#gradients(directions, 1);
    const behind = await this.#gradients(directions, -1);
    const combined = (sign: number): Float64Array[] =>
      ahead.map((gradient, chain) => {
        const half = gradient.map((value, i) => 0.5 * this.#width[i] * (value + sign * behind[chain][i]));
        return Number.isFinite(dot(half, half)) ? half : half.fill(0);
      });
    return { products: combined(-1), slopes: combined(1) };
  }

  async #gradients(directions: readonly Float64Array[], sign: number): Promise<Float64Array[]> {
    const { ensemble, center } = this.#posterior;
    const positions = new Float64Array(ensemble.numChains * ensemble.dim);
    directions.forEach((direction, chain) => {
      for (let i = 0; i < ensemble.dim; i++) {
        positions[chain * ensemble.dim + i] = center[i] + sign * this.#width[i] * direction[i];
      }
    });
    const position: Vectors = ensemble.vectors();
    const gradient: Vectors = ensemble.vectors();
    ensemble.writeVectors(position, positions);
    ensemble.lossAndGradient(position, ensemble.scalars(), gradient);
    this.#counter.addGradients(1);
    return rowsOf(await ensemble.readVectors(gradient), ensemble.dim);
  }

  #project(x: Float64Array): Float64Array {
    return Float64Array.from(this.#columns, (column) => dot(column, x));
  }

  #coreTimes(a: Float64Array): Float64Array {
    return a.map((_, j) => dot(this.#core.subarray(j * a.length, (j + 1) * a.length), a));
  }

  /** The variates at a displacement v. */
  variatesAt(displacement: Float64Array): Variates {
    const x = displacement.map((value, i) => value / this.#width[i]);
    const projected = this.#project(x);
    const diagonal = x.reduce((sum, value, i) => sum + this.#diagonal[i] * value * value, 0);
    return [dot(this.#slope, x), dot(projected, this.#coreTimes(projected)) / 2, diagonal / 2];
  }

  /** Their expectations under q, exact. */
  meansUnder(mixture: FactorMixture): Variates {
    const size = this.#columns.length;
    let core = 0;
    this.#columns.forEach((column, j) => {
      const spread = mixture.covarianceTimes(column.map((value, i) => value / this.#width[i]));
      const scaled = spread.map((value, i) => value / this.#width[i]);
      for (let k = 0; k < size; k++) core += this.#core[j * size + k] * dot(this.#columns[k], scaled);
    });
    const variances = mixture.variances();
    const diagonal = variances.reduce(
      (sum, value, i) => sum + (this.#diagonal[i] * value) / this.#width[i] ** 2,
      0,
    );
    return [0, core / 2, diagonal / 2];
  }

  /** Sets the coefficients by least squares; draws that are not finite are left out. */
  fit(pilots: readonly PilotDraw[]): void {
    this.coefficients.set(leastSquares(pilots));
  }

  snapshot(): Snapshot {
    return {
      variateCoefficients: this.coefficients.slice(),
      variateWidth: this.#width.slice(),
      variateSlope: this.#slope.slice(),
      variateColumns: joined(this.#columns),
      variateProducts: joined(this.#products),
      variateCore: this.#core.slice(),
      variateDiagonal: this.#diagonal.slice(),
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another size. */
  restore(snapshot: Snapshot): void {
    const fill = (name: string, target: Float64Array): void =>
      target.set(arrayIn(snapshot, name, target.length));
    fill("variateCoefficients", this.coefficients);
    fill("variateWidth", this.#width);
    fill("variateSlope", this.#slope);
    fill("variateCore", this.#core);
    fill("variateDiagonal", this.#diagonal);
    for (const [name, columns] of [
      ["variateColumns", this.#columns],
      ["variateProducts", this.#products],
    ] as const) {
      const dim = this.#width.length;
      const values = arrayIn(snapshot, name, columns.length * dim);
      columns.forEach((column, k) => column.set(values.subarray(k * dim, (k + 1) * dim)));
    }
  }
}

const rowsOf = (values: Float64Array, dim: number): Float64Array[] =>
  Array.from({ length: values.length / dim }, (_, row) => values.subarray(row * dim, (row + 1) * dim));

const joined = (columns: readonly Float64Array[]): Float64Array =>
  Float64Array.from(columns.flatMap((column) => [...column]));

/** κ that minimises Σ(loss − κ·variates)²; 0 for a variate that does not vary. */
const leastSquares = (pilots: readonly PilotDraw[]): Float64Array => {
  const usable = pilots.filter(({ loss, variates }) =>
    Number.isFinite(loss + variates[0] + variates[1] + variates[2]),
  );
  const sizes = [0, 1, 2].map((j) =>
    Math.sqrt(usable.reduce((sum, { variates }) => sum + variates[j] ** 2, 0)),
  );
  // Correlations with a ridge: a variate that repeats another shares its coefficient, one that is 0 gets none.
  const normal = new Float64Array(9);
  const right = new Float64Array(3);
  for (let j = 0; j < 3; j++) {
    const unit = ({ variates }: PilotDraw, k: number): number => (sizes[k] > 0 ? variates[k] / sizes[k] : 0);
    for (let k = 0; k < 3; k++)
      normal[3 * j + k] = usable.reduce((sum, pilot) => sum + unit(pilot, j) * unit(pilot, k), 0);
    normal[4 * j] += 1e-9;
    right[j] = usable.reduce((sum, pilot) => sum + pilot.loss * unit(pilot, j), 0);
  }
  choleskyFactor(normal, 3);
  solveCholesky(normal, 3, right);
  return right.map((value, j) => (sizes[j] > 0 ? value / sizes[j] : 0));
};
