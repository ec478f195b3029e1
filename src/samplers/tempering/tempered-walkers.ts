/**
 * The walkers of parallel tempering: rows of one ensemble, each at the temperature of its rung, explored by a local kernel
 * and exchanged between rungs; and how warmup tunes them.
 *
 * A scan: fresh draws at the reference rung if there is one; `localSteps` transitions of every row; one phase of swaps.
 * Swaps move temperatures, not positions, so what a row knows at its position must be computed again for its new
 * temperature: one gradient a scan.
 */

import { purpose } from "../../random/purpose.ts";
import { uniformAt } from "../../random/uniform.ts";
import type { Welford } from "../adaptation/welford.ts";
import {
  addRows,
  createWelford,
  regularisedVariance,
  resetWelford,
  restoreWelford,
  welfordEntries,
} from "../adaptation/welford.ts";
import { CenterDistance } from "../chains/center-distance.ts";
import { arrayIn, booleanIn, numberIn } from "../chains/snapshot-fields.ts";
import { requireFiniteStart } from "../chains/start-positions.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import type { Posterior, Snapshot } from "../sampler.ts";
import { Explorer } from "./explorer.ts";
import { equalisedLadder, initialBetas } from "./ladder.ts";
import { LadderStatistics, type ScanRecord } from "./ladder-statistics.ts";
import type { MoveName } from "./moves/move.ts";
import { acceptanceTargetsOf, kernelsOf, type PtSettings } from "./pt-settings.ts";
import { ReferenceLaw } from "./reference-law.ts";
import { type LadderShape, ReplicaExchange } from "./replica-exchange.ts";
import { carriedStepSizes, RungStepSizes, scaledStepSizes, searchedStepSizes } from "./rung-step-sizes.ts";
import { roundAt } from "./warmup-rounds.ts";

/** Rounds of fewer scans are too short to learn variances from. */
const leastVarianceRound = 16;

/** One scan of all replicas. */
export interface Scan extends ScanRecord {
  /** Of the walker that explored rung 0 of each replica. */
  readonly isDivergent: Uint8Array;
  /** Gradients (or losses) of its own moves, of the same walker. */
  readonly numSteps: Float64Array;
}

/** Mutable; all state that later scans depend on is in `snapshot`. */
export class TemperedWalkers {
  /** β of each rung, shape (K). */
  betas: Float64Array;
  /** V, diagonal of the inverse mass matrix, shape (dim). */
  inverseMass: Float64Array;
  readonly exchange: ReplicaExchange;
  readonly stepSizes: RungStepSizes;
  readonly #posterior: Posterior;
  readonly #settings: PtSettings;
  readonly #shape: LadderShape;
  /** Of each rung but the reference. */
  readonly #kernels: readonly MoveName[];
  readonly #explorer: Explorer;
  readonly #distance: CenterDistance;
  readonly #reference: ReferenceLaw | null;
  /** Of the present round of warmup. */
  readonly #round: LadderStatistics;
  readonly #variance: Welford;
  #isStale = true;
  #numProbes = 0;

  constructor(posterior: Posterior, settings: PtSettings, counter: WorkCounter) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#settings = settings;
    this.betas = initialBetas(settings);
    const numRungs = this.betas.length;
    this.#shape = { numRungs, numReplicas: ensemble.numChains / numRungs };
    this.exchange = new ReplicaExchange(this.#shape);
    this.stepSizes = new RungStepSizes(settings.stepSize, this.betas);
    this.#kernels = kernelsOf(settings);
    this.#explorer = new Explorer(posterior, settings, counter);
    this.#distance = new CenterDistance(posterior);
    this.#reference = settings.reference ? new ReferenceLaw(posterior) : null;
    this.#round = new LadderStatistics(this.#shape);
    this.#variance = createWelford(ensemble.dim);
    this.inverseMass = new Float64Array(ensemble.dim).fill(1);
    this.#setTemperatures();
  }

