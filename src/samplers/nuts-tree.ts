/**
 * One no-U-turn transition of every chain: trajectories that double until they turn, all chains in lock-step.
 *
 * Chains that still grow have the same number of leaves, so one leapfrog step moves them all, each in its own direction
 * (the sign of its step size); a chain that has finished stands still with step size 0. A chain's result depends on its
 * own numbers only, but the batch does as many gradients as its longest tree.
 *
 * - Inside a subtree the proposal is multinomial with weights e^{H0−H}, leaf by leaf; across doublings it moves to the
 *   new subtree with probability min(1, w_new/w_old) (biased progressive sampling).
 * - A subtree ends early, and the trajectory with it, at a U-turn inside (`nuts-turning.ts`) or at H − H0 > 1000.
 * - acceptance_rate: mean of min(1, e^{H0−H}) over all leaves, also those of a discarded subtree.
 * Source: Betancourt (2017), appendix A; Stan, `base_nuts.hpp`. Precision: energies float64.
 */
import type { Ensemble, LeapfrogState, RandomAddress, Row, Scalars, Vectors } from "../compute/backend.ts";
import { purpose } from "../random/purpose.ts";
import { uniformAt } from "../random/uniform.ts";
import { divergenceThreshold, type HamiltonianKernel } from "./hamiltonian-kernel.ts";
import { newStretch, type Stretch, TurningTest } from "./nuts-turning.ts";
import { copyPoint, newPoint, type PhasePoint, selectPoint } from "./phase-point.ts";
import type { Posterior } from "./sampler.ts";

/** How to grow a tree. */
export interface TreeSettings {
  readonly stepSize: number;
  /** Most doublings, ≥ 1. */
  readonly maxDepth: number;
  /** Number of the transition: addresses its random numbers. */
  readonly step: number;
}

/** Outcome of a transition and, while it grows, the state of its trees; one entry a chain. */
export interface TreeInfo {
  readonly acceptanceRate: Float64Array;
  /** H after the momentum was drawn, nats. */
  readonly energy: Float64Array;
  /** H − H0 of the state moved to, nats; 0 where the chain stayed. */
  readonly energyError: Float64Array;
  /** H − H0 of largest size on the trajectory, nats; +∞ where a leaf was not finite. */
  readonly maxEnergyError: Float64Array;
  readonly isDivergent: Uint8Array;
  /** Finished doublings. */
  readonly depth: Float64Array;
  /** Leapfrog steps of the chain itself. */
  readonly numSteps: Float64Array;
  /** Stopped by `maxDepth` alone: still not turning. */
  readonly hasReachedMaxDepth: Uint8Array;
  /** Leapfrog steps of the batch, standing chains included: gradients a chain. */
  readonly numBatchSteps: number;
}

/** The best of a subtree so far. */
interface Candidate {
  readonly position: Vectors;
  readonly gradient: Vectors;
  readonly loss: Float64Array;
  readonly potential: Float64Array;
  readonly energyError: Float64Array;
  /** log Σ e^{H0−H} over the subtree. */
  readonly logWeight: Float64Array;
}

/** Trees of one transition. */
interface Growth extends Omit<TreeInfo, "numBatchSteps" | "hasReachedMaxDepth" | "acceptanceRate"> {
  readonly settings: TreeSettings;
  /** 1 where the tree may double once more. */
  readonly isGrowing: Uint8Array;
  /** Σ min(1, e^{H0−H}) over leaves. */
  readonly acceptanceSum: Float64Array;
  /** log Σ e^{H0−H} over the tree; 0 for the start alone. */
  readonly logWeight: Float64Array;
  numBatchSteps: number;
}

/** log(e^a + e^b); −∞ if both are. */
const logAddExp = (a: number, b: number): number => {
  const high = Math.max(a, b);
  return high === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high));
};

/** Grows trees from the positions of a kernel and moves them there. Owns its device arrays. */
export class TreeKernel {
  readonly #ensemble: Ensemble;
  readonly #kernel: HamiltonianKernel;
  readonly #seed: number;
  readonly #firstChain: number;
  readonly #walker: LeapfrogState;
  readonly #backEnd: PhasePoint;
  readonly #frontEnd: PhasePoint;
  readonly #tree: Stretch;
  readonly #candidate: Candidate;
  readonly #turning: TurningTest;
  readonly #momentumScale: Row;
  readonly #stepSizes: Scalars;
  readonly #kinetic: Scalars;

