/** The random numbers of each chain of a problem, at the addresses that every backend uses. */
import { fillNormal } from "../../random/normal.ts";
import { purpose } from "../../random/purpose.ts";
import { fillIntegers } from "../../random/uniform.ts";
import type { Problem, RandomAddress } from "../backend.ts";
import { dimOfProblem } from "../restriction.ts";

/** Numbers of chain 0, 1, … of the problem, whose number in addresses is `firstChain` more. */
export class ChainRandom {
  readonly #seed: number;
  readonly #firstChain: number;
  readonly #dim: number;
  readonly #numData: number;

  constructor(problem: Problem) {
    this.#seed = problem.seed;
    this.#firstChain = problem.firstChain ?? 0;
    this.#dim = dimOfProblem(problem);
    this.#numData = problem.dataset.numData;
  }

  /** What is common to all addresses of a chain. */
  streamOf(chain: number): { readonly seed: number; readonly chain: number } {
    return { seed: this.#seed, chain: this.#firstChain + chain };
  }

  /** Standard normals, one a parameter, at `firstIndex` and after. */
  normals(address: RandomAddress, chain: number, firstIndex = 0): Float64Array {
    const out = new Float64Array(this.#dim);
    fillNormal({ ...this.streamOf(chain), ...address }, out, firstIndex);
    return out;
  }

  /** Rows of the minibatch that the chain sees at a step. */
  batchRows({ batchSize, step }: { batchSize: number; step: number }, chain: number): Uint32Array {
    const rows = new Uint32Array(batchSize);
    fillIntegers({ ...this.streamOf(chain), purpose: purpose.minibatch, step }, this.#numData, rows);
    return rows;
  }
}
