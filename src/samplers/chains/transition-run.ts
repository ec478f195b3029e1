/**
 * A run made of Metropolis transitions: what `nuts`, `mala`, `lmh`, `rwmh`, `amclmc` and `chees` have in common.
 *
 * Begin once (derivatives at the starts, first step size), one adapting transition a unit of warmup, then `thinning`
 * transitions a recorded draw. A sampler supplies its chains: how they move and what they learn.
 */
import type { DrawRecord, SamplerRun, Snapshot, TunedSettings, WorkCount } from "../sampler.ts";
import { booleanIn, numberIn } from "./snapshot-fields.ts";
import type { WorkCounter } from "./work-counter.ts";

/** One value a chain under each name of the sampler's statistics; `acceptance_rate` is always among them. */
export type TransitionStatistics = Readonly<Record<string, Float64Array>>;

/** Chains that move by transitions. Mutable; all state that later transitions depend on is in `snapshot`. */
export interface MovingChains {
  /** L_n of each chain's present position. */
  readonly loss: Float64Array;
  /** ‖w − w*‖ of each chain's present position. */
  distance(): Promise<Float64Array>;
  readonly tuned: TunedSettings;
  readonly warnings: readonly string[];
  /** Called once, before the first transition. @throws NUMERICS if a start has no finite loss. */
  begin(): Promise<void>;
  /** Moves every chain once. @param step number of this transition since the start: addresses its random numbers. */
  transition(step: number): Promise<TransitionStatistics>;
  /** After the `index`-th transition of warmup. */
  adapt(index: number, statistics: TransitionStatistics): Promise<void>;
  snapshot(): Promise<Snapshot>;
  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void;
}

/** Length of a run, in transitions. */
export interface RunLength {
  readonly draws: number;
  readonly warmup: number;
  /** Transitions a recorded draw. */
  readonly thinning: number;
}

const sum = (a: number, b: number): number => a + b;
const larger = (a: number, b: number): number => Math.max(a, b);
const farther = (a: number, b: number): number => (Math.abs(b) > Math.abs(a) ? b : a);

/** What a draw of several transitions records; the value of the last one where nothing is said. */
const merging: Readonly<Record<string, (soFar: number, next: number) => number>> = {
  acceptance_rate: sum,
  n_steps: sum,
  n_langevin: sum,
  diverging: larger,
  reached_max_treedepth: larger,
  tree_depth: larger,
  max_energy_error: farther,
};

/**
 * Statistics of a draw from those of its transitions: mean of `acceptance_rate`, sum of `n_steps`, whether any was
 * `diverging` or `reached_max_treedepth`, largest `tree_depth` and |`max_energy_error`|, else the last value.
 */
const mergeTransitions = (transitions: readonly TransitionStatistics[]): TransitionStatistics => {
  const last = transitions.at(-1) ?? {};
  if (transitions.length === 1) return last;
  return Object.fromEntries(
    Object.entries(last).map(([name, values]) => {
      const merge = merging[name];
      if (merge === undefined) return [name, values];
      const merged = values.map((_, chain) =>
        transitions.map((statistics) => statistics[name][chain]).reduce(merge),
      );
      return [name, name === "acceptance_rate" ? merged.map((rate) => rate / transitions.length) : merged];
    }),
  );
};

/** Drives chains through warmup and draws. */
export class TransitionRun implements SamplerRun {
  readonly numWarmupUnits: number;
  readonly numDraws: number;
  readonly #chains: MovingChains;
  readonly #counter: WorkCounter;
  readonly #thinning: number;
  #hasBegun = false;
  #numTransitions = 0;

  constructor(chains: MovingChains, counter: WorkCounter, { draws, warmup, thinning }: RunLength) {
    this.numWarmupUnits = warmup;
    this.numDraws = draws;
    this.#chains = chains;
    this.#counter = counter;
    this.#thinning = thinning;
  }

  get work(): WorkCount {
    return this.#counter.work;
  }

  get tuned(): TunedSettings {
    return this.#chains.tuned;
  }

  get warnings(): readonly string[] {
    return this.#chains.warnings;
  }

  async warmup(index: number): Promise<void> {
    await this.#begin();
    const statistics = await this.#chains.transition(this.#numTransitions++);
    await this.#chains.adapt(index, statistics);
  }

  async draw(_index: number): Promise<DrawRecord> {
    await this.#begin();
    this.#counter.phase = "draws";
    const transitions: TransitionStatistics[] = [];
    for (let k = 0; k < this.#thinning; k++) {
      transitions.push(await this.#chains.transition(this.#numTransitions++));
    }
    const { loss } = this.#chains;
    const distance = await this.#chains.distance();
    return { loss: loss.slice(), distance, statistics: mergeTransitions(transitions) };
  }

  async snapshot(): Promise<Snapshot> {
    return {
      ...this.#counter.snapshot(),
      ...(await this.#chains.snapshot()),
      hasBegun: this.#hasBegun,
      numTransitions: this.#numTransitions,
    };
  }

  async restore(snapshot: Snapshot): Promise<void> {
    this.#counter.restore(snapshot);
    this.#chains.restore(snapshot);
    this.#hasBegun = booleanIn(snapshot, "hasBegun");
    this.#numTransitions = numberIn(snapshot, "numTransitions");
  }

  async #begin(): Promise<void> {
    if (this.#hasBegun) return;
    await this.#chains.begin();
    this.#hasBegun = true;
  }
}

/** Mean over chains of one statistic. */
export const meanOverChains = (values: Float64Array): number =>
  values.reduce((total, value) => total + value, 0) / values.length;
