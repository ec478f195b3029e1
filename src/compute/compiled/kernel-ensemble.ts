/** The operations of `Ensemble` as calls of compiled kernels; the same for `native` and `wasm`. */
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
import { dimOfProblem } from "../restriction.ts";
import { treeInfoOf, treeInfoRows } from "../tree-info.ts";
import { type ArrayKind, type ArrayShape, arrayOf, KernelArray, sizeOf } from "./kernel-array.ts";
import type { Block, KernelMemory, RealKernels, SharedKernels } from "./kernel-library.ts";
import { type Device, openProblem } from "./kernel-problem.ts";
import { Staging } from "./staging.ts";
import { paths, preconditioners, scheduleOf } from "./step-tables.ts";

const alignmentBytes = 64;

/** Arrays of one problem in kernel memory. */
export class KernelEnsemble implements Ensemble {
  readonly numChains: number;
  readonly dim: number;
  readonly numData: number;
  readonly precision: Precision;
  readonly #stride: number;
  readonly #memory: KernelMemory;
  readonly #shared: SharedKernels;
  readonly #kernels: RealKernels;
  readonly #problem: number;
  readonly #blocks: Block[] = [];
  readonly #staging: Staging;
  /** Trajectories of `noUTurn`; grows with the depth that is asked for. */
  readonly #trees: Staging;
  #hasPotential = false;

  constructor(device: Device, problem: Problem) {
    const { memory, shared, [problem.precision]: kernels } = device.library;
    this.numChains = problem.numChains;
    this.dim = dimOfProblem(problem);
    this.numData = problem.dataset.numData;
    this.precision = problem.precision;
    const lanes = alignmentBytes / (problem.precision === "float32" ? 4 : 8);
    this.#stride = Math.ceil(this.dim / lanes) * lanes;
    this.#memory = memory;
    this.#shared = shared;
    this.#kernels = kernels;
    const block = openProblem(device, problem);
    this.#blocks.push(block);
    this.#problem = block.address;
    this.#staging = new Staging(memory);
    this.#trees = new Staging(memory);
  }

  vectors(): Vectors {
    return this.#array("vectors", this.#rows(this.numChains));
  }
  row(): Row {
    return this.#array("row", this.#rows(1));
  }
  matrix(): Matrix {
    return this.#array("matrix", this.#rows(this.dim));
  }
  scalars(): Scalars {
    const count = this.numChains;
    return this.#array("scalars", { rows: 1, columns: count, stride: count, precision: "float64" });
  }

  writeVectors(target: Vectors, values: Float64Array): void {
    arrayOf(target, this).write(values);
  }
  writeRow(target: Row, values: Float64Array): void {
    arrayOf(target, this).write(values);
  }
  writeMatrix(target: Matrix, values: Float64Array): void {
    arrayOf(target, this).write(values);
  }
  writeScalars(target: Scalars, values: Float64Array): void {
    arrayOf(target, this).write(values);
  }
  async readVectors(source: Vectors): Promise<Float64Array> {
    return this.valuesNow(source);
  }
  async readRow(source: Row): Promise<Float64Array> {
    return this.valuesNow(source);
  }
  async readScalars(source: Scalars): Promise<Float64Array> {
    return this.valuesNow(source);
  }

  /** What a reader would get, at once: kernels have finished when they return. */
  valuesNow(source: Vectors | Row | Scalars): Float64Array {
    return arrayOf(source, this).read();
  }

  copy(source: Vectors, target: Vectors): void {
    this.#kernels.lh_copy(this.#problem, this.#at(source), this.#at(target));
  }
  select(mask: Uint8Array, source: Vectors, target: Vectors): void {
    const [selected] = this.#staging.put([mask]);
    this.#kernels.lh_select(this.#problem, selected, this.#at(source), this.#at(target));
  }
  axpy(alpha: Float64Array, x: Vectors, y: Vectors): void {
    const [factors] = this.#staging.put([alpha]);
    this.#kernels.lh_axpy(this.#problem, factors, this.#at(x), this.#at(y));
  }
  scaleByRow(row: Row, x: Vectors): void {
    this.#kernels.lh_scale(this.#problem, this.#at(row), this.#at(x));
  }

  dot(x: Vectors, y: Vectors, out: Scalars): void {
    this.#kernels.lh_dot(this.#problem, 0, this.#at(x), this.#at(y), this.#at(out));
  }
  // oxlint-disable-next-line max-params -- the signature of the contract
  weightedDot(row: Row, x: Vectors, y: Vectors, out: Scalars): void {
    this.#kernels.lh_dot(this.#problem, this.#at(row), this.#at(x), this.#at(y), this.#at(out));
  }
  squaredDistance(position: Vectors, out: Scalars): void {
    this.#requirePotential();
    this.#kernels.lh_squared_distance(this.#problem, this.#at(position), this.#at(out));
  }

  normal(address: RandomAddress, out: Vectors): void {
    this.#kernels.lh_normal(this.#problem, address.purpose, address.step, this.#at(out));
  }

  setPotential(potential: Potential): void {
    checkPotential(this, potential);
    const [w, n, g] = this.#staging.put([potential.center, potential.nBeta, potential.gamma]);
    this.#shared.lh_set_potential(this.#problem, w, n, g);
    this.#hasPotential = true;
  }

  loss(position: Vectors, loss: Scalars): void {
    this.#kernels.lh_loss(this.#problem, this.#at(position), this.#at(loss), 0, 0, 0, 0);
  }

