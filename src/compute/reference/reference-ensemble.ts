/**
 * The operations of `Ensemble` in plain float64 TypeScript: the truth that kernels are tested against.
 *
 * Written to be read, not to be fast; chains are done one after the other. Both precisions compute in float64, so for
 * `float32` it shows what a float32 kernel rounds. Equations are in the files of the single-chain functions.
 */
import { purpose } from "../../random/purpose.ts";
import type {
  Ensemble,
  IsokineticInfo,
  IsokineticSettings,
  IsokineticState,
  LangevinSettings,
  LangevinState,
  LeapfrogSettings,
  LeapfrogState,
  LossAndGradient,
  Matrix,
  Potential,
  Precision,
  Problem,
  RandomAddress,
  Row,
  Scalars,
  TreeInfo,
  TreeSettings,
  Vectors,
} from "../backend.ts";
import { checkPotential } from "../check-problem.ts";
import { dimOfProblem, restrictedLoss } from "../restriction.ts";
import { treeInfoOf, treeInfoRows } from "../tree-info.ts";
import { type ChainPotential, chainPotentialOf, type Evaluation } from "./chain-potential.ts";
import { ChainRandom } from "./chain-random.ts";
import { isokineticStep } from "./isokinetic.ts";
import { langevinStep } from "./langevin.ts";
import { type LeapfrogChain, leapfrogChain } from "./leapfrog.ts";
import type { LossFunction } from "./loss-function.ts";
import { lossFunctionOf } from "./model-loss.ts";
import { growTree } from "./no-u-turn.ts";
import { massOf, ReferenceArray, valuesOf } from "./reference-array.ts";
import { squaredDistance } from "./squared-distance.ts";

/** Arrays of one problem on the host. */
export class ReferenceEnsemble implements Ensemble {
  readonly numChains: number;
  readonly dim: number;
  readonly numData: number;
  readonly precision: Precision;
  readonly #random: ChainRandom;
  readonly #lossOf: LossFunction;
  #potential: Potential | null = null;

  /** @param lossOf what to evaluate instead of the problem's model: a density that no model has. */
  constructor(problem: Problem, lossOf: LossFunction = lossFunctionOf(problem.model, problem.dataset)) {
    this.numChains = problem.numChains;
    this.dim = dimOfProblem(problem);
    this.numData = problem.dataset.numData;
    this.precision = problem.precision;
    this.#random = new ChainRandom(problem);
    this.#lossOf = restrictedLoss(problem, lossOf);
  }

  vectors(): Vectors {
    return new ReferenceArray("vectors", this.numChains * this.dim);
  }
  row(): Row {
    return new ReferenceArray("row", this.dim);
  }
  matrix(): Matrix {
    return new ReferenceArray("matrix", this.dim * this.dim);
  }
  scalars(): Scalars {
    return new ReferenceArray("scalars", this.numChains);
  }

  writeVectors(target: Vectors, values: Float64Array): void {
    valuesOf(target).set(values);
  }
  writeRow(target: Row, values: Float64Array): void {
    valuesOf(target).set(values);
  }
  writeMatrix(target: Matrix, values: Float64Array): void {
    valuesOf(target).set(values);
  }
  writeScalars(target: Scalars, values: Float64Array): void {
    valuesOf(target).set(values);
  }
  async readVectors(source: Vectors): Promise<Float64Array> {
    return valuesOf(source).slice();
  }
  async readRow(source: Row): Promise<Float64Array> {
    return valuesOf(source).slice();
  }
  async readScalars(source: Scalars): Promise<Float64Array> {
    return valuesOf(source).slice();
  }

  copy(source: Vectors, target: Vectors): void {
    valuesOf(target).set(valuesOf(source));
  }

