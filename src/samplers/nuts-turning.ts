/**
 * When a no-U-turn trajectory turns back: Stan's criterion with its checks across the seam of two halves.
 *
 * A stretch of the trajectory is told by the momenta at its two ends and their sum ρ over the stretch, in the order in
 * which its points were made. With p♯ = V∘p, two neighbouring stretches a (earlier) and b (later) turn unless
 * - p♯(a.first)·ρ > 0 and p♯(b.last)·ρ > 0, ρ = ρ_a + ρ_b;
 * - the same for a and the first point of b: p♯(a.first), p♯(b.first), ρ_a + p(b.first);
 * - the same for the last point of a and b: p♯(a.last), p♯(b.last), ρ_b + p(a.last).
 * NaN counts as turning. All conditions are symmetric in the direction of time, so backward trajectories need no other.
 *
 * Source: Hoffman & Gelman (2014); Betancourt (2017), appendix A; Stan, `base_nuts.hpp`, which added the last two.
 * The recursion over halves is a binary counter: after leaf n, a stretch of 2^k leaves is finished for each of the
 * lowest k one-bits of n, so one pending stretch a level is all the memory there is.
 */
import type { Ensemble, Row, Scalars, Vectors } from "../compute/backend.ts";

/** Momenta that describe a stretch of every chain's trajectory. */
export interface Stretch {
  readonly first: Vectors;
  readonly last: Vectors;
  /** ρ, the sum over all its points. */
  readonly sum: Vectors;
}

/** Buffers for one stretch. */
export const newStretch = (ensemble: Ensemble): Stretch => ({
  first: ensemble.vectors(),
  last: ensemble.vectors(),
  sum: ensemble.vectors(),
});

/** A stretch of one point is its own first, last and sum. */
const newLeaf = (ensemble: Ensemble): Stretch => {
  const momentum = ensemble.vectors();
  return { first: momentum, last: momentum, sum: momentum };
};

/** The criterion and the pending stretches of the subtree in growth. Owns its device arrays. */
export class TurningTest {
  readonly #ensemble: Ensemble;
  readonly #inverseMass: Row;
  readonly #ones: Float64Array;
  readonly #rho: Vectors;
  readonly #products: readonly [Scalars, Scalars];
  /** Stretch of 2^k leaves that waits for its other half, at index k; made when first needed. */
  readonly #pending: Stretch[] = [];

  /** @param inverseMass V, kept and read, never written. */
  constructor(ensemble: Ensemble, inverseMass: Row) {
    this.#ensemble = ensemble;
    this.#inverseMass = inverseMass;
    this.#ones = new Float64Array(ensemble.numChains).fill(1);
    this.#rho = ensemble.vectors();
    this.#products = [ensemble.scalars(), ensemble.scalars()];
  }

  /**
   * Adds leaf `index` (0, 1, …, in order) of a subtree, the same for all chains.
   *
   * @returns 1 where a stretch that ends with this leaf turns, one entry a chain.
   */
  async addLeaf(index: number, momentum: Vectors): Promise<Uint8Array> {
    const ensemble = this.#ensemble;
    ensemble.copy(momentum, this.#stretchAt(0, index).sum);
    const hasTurned = new Uint8Array(ensemble.numChains);
    for (let level = 0; ((index >> level) & 1) === 1; level++) {
      const [earlier, later] = [this.#pending[2 * level], this.#pending[2 * level + 1]];
      const joined = this.#stretchAt(level + 1, index >> (level + 1));
      ensemble.copy(earlier.first, joined.first);
      ensemble.copy(later.last, joined.last);
      ensemble.copy(earlier.sum, joined.sum);
      ensemble.axpy(this.#ones, later.sum, joined.sum);
      const turns = [await this.#looksBack(joined.sum, [earlier.first, later.last])];
      // Two leaves: the checks across the seam would repeat the first.
      if (level > 0) turns.push(...(await this.#seamTurns(earlier, later)));
      for (const flags of turns) flags.forEach((flag, chain) => (hasTurned[chain] |= flag));
    }
    return hasTurned;
  }

  /** The finished subtree of 2^depth leaves; valid until the next `addLeaf`. */
  subtree(depth: number): Stretch {
    return this.#pending[2 * depth];
  }

  /** 1 where the join of two neighbouring stretches turns, one entry a chain; neither is changed. */
  async joinTurns(earlier: Stretch, later: Stretch): Promise<Uint8Array> {
    const ends = [earlier.first, later.last] as const;
    const whole = await this.#looksBack(this.#sumOf(earlier.sum, later.sum), ends);
    const [first, second] = await this.#seamTurns(earlier, later);
    return whole.map((flag, chain) => flag | first[chain] | second[chain]);
  }

  /** The two checks across the seam of neighbours. */
  async #seamTurns(earlier: Stretch, later: Stretch): Promise<[Uint8Array, Uint8Array]> {
    return [
      await this.#looksBack(this.#sumOf(earlier.sum, later.first), [earlier.first, later.first]),
      await this.#looksBack(this.#sumOf(later.sum, earlier.last), [earlier.last, later.last]),
    ];
  }

  /** a + b in a buffer that the next call overwrites. */
  #sumOf(a: Vectors, b: Vectors): Vectors {
    this.#ensemble.copy(a, this.#rho);
    this.#ensemble.axpy(this.#ones, b, this.#rho);
    return this.#rho;
  }

  /** 1 where not both ends of a stretch look along its ρ. */
  async #looksBack(rho: Vectors, ends: readonly [Vectors, Vectors]): Promise<Uint8Array> {
    const ensemble = this.#ensemble;
    ends.forEach((end, k) => ensemble.weightedDot(this.#inverseMass, end, rho, this.#products[k]));
    const atFirst = await ensemble.readScalars(this.#products[0]);
    const atLast = await ensemble.readScalars(this.#products[1]);
    return Uint8Array.from(atFirst, (product, chain) => (product > 0 && atLast[chain] > 0 ? 0 : 1));
  }

  /** Buffer of the `ordinal`-th stretch of a level: even ones wait, odd ones are their other halves. */
  #stretchAt(level: number, ordinal: number): Stretch {
    const index = 2 * level + (ordinal & 1);
    while (this.#pending.length <= index + 1) {
      const isLeaf = this.#pending.length < 2;
      this.#pending.push(isLeaf ? newLeaf(this.#ensemble) : newStretch(this.#ensemble));
    }
    return this.#pending[index];
  }
}