  /** @param kernel evaluated; its positions, gradients, losses and potentials are moved in place. */
  constructor({ ensemble, seed, firstChain }: Posterior, kernel: HamiltonianKernel) {
    const { numChains } = ensemble;
    this.#ensemble = ensemble;
    this.#kernel = kernel;
    this.#seed = seed;
    this.#firstChain = firstChain ?? 0;
    this.#walker = {
      ...newPoint(ensemble),
      inverseMass: ensemble.row(),
      loss: ensemble.scalars(),
      potential: ensemble.scalars(),
    };
    this.#backEnd = newPoint(ensemble);
    this.#frontEnd = newPoint(ensemble);
    this.#tree = newStretch(ensemble);
    this.#candidate = {
      position: ensemble.vectors(),
      gradient: ensemble.vectors(),
      loss: new Float64Array(numChains),
      potential: new Float64Array(numChains),
      energyError: new Float64Array(numChains),
      logWeight: new Float64Array(numChains),
    };
    this.#turning = new TurningTest(ensemble, this.#walker.inverseMass);
    this.#momentumScale = ensemble.row();
    this.#stepSizes = ensemble.scalars();
    this.#kinetic = ensemble.scalars();
  }

  /** Moves every chain once. @param inverseMass V, shape (dim), all > 0. */
  async transition(settings: TreeSettings, inverseMass: Float64Array): Promise<TreeInfo> {
    const growth = await this.#plant(settings, inverseMass);
    for (let depth = 0; depth < settings.maxDepth && growth.isGrowing.includes(1); depth++) {
      await this.#double(growth, depth);
    }
    const { acceptanceSum, numSteps, isGrowing } = growth;
    return {
      ...growth,
      acceptanceRate: acceptanceSum.map((total, chain) => total / numSteps[chain]),
      hasReachedMaxDepth: isGrowing,
    };
  }

  /** Draws momenta; trees of one point. */
  async #plant(settings: TreeSettings, inverseMass: Float64Array): Promise<Growth> {
    const ensemble = this.#ensemble;
    const { numChains } = ensemble;
    const { momentum } = this.#frontEnd;
    ensemble.writeRow(this.#walker.inverseMass, inverseMass);
    ensemble.writeRow(
      this.#momentumScale,
      inverseMass.map((variance) => 1 / Math.sqrt(variance)),
    );
    const address: RandomAddress = { purpose: purpose.momentum, step: settings.step };
    ensemble.normal(address, momentum);
    ensemble.scaleByRow(this.#momentumScale, momentum);
    ensemble.copy(this.#kernel.position, this.#frontEnd.position);
    ensemble.copy(this.#kernel.gradient, this.#frontEnd.gradient);
    copyPoint(ensemble, this.#frontEnd, this.#backEnd);
    ensemble.copy(momentum, this.#tree.sum);
    const kinetic = await this.#kineticEnergy(momentum);
    const zeros = (): Float64Array => new Float64Array(numChains);
    return {
      settings,
      energy: kinetic.map((value, chain) => value + this.#kernel.potential[chain]),
      energyError: zeros(),
      maxEnergyError: zeros(),
      isDivergent: new Uint8Array(numChains),
      depth: zeros(),
      numSteps: zeros(),
      isGrowing: new Uint8Array(numChains).fill(1),
      acceptanceSum: zeros(),
      logWeight: zeros(),
      numBatchSteps: 0,
    };
  }

  /** Grows a subtree as large as the tree at a random end of each chain and joins it, where it is valid. */
  async #double(growth: Growth, depth: number): Promise<void> {
    const ensemble = this.#ensemble;
    const isForward = this.#directions(growth, depth);
    const isBackward = isForward.map((flag) => 1 - flag);
    copyPoint(ensemble, this.#frontEnd, this.#walker);
    selectPoint(ensemble, isBackward, { from: this.#backEnd, to: this.#walker });
    // The tree in the order in which the walker goes on: its far end first.
    ensemble.copy(this.#backEnd.momentum, this.#tree.first);
    ensemble.select(isBackward, this.#frontEnd.momentum, this.#tree.first);
    ensemble.copy(this.#walker.momentum, this.#tree.last);

    const isValid = await this.#growSubtree(growth, depth, isForward);
    growth.isGrowing.set(isValid);
    if (!isValid.includes(1)) return;
    const both = (mask: Uint8Array): Uint8Array => mask.map((flag, chain) => flag & isValid[chain]);
    selectPoint(ensemble, both(isForward), { from: this.#walker, to: this.#frontEnd });
    selectPoint(ensemble, both(isBackward), { from: this.#walker, to: this.#backEnd });
    this.#moveToSubtree(growth, depth);
    const subtree = this.#turning.subtree(depth);
    const hasTurned = await this.#turning.joinTurns(this.#tree, subtree);
    ensemble.axpy(Float64Array.from(isValid), subtree.sum, this.#tree.sum);
    for (let chain = 0; chain < isValid.length; chain++) {
      growth.depth[chain] += isValid[chain];
      if (hasTurned[chain] === 1) growth.isGrowing[chain] = 0;
    }
  }

  /** 2^depth leaves from the walker on; the candidate is drawn from them. @returns 1 where the subtree is whole. */
  async #growSubtree(growth: Growth, depth: number, isForward: Uint8Array): Promise<Uint8Array> {
    const ensemble = this.#ensemble;
    const isValid = growth.isGrowing.slice();
    this.#candidate.logWeight.fill(Number.NEGATIVE_INFINITY);
    for (let leaf = 0; leaf < 2 ** depth && isValid.includes(1); leaf++) {
      const stepSizes = Float64Array.from(
        isValid,
        (flag, chain) => flag * (isForward[chain] === 1 ? 1 : -1) * growth.settings.stepSize,
      );
      ensemble.writeScalars(this.#stepSizes, stepSizes);
      ensemble.leapfrog(this.#walker, { stepSize: this.#stepSizes, numSteps: 1 });
      growth.numBatchSteps += 1;
      await this.#weighLeaf(growth, isValid, 2 ** depth + leaf);
      const hasTurned = await this.#turning.addLeaf(leaf, this.#walker.momentum);
      for (let chain = 0; chain < isValid.length; chain++) {
        if (hasTurned[chain] === 1) isValid[chain] = 0;
      }
    }
    return isValid;
  }

  /** Takes the walker's point into the statistics and, by chance, as candidate; a divergent one ends its subtree. */
  async #weighLeaf(growth: Growth, isValid: Uint8Array, number: number): Promise<void> {
    const ensemble = this.#ensemble;
    const candidate = this.#candidate;
    const kinetic = await this.#kineticEnergy(this.#walker.momentum);
    const loss = await ensemble.readScalars(this.#walker.loss);
    const potential = await ensemble.readScalars(this.#walker.potential);
    const isChosen = new Uint8Array(isValid.length);
    for (let chain = 0; chain < isValid.length; chain++) {
      if (isValid[chain] === 0) continue;
      const difference = potential[chain] + kinetic[chain] - growth.energy[chain];
      const error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
      growth.numSteps[chain] += 1;
      growth.acceptanceSum[chain] += Math.min(1, Math.exp(-error));
      if (Math.abs(error) > Math.abs(growth.maxEnergyError[chain])) growth.maxEnergyError[chain] = error;
      if (error > divergenceThreshold) {
        growth.isDivergent[chain] = 1;
        isValid[chain] = 0;
        continue;
      }
      candidate.logWeight[chain] = logAddExp(candidate.logWeight[chain], -error);
      const uniform = this.#uniform(growth, { purpose: purpose.treeProposal, chain, index: number });
      if (uniform >= Math.exp(-error - candidate.logWeight[chain])) continue;
      isChosen[chain] = 1;
      candidate.energyError[chain] = error;
      candidate.loss[chain] = loss[chain];
      candidate.potential[chain] = potential[chain];
    }
    ensemble.select(isChosen, this.#walker.position, candidate.position);
    ensemble.select(isChosen, this.#walker.gradient, candidate.gradient);
  }

  /** Biased progressive sampling between the tree and its new subtree; joins their weights. */
  #moveToSubtree(growth: Growth, depth: number): void {
    const candidate = this.#candidate;
    const kernel = this.#kernel;
    const isMoving = new Uint8Array(growth.isGrowing.length);
    for (let chain = 0; chain < isMoving.length; chain++) {
      if (growth.isGrowing[chain] === 0) continue;
      const logRatio = candidate.logWeight[chain] - growth.logWeight[chain];
      growth.logWeight[chain] = logAddExp(growth.logWeight[chain], candidate.logWeight[chain]);
      const uniform = this.#uniform(growth, { purpose: purpose.accept, chain, index: depth });
      if (uniform >= Math.exp(logRatio)) continue;
      isMoving[chain] = 1;
      growth.energyError[chain] = candidate.energyError[chain];
      kernel.loss[chain] = candidate.loss[chain];
      kernel.potential[chain] = candidate.potential[chain];
    }
    this.#ensemble.select(isMoving, candidate.position, kernel.position);
    this.#ensemble.select(isMoving, candidate.gradient, kernel.gradient);
  }

  /** 1 where a chain grows forward in time. */
  #directions(growth: Growth, depth: number): Uint8Array {
    return growth.isGrowing.map((_, chain) =>
      this.#uniform(growth, { purpose: purpose.treeDirection, chain, index: depth }) < 0.5 ? 1 : 0,
    );
  }

  #uniform(growth: Growth, at: { purpose: number; chain: number; index: number }): number {
    const { step } = growth.settings;
    const stream = { seed: this.#seed, purpose: at.purpose, step, chain: this.#firstChain + at.chain };
    return uniformAt(stream, at.index);
  }

  /** ½·Σ V_i p_i², one entry a chain. */
  async #kineticEnergy(momentum: Vectors): Promise<Float64Array> {
    this.#ensemble.weightedDot(this.#walker.inverseMass, momentum, momentum, this.#kinetic);
    return (await this.#ensemble.readScalars(this.#kinetic)).map((sum) => sum / 2);
  }
}
