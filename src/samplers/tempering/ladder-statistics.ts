/**
 * What the recorded scans say about the ladder: how often pairs swap, losses at every temperature, and the ratio of
 * normalising constants Z(β = 1)/Z(hottest), which with the reference rung is the evidence ∫ N(w; w*, I/γ)·e^{−nβ·L_n} dw.
 *
 * With ℓ = −nβ·L_n and pairs (k colder, k + 1 hotter), Δ = β_k − β_{k+1}: stepping stones give Σ log mean_{k+1} e^{Δℓ}
 * (from the hot side) and −Σ log mean_k e^{−Δℓ} (from the cold side); thermodynamic integration gives ∫ E_β[ℓ] dβ by the
 * trapezoid with its end correction Δ²/12·(Var_k − Var_{k+1}). Streaming, float64, no draw is kept.
 * Source: Xie, Lewis, Fan, Kuo & Chen (2011); Friel, Hurn & Wyse (2014).
 */

import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";
import type { LadderShape } from "./replica-exchange.ts";

/** One scan of the frozen ladder. */
export interface ScanRecord {
  /** β of each rung. */
  readonly betas: Float64Array;
  /** E = nβ·L_n of the walker at each rung before the swaps, entry r·K + k. */
  readonly energies: Float64Array;
  /** Acceptance of the local kernel, same places. */
  readonly acceptance: Float64Array;
  /** From `ReplicaExchange.swap`. */
  readonly swapProbabilities: Float64Array;
  /** Rung of each walker before and after the swaps. */
  readonly rungBefore: Int32Array;
  readonly rungAfter: Int32Array;
}

/** Estimates of log Z(1)/Z(hottest), nats. */
export interface EvidenceEstimate {
  readonly fromHot: number;
  readonly fromCold: number;
  /** Mean of the two; their difference tells how far apart the rungs are. */
  readonly steppingStone: number;
  /** Standard error of that from the spread of the replicas; NaN for one replica. */
  readonly standardError: number;
  readonly thermodynamic: number;
}

/** Mean and spread of the loss at each rung. */
export interface RungLosses {
  /** Mean of E, shape (K). */
  readonly mean: Float64Array;
  /** Its standard error from the spread of the replicas; NaN for one replica. */
  readonly standardError: Float64Array;
  /** Variance of E over scans and replicas. */
  readonly variance: Float64Array;
}

const arrayNames = [
  "swapSum",
  "swapTries",
  "moves",
  "acceptanceSum",
  "energyMean",
  "energySquares",
  "hotLargest",
  "hotSum",
  "coldLargest",
  "coldSum",
] as const;
type ArrayName = (typeof arrayNames)[number];

/** Mutable sums over scans. */
export class LadderStatistics {
  numScans = 0;
  readonly #shape: LadderShape;
  readonly #sums: Readonly<Record<ArrayName, Float64Array>>;

