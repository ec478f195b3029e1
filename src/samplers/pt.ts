/**
 * Parallel tempering: replicas of a ladder of temperatures, whose walkers swap rungs; draws are those at β = 1.
 *
 * The law of rung k is π_k ∝ N(w*, I/γ)·e^{−β_k·nβ·L_n}: the likelihood is tempered, the pull to w* is not, so that the
 * hottest end can be drawn from exactly. Hot walkers cross between modes, swaps carry what they find to the target;
 * every rung keeps its law, hence so does the target. A recorded chain is one replica, all of its rungs together are
 * counted in its work.
 *
 * Beside the draws: λ̂(nβ) and acceptance at each rung, the matrix of swaps, the communication barrier Λ, round trips,
 * and log Z(1)/Z(hottest): `log_evidence` where the hottest rung is the reference, else `log_partition_ratio`.
 * Source: Geyer (1991); Syed, Bouchard-Côté, Deligiannidis & Doucet (2021). Parts are in `tempering/`.
 */

import { type MovingChains, TransitionRun, type TransitionStatistics } from "./chains/transition-run.ts";
import { WorkCounter } from "./chains/work-counter.ts";
import type { Posterior, RunReport, Sampler, Snapshot, TunedSettings } from "./sampler.ts";
import { cumulativeBarrier, idealRoundTripRate, numRungsOf } from "./tempering/ladder.ts";
import { LadderStatistics } from "./tempering/ladder-statistics.ts";
import type { PtSettings } from "./tempering/pt-settings.ts";
import { checkPtSettings } from "./tempering/pt-settings.ts";
import { RoundTrips } from "./tempering/round-trips.ts";
import { type Scan, TemperedWalkers } from "./tempering/tempered-walkers.ts";

export type { PtSettings } from "./tempering/pt-settings.ts";

/**
 * Per draw and replica. `acceptance_rate`, `diverging`, `step_size`: of the local kernel at β = 1; `n_steps`: gradients
 * (rwmh: losses) of its own transitions there; `swap_rate`: mean probability of the swaps tried in the last scan (NaN if
 * none was); `walker`: which of the replica's walkers is at β = 1.
 */
const statistics = ["acceptance_rate", "diverging", "step_size", "n_steps", "swap_rate", "walker"] as const;

/** Below this rate two rungs hardly ever exchange anything. */
const leastSwapRate = 0.01;
/** Stepping stones from both ends that are further apart (nats) do not agree on the evidence. */
const widestEvidenceGap = 1;

class PtChains implements MovingChains {
  readonly #posterior: Posterior;
  readonly #settings: PtSettings;
  readonly #counter: WorkCounter;
  readonly #walkers: TemperedWalkers;
  readonly #statistics: LadderStatistics;
  readonly #trips: RoundTrips;
  readonly #numReplicas: number;
  #lastScan: Scan | null = null;