  lossAndGradient(position: Vectors, loss: Scalars, gradient: Vectors): void {
    this.#kernels.lh_loss(this.#problem, this.#at(position), this.#at(loss), this.#at(gradient), 0, 0, 0);
  }

  minibatchLossAndGradient(
    position: Vectors,
    { batchSize, step }: { batchSize: number; step: number },
    out: LossAndGradient,
  ): void {
    const [at, loss, slope] = [this.#at(position), this.#at(out.loss), this.#at(out.gradient)];
    this.#kernels.lh_loss(this.#problem, at, loss, slope, batchSize, purpose.minibatch, step);
  }

  potentialAndGradient(position: Vectors, out: LossAndGradient & { potential: Scalars }): void {
    this.#requirePotential();
    const { loss, potential, gradient } = out;
    const [at, slope] = [this.#at(position), this.#at(gradient)];
    this.#kernels.lh_potential(this.#problem, at, this.#at(loss), this.#at(potential), slope);
  }

  leapfrog(state: LeapfrogState, { stepSize, numSteps }: LeapfrogSettings): void {
    this.#requirePotential();
    if (numSteps < 1) throw new Error(`bug: a trajectory of ${numSteps} steps`);
    this.#kernels.lh_leapfrog(
      this.#problem,
      this.#at(state.position),
      this.#at(state.momentum),
      this.#at(state.gradient),
      this.#at(state.inverseMass),
      this.#at(state.factor),
      this.#at(stepSize),
      this.#at(state.loss),
      this.#at(state.potential),
      numSteps,
    );
  }

  async noUTurn(
    state: LeapfrogState,
    { stepSize, maxDepth, divergenceThreshold, step }: TreeSettings,
  ): Promise<TreeInfo> {
    this.#requirePotential();
    const info = new Float64Array(treeInfoRows * this.numChains);
    const [infoAt] = this.#staging.put([info]);
    this.#kernels.lh_no_u_turn(
      this.#problem,
      this.#at(state.position),
      this.#at(state.momentum),
      this.#at(state.gradient),
      this.#at(state.inverseMass),
      this.#at(state.factor),
      this.#at(state.loss),
      this.#at(state.potential),
      stepSize,
      divergenceThreshold,
      maxDepth,
      step,
      purpose.treeDirection,
      purpose.treeProposal,
      purpose.accept,
      this.#trees.reserve(sizeOf(this.#rows(this.numChains * this.#kernels.lh_tree_vectors(maxDepth)))),
      infoAt,
    );
    this.#staging.take(infoAt, info);
    return treeInfoOf(info, this.numChains);
  }

  async isokinetic(state: IsokineticState, settings: IsokineticSettings): Promise<IsokineticInfo> {
    this.#requirePotential();
    const { stepSize, decoherenceLength, numSteps, noise } = settings;
    const path = paths[settings.integrator];
    const energyError = new Float64Array(numSteps * this.numChains);
    const isBad = new Uint8Array(numSteps * this.numChains);
    const [pathAt, errorsAt, badAt] = this.#staging.put([path, energyError, isBad]);
    this.#kernels.lh_isokinetic(
      this.#problem,
      this.#at(state.position),
      this.#at(state.direction),
      this.#at(state.gradient),
      this.#at(state.scale),
      this.#at(state.loss),
      this.#at(state.potential),
      pathAt,
      path.length,
      numSteps,
      stepSize,
      Math.sqrt(Math.expm1(stepSize / decoherenceLength) / this.dim),
      noise.step,
      noise.purpose,
      settings.badStepPurpose,
      errorsAt,
      badAt,
    );
    this.#staging.take(errorsAt, energyError);
    this.#staging.take(badAt, isBad);
    return { energyError, isBad };
  }

  langevin(state: LangevinState, settings: LangevinSettings): void {
    this.#requirePotential();
    const { numSteps, beta1, beta2, floor } = settings;
    const [schedule] = this.#staging.put([scheduleOf(settings)]);
    this.#kernels.lh_langevin(
      this.#problem,
      this.#at(state.position),
      this.#at(state.secondMoment),
      this.#at(state.firstMoment),
      schedule,
      beta1,
      beta2,
      floor,
      preconditioners[settings.preconditioner],
      Number(settings.isFrozen),
      settings.batchSize,
      numSteps,
      settings.stepsDone,
      purpose.minibatch,
      purpose.langevinNoise,
    );
  }

  close(): void {
    for (const block of this.#blocks.splice(0)) this.#memory.free(block);
    this.#staging.free();
    this.#trees.free();
    this.#hasPotential = false;
  }

  #rows(count: number): ArrayShape {
    return { rows: count, columns: this.dim, stride: this.#stride, precision: this.precision };
  }

  #array<Kind extends ArrayKind>(kind: Kind, shape: ArrayShape): KernelArray<Kind> {
    const block = this.#memory.allocate(sizeOf(shape));
    this.#blocks.push(block);
    return new KernelArray(kind, { owner: this, block, shape });
  }

  /** Where the array begins; 0 for none. */
  #at(array: Vectors | Row | Matrix | Scalars | null): number {
    return array === null ? 0 : arrayOf(array, this).address;
  }

  #requirePotential(): void {
    if (!this.#hasPotential) throw new Error("bug: setPotential comes before dynamics");
  }
}
