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
    const leaf = this.#stretchAt(0, index);
    for (const target of [leaf.first, leaf.last, leaf.sum]) ensemble.copy(momentum, target);
    const hasTurned = new Uint8Array(ensemble.numChains);
    let level = 0;
    for (; ((index >> level) & 1) === 1; level++) {
      const [earlier, later] = [this.#pending[2 * level], this.#pending[2 * level + 1]];
      const turns = await (level === 0 ? this.#leavesTurn(earlier, later) : this.joinTurns(earlier, later));
      turns.forEach((flag, chain) => {
        if (flag === 1) hasTurned[chain] = 1;
      });
      const joined = this.#stretchAt(level + 1, index >> (level + 1));
      ensemble.copy(earlier.first, joined.first);
      ensemble.copy(later.last, joined.last);
      ensemble.copy(earlier.sum, joined.sum);
      ensemble.axpy(this.#ones, later.sum, joined.sum);
    }
    return hasTurned;
  }

  /** The finished subtree of 2^depth leaves; valid until the next `addLeaf`. */
  subtree(depth: number): Stretch {
    return this.#pending[2 * depth];
  }

  /** 1 where the join of two neighbouring stretches turns, one entry a chain; neither is changed. */
  async joinTurns(earlier: Stretch, later: Stretch): Promise<Uint8Array> {
    const whole = await this.#leavesTurn(earlier, later);
    const seams = [
      await this.#turns({ from: earlier.sum, plus: later.first }, [earlier.first, later.first]),
      await this.#turns({ from: later.sum, plus: earlier.last }, [earlier.last, later.last]),
    ];
    return whole.map((flag, chain) => flag | seams[0][chain] | seams[1][chain]);
  }

  /** Two leaves: the checks across the seam would repeat the first. */
  #leavesTurn(earlier: Stretch, later: Stretch): Promise<Uint8Array> {
    return this.#turns({ from: earlier.sum, plus: later.sum }, [earlier.first, later.last]);
  }

  /** Whether an end of a stretch looks back on ρ = `from` + `plus`. */
  async #turns(
    rho: { readonly from: Vectors; readonly plus: Vectors },
    ends: readonly [Vectors, Vectors],
  ): Promise<Uint8Array> {
    const ensemble = this.#ensemble;
    ensemble.copy(rho.from, this.#rho);
    ensemble.axpy(this.#ones, rho.plus, this.#rho);
    ends.forEach((end, k) => ensemble.weightedDot(this.#inverseMass, end, this.#rho, this.#products[k]));
    const atFirst = await ensemble.readScalars(this.#products[0]);
    const atLast = await ensemble.readScalars(this.#products[1]);
    return Uint8Array.from(atFirst, (product, chain) => (product > 0 && atLast[chain] > 0 ? 0 : 1));
  }

  /** Buffer of the `ordinal`-th stretch of a level: even ones wait, odd ones are their other halves. */
  #stretchAt(level: number, ordinal: number): Stretch {
    const index = 2 * level + (ordinal & 1);
    while (this.#pending.length <= index + 1) this.#pending.push(newStretch(this.#ensemble));
    return this.#pending[index];
  }
}
