/**
 * One transition of the no-U-turn sampler: a trajectory that doubles, at a random end, until it turns back.
 *
 * - Doubling j adds 2^j leapfrog steps, a subtree, to the end that the uniform TREE_DIRECTION at j picks (below ½: forward).
 * - Inside a subtree the candidate is multinomial with weights e^{H0−H}: leaf i of the subtree replaces it where the uniform
 *   TREE_PROPOSAL at 2^j + i is below its share of the weight so far. Across doublings the chain moves to the candidate where
 *   ACCEPT at j is below w_new/w_old (biased progressive sampling).
 * - A subtree in which a stretch turns, or that has a leaf with H − H0 above the threshold, is discarded and ends the
 *   trajectory; a turn of the whole ends it after the move.
 *
 * A stretch is told by the momenta at its two ends, in the order of creation, and their sum ρ over it. With p♯ = V∘p, two
 * neighbours a (earlier) and b (later) turn unless
 * - p♯(a.first)·ρ > 0 and p♯(b.last)·ρ > 0, ρ = ρ_a + ρ_b;
 * - the same for a and the first point of b: p♯(a.first), p♯(b.first), ρ_a + p(b.first);
 * - the same for the last point of a and b: p♯(a.last), p♯(b.last), ρ_b + p(a.last).
 * With a factor F these are the products of the coordinates F⁻¹q, the same as those of q: M⁻¹ = F·diag(V)·Fᵀ.
 * NaN counts as turning. All conditions are symmetric in time, so that backward trajectories need no other.
 *
 * Source: Hoffman & Gelman (2014); Betancourt (2017), appendix A; Stan, `base_nuts.hpp`, which added the last two.
 */
import { purpose } from "../../random/purpose.ts";
import { uniformAt } from "../../random/uniform.ts";
import type { TreeInfo, TreeSettings } from "../backend.ts";
import type { ChainPotential, Evaluation } from "./chain-potential.ts";
import { type ChainMass, leapfrogChain } from "./leapfrog.ts";

/** One chain's arrays (dim), changed in place; `gradient` is ∇U at `position` and `evaluation` its L_n and U. */
export interface TreeChain {
  readonly position: Float64Array;
  readonly momentum: Float64Array;
  readonly gradient: Float64Array;
  evaluation: Evaluation;
}

export interface TreeSetup extends TreeSettings, ChainMass {
  /** Seed and chain of its random numbers. */
  readonly stream: { readonly seed: number; readonly chain: number };
}

type Point = Pick<TreeChain, "position" | "momentum" | "gradient">;

interface Stretch {
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly sum: Float64Array;
}

/** The best of a subtree so far. */
interface Candidate {
  point: Point;
  evaluation: Evaluation;
  energyError: number;
  logWeight: number;
}

const copyOf = ({ position, momentum, gradient }: Point): Point => ({
  position: position.slice(),
  momentum: momentum.slice(),
  gradient: gradient.slice(),
});

const plus = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value + b[i]);

const uniformOf = (
  { stream, step }: TreeSetup,
  use: "treeDirection" | "treeProposal" | "accept",
  index: number,
): number => uniformAt({ ...stream, step, purpose: purpose[use] }, index);

/** log(e^a + e^b); not both −∞. */
const logAddExp = (a: number, b: number): number => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));

/** Facts of the trajectory that grows. */
class Trajectory {
  readonly energy: number;
  numSteps = 0;
  acceptance = 0;
  maxEnergyError = 0;
  isDivergent = false;
  candidate: Candidate;
  readonly #evaluate: ChainPotential;
  readonly #setup: TreeSetup;

  constructor(chain: TreeChain, evaluate: ChainPotential, setup: TreeSetup) {
    this.#evaluate = evaluate;
    this.#setup = setup;
    this.energy = chain.evaluation.potential + this.#kinetic(chain.momentum);
    this.candidate = this.emptyCandidate(chain);
  }

  emptyCandidate({ position, momentum, gradient, evaluation }: TreeChain): Candidate {
    const point = { position, momentum, gradient };
    return { point, evaluation, energyError: 0, logWeight: Number.NEGATIVE_INFINITY };
  }

