/**
 * Trees of `nuts`, each row its own, by the operation that `nuts` itself uses.
 *
 * That operation has one step size for all chains, so rows are moved in turn, those of one step size at a time. The
 * others rest: they are told an infinite U, with which a tree ends at its first leaf. That leaf is paid: beside its
 * own tree each row costs a gradient for every other step size.
 */
import type { Ensemble, LeapfrogState } from "../../../compute/backend.ts";
import { purpose } from "../../../random/purpose.ts";
import type { WorkCounter } from "../../chains/work-counter.ts";
import { divergenceThreshold } from "../../hamiltonian/hamiltonian-kernel.ts";
import type { Posterior } from "../../sampler.ts";
import type { GradientState } from "./gradient-state.ts";
import type { Exploration, Move } from "./move.ts";
import { probeLeapfrog } from "./trajectory-move.ts";

/** See the file's header. */
export class TreeMove implements Move {
  readonly #ensemble: Ensemble;
  readonly #state: GradientState;
  readonly #counter: WorkCounter;
  readonly #maxDepth: number;
  readonly #tree: LeapfrogState;

  constructor(
    { ensemble }: Posterior,
    state: GradientState,
    options: { readonly maxDepth: number; readonly counter: WorkCounter },
  ) {
    this.#ensemble = ensemble;
    this.#state = state;
    this.#counter = options.counter;
    this.#maxDepth = options.maxDepth;
    this.#tree = {
      ...state.kernel.start,
      momentum: ensemble.vectors(),
      loss: ensemble.scalars(),
      potential: ensemble.scalars(),
    };
  }

  async explore(stepSizes: Float64Array, step: number): Promise<Exploration> {
    const exploration = {
      acceptanceRate: new Float64Array(stepSizes.length).fill(1),
      isDivergent: new Uint8Array(stepSizes.length),
      numSteps: new Float64Array(stepSizes.length),
    };
    for (const stepSize of new Set(stepSizes)) {
      if (stepSize > 0)
        await this.#grow({ stepSize, step, moves: (row) => stepSizes[row] === stepSize }, exploration);
    }
    return exploration;
  }

  /** Moves the rows that `moves` tells, and enters what came of it. */
  async #grow(
    { stepSize, step, moves }: { stepSize: number; step: number; moves: (row: number) => boolean },
    { acceptanceRate, isDivergent, numSteps }: Exploration,
  ): Promise<void> {
    const ensemble = this.#ensemble;
    const { kernel } = this.#state;
    const tree = this.#tree;
    kernel.drawMomentum({ purpose: purpose.momentum, step }, tree.momentum);
    ensemble.writeScalars(tree.loss, kernel.loss);
    ensemble.writeScalars(
      tree.potential,
      kernel.potential.map((value, row) => (moves(row) ? value : Number.POSITIVE_INFINITY)),
    );
    const settings = { stepSize, maxDepth: this.#maxDepth, divergenceThreshold, step };
    const info = await ensemble.noUTurn(tree, settings);
    this.#counter.addChainGradients(info.numSteps.reduce((sum, count) => sum + count, 0));
    const loss = await ensemble.readScalars(tree.loss);
    const potential = await ensemble.readScalars(tree.potential);
    for (let row = 0; row < loss.length; row++) {
      if (!moves(row)) continue;
      kernel.loss[row] = loss[row];
      kernel.potential[row] = potential[row];
      acceptanceRate[row] = info.acceptanceRate[row];
      isDivergent[row] = info.isDivergent[row];
      numSteps[row] = info.numSteps[row];
    }
  }

  probe(stepSizes: Float64Array, probe: number): Promise<number> {
    return probeLeapfrog(this.#state, this.#counter, { stepSizes, probe });
  }
}