  constructor(posterior: Posterior, settings: PtSettings, counter: WorkCounter) {
    const numRungs = numRungsOf(settings);
    const { numChains } = posterior.ensemble;
    this.#numReplicas = numChains / numRungs;
    if (!Number.isInteger(this.#numReplicas)) {
      throw new Error(`bug: ${numChains} rows for ladders of ${numRungs} rungs; ask ensembleRows`);
    }
    this.#posterior = posterior;
    this.#settings = settings;
    this.#counter = counter;
    this.#walkers = new TemperedWalkers(posterior, settings, counter);
    this.#statistics = new LadderStatistics({ numRungs, numReplicas: this.#numReplicas });
    this.#trips = new RoundTrips(numChains, numRungs);
  }

  get loss(): Float64Array {
    return this.#walkers.targetLosses;
  }

  distance(): Promise<Float64Array> {
    return this.#walkers.targetDistances();
  }

  begin(): Promise<void> {
    return this.#walkers.begin();
  }

  async transition(step: number): Promise<TransitionStatistics> {
    const scan = await this.#walkers.scan(step);
    this.#lastScan = scan;
    if (this.#counter.phase === "draws") {
      this.#statistics.add(scan);
      this.#trips.record(scan.rungAfter);
    }
    const forAll = (value: number): Float64Array => new Float64Array(this.#numReplicas).fill(value);
    const numRungs = scan.betas.length;
    const ofReplica = (values: Float64Array, size: number, replica: number): Float64Array =>
      values.subarray(replica * size, (replica + 1) * size);
    return {
      acceptance_rate: forAll(0).map((_, replica) => scan.acceptance[replica * numRungs]),
      diverging: Float64Array.from(scan.isDivergent),
      step_size: forAll(this.#walkers.stepSizes.values[0]),
      n_steps: scan.numSteps,
      swap_rate: forAll(0).map((_, replica) =>
        meanOf(
          ofReplica(scan.swapProbabilities, numRungs - 1, replica).filter((rate) => !Number.isNaN(rate)),
        ),
      ),
      walker: this.#walkers.targetWalkers,
    };
  }

  async adapt(index: number): Promise<void> {
    if (this.#lastScan !== null) await this.#walkers.adapt(index, this.#lastScan);
  }

  /** What Z(1)/Z(hottest) is: only Z at β = 0, that of the normalised pull to w*, is known. */
  get #nameOfRatio(): string {
    return this.#settings.reference ? "log_evidence" : "log_partition_ratio";
  }

  get tuned(): TunedSettings {
    const { betas, inverseMass, stepSizes } = this.#walkers;
    const rejections = this.#statistics.rejections();
    const rates = rejections.map((rejection) => 1 - rejection);
    const evidence = this.#statistics.evidence(betas);
    const ratio = this.#nameOfRatio;
    return {
      step_size: stepSizes.values[0],
      rungs: betas.length,
      beta_min: betas[betas.length - 1],
      barrier: rejections.reduce((sum, rejection) => sum + rejection, 0),
      swap_rate_min: rates.reduce((low, rate) => Math.min(low, rate), 1),
      swap_rate_mean: meanOf(rates),
      restarts: this.#trips.restarts,
      round_trips: this.#trips.roundTrips,
      round_trip_rate: this.#trips.roundTrips / (this.#statistics.numScans * this.#numReplicas),
      round_trip_rate_ideal: idealRoundTripRate(rejections),
      [ratio]: evidence.steppingStone,
      [`${ratio}_se`]: evidence.standardError,
      [`${ratio}_thermodynamic`]: evidence.thermodynamic,
      inverse_mass_min: inverseMass.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY),
      inverse_mass_max: inverseMass.reduce((high, value) => Math.max(high, value), 0),
    };
  }

  /** The ladder, rung by rung from the target to the hottest, and pair by pair. */
  get report(): RunReport {
    const { betas, stepSizes } = this.#walkers;
    const { nBeta, initialLoss } = this.#posterior;
    const { mean, standardError, variance } = this.#statistics.energies();
    const rejections = this.#statistics.rejections();
    const evidence = this.#statistics.evidence(betas);
    const ratio = this.#nameOfRatio;
    return {
      betas: [...betas],
      temperatures: Array.from(betas, (beta) => 1 / beta),
      n_betas: Array.from(betas, (beta) => beta * nBeta),
      step_sizes: [...stepSizes.values],
      acceptance: [...this.#statistics.acceptance()],
      loss_mean: Array.from(mean, (energy) => energy / nBeta),
      loss_se: Array.from(standardError, (error) => error / nBeta),
      loss_std: Array.from(variance, (square) => Math.sqrt(square) / nBeta),
      llc: Array.from(mean, (energy, rung) => betas[rung] * (energy - nBeta * initialLoss)),
      llc_se: Array.from(standardError, (error, rung) => betas[rung] * error),
      swap_rates: Array.from(rejections, (rejection) => 1 - rejection),
      swap_tries: [...this.#statistics.swapTries],
      swap_matrix: this.#statistics.swapMatrix(),
      barrier: [...cumulativeBarrier(rejections)],
      [`${ratio}_from_hot`]: evidence.fromHot,
      [`${ratio}_from_cold`]: evidence.fromCold,
      [`${ratio}_thermodynamic`]: evidence.thermodynamic,
    };
  }

  get warnings(): readonly string[] {
    const { numScans } = this.#statistics;
    if (numScans === 0) return [];
    const rejections = this.#statistics.rejections();
    const worst = rejections.reduce((at, value, pair) => (value > rejections[at] ? pair : at), 0);
    const warnings: string[] = [];
    if (1 - rejections[worst] < leastSwapRate) {
      const [cold, hot] = [worst, worst + 1].map((rung) => Number(this.#walkers.betas[rung].toPrecision(3)));
      warnings.push(
        `Swaps between beta = ${cold} and ${hot} are accepted with ${percent(1 - rejections[worst])}: the ladder is broken there; raise pt.rungs or lower pt.max_temperature.`,
      );
    }
    if (this.#trips.restarts === 0) {
      warnings.push(
        `No walker came from the hottest rung to the target in ${numScans} scans: the ladder brings no new starts; draw more, or change pt.rungs (best near 2·barrier + 1).`,
      );
    }
    const { fromHot, fromCold } = this.#statistics.evidence(this.#walkers.betas);
    if (this.#settings.reference && !(Math.abs(fromHot - fromCold) <= widestEvidenceGap)) {
      warnings.push(
        `The two stepping-stone estimates of the evidence are ${Number((fromCold - fromHot).toPrecision(2))} nats apart: log_evidence cannot be trusted; raise pt.rungs.`,
      );
    }
    return warnings;
  }

  async snapshot(): Promise<Snapshot> {
    return {
      ...(await this.#walkers.snapshot()),
      ...this.#statistics.snapshot(),
      ...this.#trips.snapshot(),
    };
  }

  restore(snapshot: Snapshot): void {
    this.#walkers.restore(snapshot);
    this.#statistics.restore(snapshot);
    this.#trips.restore(snapshot);
  }
}

const meanOf = (values: Float64Array): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const percent = (fraction: number): string => `${Number((100 * fraction).toPrecision(2))} %`;

class PtRun extends TransitionRun {
  readonly #chains: PtChains;

  constructor(chains: PtChains, counter: WorkCounter, settings: PtSettings) {
    super(chains, counter, settings);
    this.#chains = chains;
  }

  get report(): RunReport {
    return this.#chains.report;
  }
}

/** Parallel tempering. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const pt: Sampler<PtSettings> = {
  name: "pt",
  numericsVersion: 2,
  statistics,
  isIndependent: false,
  ensembleRows: (settings, chains) => chains * numRungsOf(settings),
  start: async (posterior, settings) => {
    checkPtSettings(settings, posterior.gamma);
    const counter = new WorkCounter(posterior.ensemble);
    return new PtRun(new PtChains(posterior, settings, counter), counter, settings);
  },
};