  select(mask: Uint8Array, source: Vectors, target: Vectors): void {
    this.#forEachChain((chain) => {
      if (mask[chain] !== 0) this.#chainOf(target, chain).set(this.#chainOf(source, chain));
    });
  }

  axpy(alpha: Float64Array, x: Vectors, y: Vectors): void {
    this.#forEachChain((chain) => {
      const from = this.#chainOf(x, chain);
      const into = this.#chainOf(y, chain);
      for (let i = 0; i < this.dim; i++) into[i] += alpha[chain] * from[i];
    });
  }

  scaleByRow(row: Row, x: Vectors): void {
    const factors = valuesOf(row);
    this.#forEachChain((chain) => {
      const values = this.#chainOf(x, chain);
      for (let i = 0; i < this.dim; i++) values[i] *= factors[i];
    });
  }
  dot(x: Vectors, y: Vectors, out: Scalars): void {
    this.#forEachChain((chain) => {
      const b = this.#chainOf(y, chain);
      valuesOf(out)[chain] = this.#chainOf(x, chain).reduce((sum, value, i) => sum + value * b[i], 0);
    });
  }
  // oxlint-disable-next-line max-params -- the signature of the contract
  weightedDot(row: Row, x: Vectors, y: Vectors, out: Scalars): void {
    const weights = valuesOf(row);
    this.#forEachChain((chain) => {
      const b = this.#chainOf(y, chain);
      valuesOf(out)[chain] = this.#chainOf(x, chain).reduce((sum, a, i) => sum + weights[i] * a * b[i], 0);
    });
  }
  squaredDistance(position: Vectors, out: Scalars): void {
    const { center } = this.#requirePotential();
    this.#forEachChain((chain) => {
      valuesOf(out)[chain] = squaredDistance(this.#chainOf(position, chain), center);
    });
  }

  normal(address: RandomAddress, out: Vectors): void {
    this.#forEachChain((chain) => {
      this.#chainOf(out, chain).set(this.#random.normals(address, chain));
    });
  }

  setPotential(potential: Potential): void {
    checkPotential(this, potential);
    this.#potential = structuredClone(potential);
  }

  loss(position: Vectors, loss: Scalars): void {
    this.#forEachChain((chain) => {
      valuesOf(loss)[chain] = this.#lossOf(this.#chainOf(position, chain), null, null);
    });
  }

  lossAndGradient(position: Vectors, loss: Scalars, gradient: Vectors): void {
    this.#forEachChain((chain) => {
      const slope = this.#chainOf(gradient, chain);
      valuesOf(loss)[chain] = this.#lossOf(this.#chainOf(position, chain), null, slope);
    });
  }

  minibatchLossAndGradient(
    position: Vectors,
    batch: { batchSize: number; step: number },
    out: LossAndGradient,
  ): void {
    this.#forEachChain((chain) => {
      const rows = this.#random.batchRows(batch, chain);
      const slope = this.#chainOf(out.gradient, chain);
      valuesOf(out.loss)[chain] = this.#lossOf(this.#chainOf(position, chain), rows, slope);
    });
  }

  potentialAndGradient(position: Vectors, out: LossAndGradient & { potential: Scalars }): void {
    this.#forEachChain((chain) => {
      const evaluate = this.#chainPotential(chain);
      const result = evaluate(this.#chainOf(position, chain), this.#chainOf(out.gradient, chain));
      this.#record(out, chain, result);
    });
  }

  leapfrog(state: LeapfrogState, settings: LeapfrogSettings): void {
    this.#forEachChain((chain) => {
      const result = leapfrogChain(this.#pointOf(state, chain), this.#chainPotential(chain), {
        stepSize: valuesOf(settings.stepSize)[chain],
        numSteps: settings.numSteps,
        ...massOf(state),
      });
      this.#record(state, chain, result);
    });
  }

  async noUTurn(state: LeapfrogState, settings: TreeSettings): Promise<TreeInfo> {
    const info = treeInfoOf(new Float64Array(treeInfoRows * this.numChains), this.numChains);
    this.#forEachChain((chain) => {
      const arrays = {
        ...this.#pointOf(state, chain),
        evaluation: { loss: valuesOf(state.loss)[chain], potential: valuesOf(state.potential)[chain] },
      };
      const outcome = growTree(arrays, this.#chainPotential(chain), {
        ...settings,
        ...massOf(state),
        stream: this.#random.streamOf(chain),
      });
      for (const [name, value] of Object.entries(outcome)) info[name as keyof TreeInfo][chain] = value;
      this.#record(state, chain, arrays.evaluation);
    });
    return info;
  }

  async isokinetic(state: IsokineticState, settings: IsokineticSettings): Promise<IsokineticInfo> {
    const energyError = new Float64Array(settings.numSteps * this.numChains);
    const isBad = new Uint8Array(settings.numSteps * this.numChains);
    this.#forEachChain((chain) => {
      const arrays = {
        position: this.#chainOf(state.position, chain),
        direction: this.#chainOf(state.direction, chain),
        gradient: this.#chainOf(state.gradient, chain),
        evaluation: { loss: valuesOf(state.loss)[chain], potential: valuesOf(state.potential)[chain] },
      };
      for (let k = 0; k < settings.numSteps; k++) {
        const noise = { purpose: settings.noise.purpose, step: settings.noise.step + k };
        const outcome = isokineticStep(arrays, this.#chainPotential(chain), {
          integrator: settings.integrator,
          stepSize: settings.stepSize,
          decoherenceLength: settings.decoherenceLength,
          scale: valuesOf(state.scale),
          noiseBefore: this.#random.normals(noise, chain),
          noiseAfter: this.#random.normals(noise, chain, 2 * Math.ceil(this.dim / 2)),
          freshDirection: () => this.#random.normals({ ...noise, purpose: settings.badStepPurpose }, chain),
        });
        energyError[k * this.numChains + chain] = outcome.energyError;
        isBad[k * this.numChains + chain] = outcome.isBad ? 1 : 0;
      }
      this.#record(state, chain, arrays.evaluation);
    });
    return { energyError, isBad };
  }

  langevin(state: LangevinState, settings: LangevinSettings): void {
    const { center, nBeta, gamma } = this.#requirePotential();
    const gradient = new Float64Array(this.dim);
    this.#forEachChain((chain) => {
      const arrays = {
        position: this.#chainOf(state.position, chain),
        secondMoment: this.#chainOf(state.secondMoment, chain),
        firstMoment: this.#chainOf(state.firstMoment, chain),
      };
      for (let offset = 0; offset < settings.numSteps; offset++) {
        const step = settings.stepsDone + offset;
        const rows = settings.batchSize === 0 ? null : this.#random.batchRows({ ...settings, step }, chain);
        this.#lossOf(arrays.position, rows, gradient);
        const noise = this.#random.normals({ purpose: purpose.langevinNoise, step }, chain);
        const inputs = { gradient, noise, center, nBeta: nBeta[chain], gamma: gamma[chain], offset };
        langevinStep(arrays, inputs, settings);
      }
    });
  }

  close(): void {
    this.#potential = null;
  }

  #forEachChain(body: (chain: number) => void): void {
    for (let chain = 0; chain < this.numChains; chain++) body(chain);
  }

  /** Row of one chain, a view. */
  #chainOf(vectors: Vectors, chain: number): Float64Array {
    return valuesOf(vectors).subarray(chain * this.dim, (chain + 1) * this.dim);
  }

  #pointOf({ position, momentum, gradient }: LeapfrogState, chain: number): LeapfrogChain {
    return {
      position: this.#chainOf(position, chain),
      momentum: this.#chainOf(momentum, chain),
      gradient: this.#chainOf(gradient, chain),
    };
  }

  #record(out: { loss: Scalars; potential: Scalars }, chain: number, { loss, potential }: Evaluation): void {
    valuesOf(out.loss)[chain] = loss;
    valuesOf(out.potential)[chain] = potential;
  }

  #requirePotential(): Potential {
    if (this.#potential === null) throw new Error("bug: setPotential comes before dynamics");
    return this.#potential;
  }

  #chainPotential(chain: number): ChainPotential {
    return chainPotentialOf(this.#lossOf, this.#requirePotential(), chain);
  }
}