  constructor(shape: LadderShape) {
    const { numReplicas, numRungs } = shape;
    const [pairs, walkers] = [numRungs - 1, numReplicas * numRungs];
    const steps = numReplicas * pairs;
    this.#shape = shape;
    this.#sums = {
      swapSum: new Float64Array(pairs),
      swapTries: new Float64Array(pairs),
      moves: new Float64Array(numRungs * numRungs),
      acceptanceSum: new Float64Array(walkers),
      energyMean: new Float64Array(walkers),
      energySquares: new Float64Array(walkers),
      hotLargest: new Float64Array(steps).fill(Number.NEGATIVE_INFINITY),
      hotSum: new Float64Array(steps),
      coldLargest: new Float64Array(steps).fill(Number.NEGATIVE_INFINITY),
      coldSum: new Float64Array(steps),
    };
  }

  /** Forgets everything. */
  reset(): void {
    this.numScans = 0;
    for (const name of arrayNames) this.#sums[name].fill(0);
    this.#sums.hotLargest.fill(Number.NEGATIVE_INFINITY);
    this.#sums.coldLargest.fill(Number.NEGATIVE_INFINITY);
  }

  add(scan: ScanRecord): void {
    this.numScans += 1;
    this.#addSwaps(scan);
    this.#addEnergies(scan);
    this.#addSteps(scan);
  }

  #addSwaps({ swapProbabilities, rungBefore, rungAfter }: ScanRecord): void {
    const { swapSum, swapTries, moves } = this.#sums;
    const { numRungs } = this.#shape;
    swapProbabilities.forEach((probability, at) => {
      if (Number.isNaN(probability)) return;
      swapSum[at % (numRungs - 1)] += probability;
      swapTries[at % (numRungs - 1)] += 1;
    });
    rungBefore.forEach((rung, walker) => {
      moves[rung * numRungs + rungAfter[walker]] += 1;
    });
  }

  #addEnergies({ energies, acceptance }: ScanRecord): void {
    const { energyMean, energySquares, acceptanceSum } = this.#sums;
    energies.forEach((energy, at) => {
      const delta = energy - energyMean[at];
      energyMean[at] += delta / this.numScans;
      energySquares[at] += delta * (energy - energyMean[at]);
      acceptanceSum[at] += acceptance[at];
    });
  }

  #addSteps({ betas, energies }: ScanRecord): void {
    const { numReplicas, numRungs } = this.#shape;
    const { hotLargest, hotSum, coldLargest, coldSum } = this.#sums;
    for (let replica = 0; replica < numReplicas; replica++) {
      for (let pair = 0; pair + 1 < numRungs; pair++) {
        const step = replica * (numRungs - 1) + pair;
        const colder = replica * numRungs + pair;
        const gap = betas[pair] - betas[pair + 1];
        addExponential([hotLargest, hotSum], step, -gap * energies[colder + 1]);
        addExponential([coldLargest, coldSum], step, gap * energies[colder]);
      }
    }
  }

  /** Mean probability that a tried swap is refused, shape (K − 1); 0.5 where none was tried. */
  rejections(): Float64Array {
    const { swapSum, swapTries } = this.#sums;
    return swapSum.map((sum, pair) => (swapTries[pair] > 0 ? 1 - sum / swapTries[pair] : 0.5));
  }

  /** Times that each pair was tried, all replicas. */
  get swapTries(): Float64Array {
    return this.#sums.swapTries;
  }

  /** Row i: shares of the scans after which a walker of rung i was at each rung, (K, K). NaN before the first scan. */
  swapMatrix(): readonly (readonly number[])[] {
    const { numReplicas, numRungs } = this.#shape;
    const visits = this.numScans * numReplicas;
    return Array.from({ length: numRungs }, (_, rung) =>
      Array.from(
        this.#sums.moves.subarray(rung * numRungs, (rung + 1) * numRungs),
        (count) => count / visits,
      ),
    );
  }

  /** Mean acceptance of the local kernel at each rung. */
  acceptance(): Float64Array {
    return this.#overReplicas((at) => this.#sums.acceptanceSum[at] / this.numScans);
  }

  energies(): RungLosses {
    const { numReplicas, numRungs } = this.#shape;
    const { energyMean, energySquares } = this.#sums;
    const mean = this.#overReplicas((at) => energyMean[at]);
    const between = this.#overReplicas((at) => (energyMean[at] - mean[at % numRungs]) ** 2);
    const within = this.#overReplicas((at) => energySquares[at] / this.numScans);
    return {
      mean,
      standardError: between.map((square) => Math.sqrt(square / (numReplicas - 1))),
      variance: within.map((square, rung) => square + between[rung]),
    };
  }

  evidence(betas: Float64Array): EvidenceEstimate {
    const { numReplicas } = this.#shape;
    const replicas = Array.from({ length: numReplicas }, (_, replica) => replica);
    const { fromHot, fromCold } = this.#steppingStones(replicas);
    const single = replicas.map((replica) => {
      const alone = this.#steppingStones([replica]);
      return (alone.fromHot + alone.fromCold) / 2;
    });
    return {
      fromHot,
      fromCold,
      steppingStone: (fromHot + fromCold) / 2,
      standardError: standardErrorOf(single),
      thermodynamic: this.#thermodynamic(betas),
    };
  }

  /** Both directions, pooled over some replicas. */
  #steppingStones(replicas: readonly number[]): { readonly fromHot: number; readonly fromCold: number } {
    const pairs = this.#shape.numRungs - 1;
    const { hotLargest, hotSum, coldLargest, coldSum } = this.#sums;
    let [fromHot, fromCold] = [0, 0];
    for (let pair = 0; pair < pairs; pair++) {
      const steps = replicas.map((replica) => replica * pairs + pair);
      const count = steps.length * this.numScans;
      fromHot += logMean([hotLargest, hotSum], steps, count);
      fromCold -= logMean([coldLargest, coldSum], steps, count);
    }
    return { fromHot, fromCold };
  }

  #thermodynamic(betas: Float64Array): number {
    const { mean, variance } = this.energies();
    let integral = 0;
    for (let pair = 0; pair + 1 < betas.length; pair++) {
      const gap = betas[pair] - betas[pair + 1];
      integral -= (gap / 2) * (mean[pair] + mean[pair + 1]);
      integral -= (gap ** 2 / 12) * (variance[pair] - variance[pair + 1]);
    }
    return integral;
  }

  /** Mean over replicas of a value at each rung; `at` is r·K + k. */
  #overReplicas(valueAt: (at: number) => number): Float64Array {
    const { numReplicas, numRungs } = this.#shape;
    return Float64Array.from({ length: numRungs }, (_, rung) => {
      let sum = 0;
      for (let replica = 0; replica < numReplicas; replica++) sum += valueAt(replica * numRungs + rung);
      return sum / numReplicas;
    });
  }

  snapshot(): Snapshot {
    const entries = arrayNames.map((name) => [`ladder.${name}`, this.#sums[name].slice()] as const);
    return { ...Object.fromEntries(entries), "ladder.numScans": this.numScans };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    this.numScans = numberIn(snapshot, "ladder.numScans");
    for (const name of arrayNames) {
      this.#sums[name].set(arrayIn(snapshot, `ladder.${name}`, this.#sums[name].length));
    }
  }
}

/** Σ e^x as e^{largest}·sum. */
type LogSum = readonly [largest: Float64Array, sum: Float64Array];

/** Adds e^{exponent}; NaN counts as −∞: a state that no colder rung would take. */
const addExponential = ([largest, sum]: LogSum, at: number, exponent: number): void => {
  if (Number.isNaN(exponent) || exponent === Number.NEGATIVE_INFINITY) return;
  if (exponent <= largest[at]) {
    sum[at] += Math.exp(exponent - largest[at]);
    return;
  }
  sum[at] = sum[at] * Math.exp(largest[at] - exponent) + 1;
  largest[at] = exponent;
};

/** log of the mean of `count` exponentials whose sums are at `places`. */
const logMean = ([largest, sum]: LogSum, places: readonly number[], count: number): number => {
  const top = places.reduce((best, at) => Math.max(best, largest[at]), Number.NEGATIVE_INFINITY);
  if (top === Number.NEGATIVE_INFINITY) return top;
  const total = places.reduce((soFar, at) => soFar + sum[at] * Math.exp(largest[at] - top), 0);
  return top + Math.log(total / count);
};

const standardErrorOf = (values: readonly number[]): number => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
};