  /** Derivatives at the starts and first step sizes. @throws NUMERICS if a start has no finite potential. */
  async begin(): Promise<void> {
    await this.#refresh();
    requireFiniteStart(this.#explorer.potential, this.#posterior.startScale);
    if (this.#settings.warmup > 0) await this.#searchStepSizes();
  }

  /** L_n of the walker at rung 0 of each replica. */
  get targetLosses(): Float64Array {
    return this.#atRung0((row) => this.#explorer.loss[row]);
  }

  /** ‖w − w*‖ of the same. */
  async targetDistances(): Promise<Float64Array> {
    const distances = await this.#distance.at(this.#explorer.position);
    return this.#atRung0((row) => distances[row]);
  }

  /** Number within its replica of the walker at rung 0. */
  get targetWalkers(): Float64Array {
    return this.#atRung0((row) => row % this.#shape.numRungs);
  }

  #atRung0(valueOf: (row: number) => number): Float64Array {
    const { numReplicas, numRungs } = this.#shape;
    return Float64Array.from({ length: numReplicas }, (_, replica) =>
      valueOf(this.exchange.rowAt[replica * numRungs]),
    );
  }

  /** @param step number of the scan since the start: addresses its random numbers and says which pairs swap. */
  async scan(step: number): Promise<Scan> {
    this.#renewReference(step);
    if (this.#isStale) await this.#refresh();
    const { acceptance, isDivergent, numSteps } = await this.#explore(step);
    const energies = this.#explorer.loss.map((loss) => this.#posterior.nBeta * loss);
    const rungBefore = this.exchange.rungOf.slice();
    const { seed, firstChain = 0 } = this.#posterior;
    const energiesByRung = this.#byRung(energies);
    const swapProbabilities = this.exchange.swap({
      scan: step,
      betas: this.betas,
      energies,
      uniformOf: (replica, lowerRung) => {
        const chain = firstChain + replica * this.#shape.numRungs + lowerRung;
        return uniformAt({ seed, purpose: purpose.swap, chain, step });
      },
    });
    const rungAfter = this.exchange.rungOf.slice();
    if (rungAfter.some((rung, row) => rung !== rungBefore[row])) this.#setTemperatures();
    return {
      betas: this.betas,
      energies: energiesByRung,
      acceptance,
      swapProbabilities,
      rungBefore,
      rungAfter,
      isDivergent,
      numSteps,
    };
  }

  /** Learns from the `index`-th scan of warmup. */
  async adapt(index: number, scan: Scan): Promise<void> {
    const { warmup, adaptStepSize, adaptMassMatrix } = this.#settings;
    const { offset, length, isLastRound } = roundAt(warmup, index);
    if (adaptStepSize)
      this.stepSizes.update(this.#meanByRung(scan.acceptance), acceptanceTargetsOf(this.#settings));
    this.#round.add(scan);
    const learnsVariance = adaptMassMatrix && !isLastRound && length >= leastVarianceRound;
    if (learnsVariance) addRows(this.#variance, await this.#targetPositions());
    if (offset + 1 < length) return;
    if (!isLastRound) await this.#endRound();
    else if (adaptStepSize) this.stepSizes.restart(this.stepSizes.averaged());
  }

  async #endRound(): Promise<void> {
    const { adaptLadder, adaptStepSize, stepSize } = this.#settings;
    const before = this.betas;
    if (adaptLadder) this.betas = equalisedLadder(before, this.#round.rejections());
    this.#round.reset();
    this.stepSizes.restart(
      adaptStepSize
        ? carriedStepSizes(this.stepSizes.averaged(), {
            from: before,
            to: this.betas,
            kernels: this.#kernels,
          })
        : scaledStepSizes(stepSize, this.betas),
    );
    this.#setTemperatures();
    const variance = regularisedVariance(this.#variance, { floor: this.#settings.massMatrixFloor });
    resetWelford(this.#variance);
    if (variance === null) return;
    this.inverseMass = variance;
    this.#explorer.setInverseMass(variance);
    await this.#refresh();
    await this.#searchStepSizes();
  }

  async #searchStepSizes(): Promise<void> {
    if (!this.#settings.adaptStepSize) return;
    const found = await searchedStepSizes(this.stepSizes.values, this.#kernels, (kernel, stepSizes) =>
      this.#explorer.probe(kernel, this.exchange.byRow(stepSizes), this.#numProbes++),
    );
    this.stepSizes.restart(found);
  }

  #renewReference(step: number): void {
    if (this.#reference === null) return;
    const hottest = this.#shape.numRungs - 1;
    const isHottest = Uint8Array.from(this.exchange.rungOf, (rung) => (rung === hottest ? 1 : 0));
    this.#reference.renew(this.#explorer.position, isHottest, step);
    this.#isStale = true;
  }

  async #refresh(): Promise<void> {
    await this.#explorer.refresh();
    this.#isStale = false;
  }

  #setTemperatures(): void {
    const { nBeta } = this.#posterior;
    const { rungOf } = this.exchange;
    const ofRows = this.exchange.byRow(this.betas).map((beta) => beta * nBeta);
    this.#explorer.setPlaces({ rungOf, nBeta: ofRows });
    this.#isStale = true;
  }

  async #explore(step: number): Promise<Pick<Scan, "acceptance" | "isDivergent" | "numSteps">> {
    const { localSteps } = this.#settings;
    const stepSizes = this.exchange.byRow(this.stepSizes.values);
    const acceptance = new Float64Array(stepSizes.length);
    const diverged = new Uint8Array(stepSizes.length);
    const numSteps = new Float64Array(stepSizes.length);
    for (let k = 0; k < localSteps; k++) {
      const info = await this.#explorer.explore(stepSizes, step * localSteps + k);
      for (let row = 0; row < acceptance.length; row++) {
        acceptance[row] += info.acceptanceRate[row] / localSteps;
        numSteps[row] += info.numSteps[row];
        if (info.isDivergent[row] === 1) diverged[row] = 1;
      }
    }
    const isDivergent = Uint8Array.from(this.#atRung0((row) => diverged[row]));
    const atTarget = this.#atRung0((row) => numSteps[row]);
    return { acceptance: this.#byRung(acceptance), isDivergent, numSteps: atTarget };
  }

  /** Values of rows → the same at r·K + rung. */
  #byRung(ofRows: Float64Array): Float64Array {
    return Float64Array.from(this.exchange.rowAt, (row) => ofRows[row]);
  }

  /** Mean over replicas of values at r·K + rung. */
  #meanByRung(values: Float64Array): Float64Array {
    const { numRungs, numReplicas } = this.#shape;
    const mean = new Float64Array(numRungs);
    values.forEach((value, at) => {
      mean[at % numRungs] += value / numReplicas;
    });
    return mean;
  }

  async #targetPositions(): Promise<Float64Array> {
    const { dim } = this.#posterior.ensemble;
    const { numReplicas, numRungs } = this.#shape;
    const all = await this.#posterior.ensemble.readVectors(this.#explorer.position);
    const rows = new Float64Array(numReplicas * dim);
    for (let replica = 0; replica < numReplicas; replica++) {
      const row = this.exchange.rowAt[replica * numRungs];
      rows.set(all.subarray(row * dim, (row + 1) * dim), replica * dim);
    }
    return rows;
  }

  async snapshot(): Promise<Snapshot> {
    const round = Object.entries(this.#round.snapshot()).map(([name, value]) => [`round.${name}`, value]);
    return {
      ...(await this.#explorer.snapshot()),
      ...this.exchange.snapshot(),
      ...this.stepSizes.snapshot(),
      ...welfordEntries(this.#variance),
      ...(Object.fromEntries(round) as Snapshot),
      betas: this.betas.slice(),
      inverseMass: this.inverseMass.slice(),
      isStale: this.#isStale,
      numProbes: this.#numProbes,
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    const prefix = "round.";
    const round = Object.entries(snapshot).filter(([name]) => name.startsWith(prefix));
    this.exchange.restore(snapshot);
    this.stepSizes.restore(snapshot);
    this.#round.restore(Object.fromEntries(round.map(([name, value]) => [name.slice(prefix.length), value])));
    restoreWelford(this.#variance, snapshot);
    this.betas = arrayIn(snapshot, "betas", this.#shape.numRungs);
    this.inverseMass = arrayIn(snapshot, "inverseMass", this.inverseMass.length);
    this.#explorer.setInverseMass(this.inverseMass);
    this.#setTemperatures();
    this.#explorer.restore(snapshot);
    this.#isStale = booleanIn(snapshot, "isStale");
    this.#numProbes = numberIn(snapshot, "numProbes");
  }
}