  /** 2^level leaves from `walker` on, which moves; null where they turn or diverge. @param number of the first leaf. */
  grow(walker: Point, level: number, place: { sign: number; number: number }): Stretch | null {
    if (level === 0) return this.#leaf(walker, place);
    const earlier = this.grow(walker, level - 1, place);
    if (earlier === null) return null;
    const later = this.grow(walker, level - 1, { ...place, number: place.number + 2 ** (level - 1) });
    if (later === null || this.turns(earlier, later)) return null;
    return { first: earlier.first, last: later.last, sum: plus(earlier.sum, later.sum) };
  }

  turns(a: Stretch, b: Stretch): boolean {
    return (
      this.#looksBack([a.first, b.last], plus(a.sum, b.sum)) ||
      this.#looksBack([a.first, b.first], plus(a.sum, b.first)) ||
      this.#looksBack([a.last, b.last], plus(b.sum, a.last))
    );
  }

  #looksBack(ends: readonly Float64Array[], rho: Float64Array): boolean {
    return !ends.every((end) => this.#product(end, rho) > 0);
  }

  #leaf(walker: Point, { sign, number }: { sign: number; number: number }): Stretch | null {
    const { stepSize, inverseMass, factor, divergenceThreshold } = this.#setup;
    const evaluation = leapfrogChain(walker, this.#evaluate, {
      stepSize: sign * stepSize,
      numSteps: 1,
      inverseMass,
      factor,
    });
    const difference = evaluation.potential + this.#kinetic(walker.momentum) - this.energy;
    const error = Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY;
    this.numSteps += 1;
    this.acceptance += Math.min(1, Math.exp(-error));
    if (Math.abs(error) > Math.abs(this.maxEnergyError)) this.maxEnergyError = error;
    if (error > divergenceThreshold) {
      this.isDivergent = true;
      return null;
    }
    const logWeight = logAddExp(this.candidate.logWeight, -error);
    this.candidate.logWeight = logWeight;
    if (uniformOf(this.#setup, "treeProposal", number) < Math.exp(-error - logWeight)) {
      this.candidate = { point: copyOf(walker), evaluation, energyError: error, logWeight };
    }
    const momentum = walker.momentum.slice();
    return { first: momentum, last: momentum, sum: momentum };
  }

  #kinetic(momentum: Float64Array): number {
    return this.#product(momentum, momentum) / 2;
  }

  #product(a: Float64Array, b: Float64Array): number {
    return a.reduce((sum, value, i) => sum + this.#setup.inverseMass[i] * value * b[i], 0);
  }
}

/** Does one transition in place; `momentum` is left as it was. */
export const growTree = (
  chain: TreeChain,
  evaluate: ChainPotential,
  setup: TreeSetup,
): { readonly [Name in keyof TreeInfo]: number } => {
  const trajectory = new Trajectory(chain, evaluate, setup);
  const [back, front] = [copyOf(chain), copyOf(chain)];
  let sum: Float64Array = chain.momentum.slice();
  let [depth, logWeight, energyError, isGrowing] = [0, 0, 0, true];
  while (isGrowing && depth < setup.maxDepth) {
    const isForward = uniformOf(setup, "treeDirection", depth) < 0.5;
    const [near, far] = isForward ? [front, back] : [back, front];
    const tree = { first: far.momentum.slice(), last: near.momentum.slice(), sum };
    trajectory.candidate = trajectory.emptyCandidate(chain);
    const subtree = trajectory.grow(near, depth, { sign: isForward ? 1 : -1, number: 2 ** depth });
    if (subtree === null) {
      isGrowing = false;
      break;
    }
    const { candidate } = trajectory;
    if (uniformOf(setup, "accept", depth) < Math.exp(candidate.logWeight - logWeight)) {
      chain.position.set(candidate.point.position);
      chain.gradient.set(candidate.point.gradient);
      chain.evaluation = candidate.evaluation;
      energyError = candidate.energyError;
    }
    logWeight = logAddExp(logWeight, candidate.logWeight);
    depth += 1;
    isGrowing = !trajectory.turns(tree, subtree);
    sum = plus(sum, subtree.sum);
  }
  return {
    acceptanceRate: trajectory.acceptance / trajectory.numSteps,
    energy: trajectory.energy,
    energyError,
    maxEnergyError: trajectory.maxEnergyError,
    isDivergent: Number(trajectory.isDivergent),
    depth,
    numSteps: trajectory.numSteps,
    hasReachedMaxDepth: Number(isGrowing),
  };
};
