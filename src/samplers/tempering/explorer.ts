/**
 * Moves all walkers of all rungs once, each by the kernel of its rung. Walkers change rungs, so a kernel belongs to a
 * temperature, not to a row.
 *
 * Operations of a backend act on all rows. Where a ladder has several kernels, each of them therefore goes over all
 * rows, and those of other rungs stay where they are (step 0): a scan costs the sum of its kernels on every row.
 */
import type { Vectors } from "../../compute/backend.ts";
import { startPositions } from "../chains/start-positions.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior, Snapshot } from "../sampler.ts";
import { GradientState } from "./moves/gradient-state.ts";
import { LossState, TemperedEvaluation } from "./moves/loss-state.ts";
import type { Exploration, Move, MoveName, WalkerState } from "./moves/move.ts";
import { TrajectoryMove } from "./moves/trajectory-move.ts";
import { TreeMove } from "./moves/tree-move.ts";
import { WalkMove } from "./moves/walk-move.ts";
import { kernelsOf, type PtSettings } from "./pt-settings.ts";

/** Of a trajectory of hmc: mean leapfrog steps. */
const defaultIntegrationSteps = 8;
/** Of a tree of nuts: most doublings. */
const defaultMaxDepth = 10;

/** Where a row is. */
export interface Places {
  /** Rung of each row. */
  readonly rungOf: Int32Array;
  /** nβ·β of each row. */
  readonly nBeta: Float64Array;
}

/** Mutable; all state that later moves depend on is in `snapshot`, but for temperatures and mass, which the owner sets. */
export class Explorer {
  /** Names of the kernels, each once. */
  readonly kernels: readonly MoveName[];
  readonly #kernelOf: readonly MoveName[];
  readonly #state: WalkerState;
  readonly #evaluation: TemperedEvaluation;
  readonly #walk: WalkMove | null;
  readonly #moves: ReadonlyMap<MoveName, Move>;
  #rungOf: Int32Array;

  constructor(posterior: Posterior, settings: PtSettings, counter: WorkCounter) {
    const kernels = kernelsOf(settings);
    const numSteps = settings.numIntegrationSteps ?? defaultIntegrationSteps;
    const maxDepth = settings.maxDepth ?? defaultMaxDepth;
    const position = startPositions(posterior);
    this.kernels = [...new Set(kernels)];
    this.#kernelOf = kernels;
    this.#rungOf = new Int32Array(posterior.ensemble.numChains);
    this.#evaluation = new TemperedEvaluation(posterior, counter);
    const gradients = kernels.some((name) => name !== "rwmh")
      ? new GradientState(posterior, position, counter)
      : null;
    this.#state = gradients ?? new LossState(posterior, position, this.#evaluation);
    this.#walk = kernels.includes("rwmh") ? new WalkMove(posterior, this.#state, this.#evaluation) : null;
    const moveOf = (name: MoveName): Move => {
      if (this.#walk !== null && (name === "rwmh" || gradients === null)) return this.#walk;
      if (gradients === null) throw new Error(`bug: no gradients for ${name}`);
      if (name === "nuts") return new TreeMove(posterior, gradients, { maxDepth, counter });
      return new TrajectoryMove(posterior, gradients, { numSteps: name === "mala" ? 1 : numSteps, counter });
    };
    this.#moves = new Map(this.kernels.map((name) => [name, moveOf(name)]));
  }

  /** Shape (rows, dim); call `refresh` after writing it. */
  get position(): Vectors {
    return this.#state.position;
  }
  /** L_n of each row; valid after `refresh` or `explore`. */
  get loss(): Float64Array {
    return this.#state.loss;
  }
  /** U of each row; as `loss`. */
  get potential(): Float64Array {
    return this.#state.potential;
  }

  /** Tells where the rows are; call `refresh` before the next move. */
  setPlaces({ rungOf, nBeta }: Places): void {
    this.#rungOf = rungOf.slice();
    this.#evaluation.nBeta = nBeta;
    this.#state.setTemperatures(nBeta);
  }

  /** Computes what belongs to the present positions and temperatures. */
  refresh(): Promise<void> {
    return this.#state.refresh();
  }

  /** @param stepSizes ε of each row; 0: stays. @param step addresses the random numbers. */
  async explore(stepSizes: Float64Array, step: number): Promise<Exploration> {
    const all: Exploration = {
      acceptanceRate: new Float64Array(stepSizes.length).fill(1),
      isDivergent: new Uint8Array(stepSizes.length),
      numSteps: new Float64Array(stepSizes.length),
    };
    for (const [name, move] of this.#moves) {
      if (this.#moves.size === 1) return move.explore(stepSizes, step);
      const own = await move.explore(this.#onlyOf(name, stepSizes), step);
      for (let row = 0; row < stepSizes.length; row++) {
        if (!this.#isOf(name, row)) continue;
        all.acceptanceRate[row] = own.acceptanceRate[row];
        all.isDivergent[row] = own.isDivergent[row];
        all.numSteps[row] = own.numSteps[row];
      }
    }
    return all;
  }

  /**
   * Acceptance of one short move of the rows with that kernel, which is then forgotten: the mean over them.
   *
   * @param probe addresses its random numbers.
   */
  async probe(name: MoveName, stepSizes: Float64Array, probe: number): Promise<number> {
    const move = this.#moves.get(name);
    if (move === undefined) throw new Error(`bug: no rung moves by ${name}`);
    if (this.#moves.size === 1) return move.probe(stepSizes, probe);
    const mean = await move.probe(this.#onlyOf(name, stepSizes), probe);
    // Rows that stay count as accepted.
    const numOwn = stepSizes.filter((_, row) => this.#isOf(name, row)).length;
    return 1 - ((1 - mean) * stepSizes.length) / numOwn;
  }

  #isOf(name: MoveName, row: number): boolean {
    return this.#kernelOf[this.#rungOf[row]] === name;
  }

  #onlyOf(name: MoveName, stepSizes: Float64Array): Float64Array {
    return stepSizes.map((value, row) => (this.#isOf(name, row) ? value : 0));
  }

  /** @param inverseMass V, shape (dim): variances of the target. */
  setInverseMass(inverseMass: Float64Array): void {
    this.#state.setInverseMass(inverseMass);
    this.#walk?.setInverseMass(inverseMass);
  }

  snapshot(): Promise<Snapshot> {
    return this.#state.snapshot();
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    this.#state.restore(snapshot);
  }
}
