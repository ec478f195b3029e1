/**
 * Counts the work of a run exactly: evaluations over one data point, all chains together.
 *
 * A full gradient of C chains over n points is C·n; a minibatch of b rows is C·b. A fused operation of k steps counts
 * k times, whether or not a chain's state was finite or its proposal was accepted.
 */
import type { Ensemble } from "../../compute/backend.ts";
import type { Snapshot, WorkCount } from "../sampler.ts";
import { numberIn } from "./snapshot-fields.ts";

/** Which part of a run an evaluation belongs to; start-up and tuning are warmup. */
export type WorkPhase = "warmup" | "draws";

/** Mutable counter of one run. Starts in the phase `warmup`. */
export class WorkCounter {
  /** The phase that later gradients are counted in. */
  phase: WorkPhase = "warmup";
  readonly #numChains: number;
  readonly #numData: number;
  #gradients = 0;
  #warmupGradients = 0;
  #losses = 0;

  constructor(ensemble: Pick<Ensemble, "numChains" | "numData">) {
    this.#numChains = ensemble.numChains;
    this.#numData = ensemble.numData;
  }

  /** `count` gradients (with or without their loss) of every chain over `rows` points; all data by default. */
  addGradients(count: number, rows: number = this.#numData): void {
    this.#add(count * rows * this.#numChains);
  }

  /** `count` gradients over all data, of single chains: where chains do unequal work. */
  addChainGradients(count: number): void {
    this.#add(count * this.#numData);
  }

  #add(gradients: number): void {
    this.#gradients += gradients;
    if (this.phase === "warmup") this.#warmupGradients += gradients;
  }

  /** `count` losses without gradient of every chain over `rows` points; all data by default. */
  addLosses(count: number, rows: number = this.#numData): void {
    this.#losses += count * rows * this.#numChains;
  }

  get work(): WorkCount {
    return { gradients: this.#gradients, warmupGradients: this.#warmupGradients, losses: this.#losses };
  }

  /** The counters as snapshot entries; `restore` reads them back. */
  snapshot(): Snapshot {
    const { gradients, warmupGradients, losses } = this.work;
    return { workGradients: gradients, workWarmupGradients: warmupGradients, workLosses: losses };
  }

  /** @throws TRACE_INVALID if an entry is missing. */
  restore(snapshot: Snapshot): void {
    this.#gradients = numberIn(snapshot, "workGradients");
    this.#warmupGradients = numberIn(snapshot, "workWarmupGradients");
    this.#losses = numberIn(snapshot, "workLosses");
  }
}
