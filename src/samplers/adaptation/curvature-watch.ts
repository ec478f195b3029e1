/**
 * The largest curvature A that the chains of an unadjusted run meet, measured where they are: it says how large steps may be
 * and how far draws are from the posterior. On singular posteriors w* itself says nothing: it is flat there.
 *
 * Where the step size is chosen (`isChosen`), warmup measures at steps 0, 1, 2, 4, …, since chains that spread like √steps
 * cannot multiply the curvature of a loss of degree 2p by more than 2^{p−1} in between, and from its half on at every eighth
 * and at its end. `wanted` is what steps are chosen against. In the first half it is the greatest A over chains, which may
 * fall by half from one moment to the next, so that starts that were too stiff are left behind. In the second half it is the
 * mean of A over chains and moments, for that is what the bias of λ̂ goes with, but at least half of the greatest: where tails
 * of A are heavy chains stay longest where it is small, and mix too slowly for the diagnostics to see unless steps are small.
 * With the end of warmup it stands still.
 *
 * Draws are measured at the end of warmup and after an eighth, the quarters and all of them, whether ε was chosen or given.
 */
import type { Vectors } from "../../compute/backend.ts";
import { arrayIn, numberIn } from "../chains/snapshot-fields.ts";
import type { WorkCounter } from "../chains/work-counter.ts";
import { greatestFinite, LargestCurvature } from "../curvature/largest-curvature.ts";
import type { Posterior, Snapshot } from "../sampler.ts";

/** The run that is watched. */
export interface WatchPlan {
  /** Steps of warmup. */
  readonly warmup: number;
  readonly numDraws: number;
  /** Most steps of a unit of warmup. */
  readonly stepsPerUnit: number;
  readonly isChosen: boolean;
}

/** Chains at one moment. */
export interface WatchedChains {
  readonly position: Vectors;
  readonly stepsDone: number;
  /** P, (numChains, dim); absent: 1. */
  readonly preconditioner?: Float64Array;
}

const sharesOfDraws = [1 / 8, 1 / 4, 1 / 2, 3 / 4, 1];
/** Greatest A over the mean that steps are chosen against. */
const mostOverWanted = 2;

/** Numbers of steps done at which curvature is measured in warmup, ascending; its end is not among them. */
const warmupMoments = ({ warmup, isChosen }: WatchPlan): ReadonlySet<number> => {
  const moments = new Set<number>([0]);
  if (!isChosen) return moments;
  for (let steps = 1; steps < warmup / 2; steps *= 2) moments.add(steps);
  for (let eighth = 4; eighth < 8; eighth++) moments.add(Math.ceil((eighth * warmup) / 8));
  moments.delete(warmup);
  return moments;
};

/** See the header. Owns its device arrays. */
export class CurvatureWatch {
  /** Steps done at the end of each unit of warmup: a unit begins at every moment. */
  readonly unitEnds: readonly number[];
  readonly #plan: WatchPlan;
  readonly #moments: ReadonlySet<number>;
  readonly #draws: ReadonlySet<number>;
  readonly #posterior: Posterior;
  readonly #curvature: LargestCurvature;
  #bound = Number.NaN;
  #settled: readonly number[] = [];
  #drawn: readonly number[] = [];

  constructor(posterior: Posterior, counter: WorkCounter, plan: WatchPlan) {
    const { warmup, numDraws, stepsPerUnit } = plan;
    this.#posterior = posterior;
    this.#plan = plan;
    this.#curvature = new LargestCurvature(posterior, counter);
    this.#moments = warmupMoments(plan);
    this.#draws = new Set(sharesOfDraws.map((share) => Math.ceil(share * numDraws)));
    const ends = new Set([...this.#moments, warmup]);
    for (let end = stepsPerUnit; end < warmup; end += stepsPerUnit) ends.add(end);
    ends.delete(0);
    this.unitEnds = [...ends].sort((a, b) => a - b);
  }

  /** What steps are chosen against; NaN before the first moment, and if no chain has been finite. */
  get wanted(): number {
    if (this.#settled.length === 0) return this.#bound;
    return Math.max(mean(this.#settled), this.#bound / mostOverWanted);
  }

  /** Greatest A that draws have met so far. */
  get greatest(): number {
    return this.#met.reduce((high, value) => Math.max(high, value), Number.NEGATIVE_INFINITY);
  }

  /** Whether anything is known of draws, or of what they will be. */
  get isKnown(): boolean {
    return !Number.isNaN(this.#met[0]);
  }

  /**
   * c of the Gaussian whose stiffest direction is as much too wide as those are, on average over chains and moments, in
   * which c = `factor`·A; a variance is 1/(1 − c/4) times too large. The greatest c where one is 4 or more: chains run away.
   */
  stepCurvature(factor: number): number {
    const greatest = factor * this.greatest;
    if (!(greatest < 4)) return greatest;
    const excess = mean(this.#met.map((curvature) => (factor * curvature) / (4 - factor * curvature)));
    return (4 * excess) / (1 + excess);
  }

  /** Of draws; before them, and if no chain was finite then, what steps are chosen against. */
  get #met(): readonly number[] {
    return this.#drawn.length > 0 ? this.#drawn : [this.wanted];
  }

  /** Before a unit of warmup: measures if this is a moment. */
  async beforeUnit(chains: WatchedChains): Promise<void> {
    if (this.#moments.has(chains.stepsDone)) await this.#tighten(chains);
  }

  /** Before the first draw. */
  async endWarmup(chains: WatchedChains): Promise<void> {
    this.#drawn = this.#plan.isChosen ? await this.#tighten(chains) : await this.#at(chains);
  }

  /** Whether `afterDraw` is wanted after that many draws. */
  isDue(numDone: number): boolean {
    return this.#draws.has(numDone);
  }

  async afterDraw(chains: WatchedChains): Promise<void> {
    this.#drawn = [...this.#drawn, ...(await this.#at(chains))];
  }

  async #tighten(chains: WatchedChains): Promise<readonly number[]> {
    const curvatures = await this.#at(chains);
    const isSettling = chains.stepsDone < this.#plan.warmup / 2;
    const before = isSettling ? this.#bound / 2 : this.#bound;
    this.#bound = greatestFinite(Float64Array.from([before, ...curvatures]));
    if (!isSettling) this.#settled = [...this.#settled, ...curvatures];
    return curvatures;
  }

  /** A of each chain where it is finite. */
  async #at({ position, stepsDone, preconditioner }: WatchedChains): Promise<readonly number[]> {
    const probe = { positions: await this.#posterior.ensemble.readVectors(position), step: stepsDone };
    const found = await this.#curvature.of(
      preconditioner === undefined ? probe : { ...probe, preconditioner },
    );
    return Array.from(found).filter(Number.isFinite);
  }

  snapshot(): Snapshot {
    return {
      curvatureBound: this.#bound,
      curvaturesSettled: this.#settled.length,
      curvaturesDrawn: this.#drawn.length,
      curvatures: Float64Array.from([...this.#settled, ...this.#drawn]),
    };
  }

  /** @throws TRACE_INVALID if an entry is missing. */
  restore(snapshot: Snapshot): void {
    this.#bound = numberIn(snapshot, "curvatureBound");
    const [numSettled, numDrawn] = [
      numberIn(snapshot, "curvaturesSettled"),
      numberIn(snapshot, "curvaturesDrawn"),
    ];
    const all = Array.from(arrayIn(snapshot, "curvatures", numSettled + numDrawn));
    this.#settled = all.slice(0, numSettled);
    this.#drawn = all.slice(numSettled);
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
