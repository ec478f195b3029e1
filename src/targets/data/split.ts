/**
 * The training and the test set draw from the same streams of random numbers, at different `chain` words: same law, same
 * centres and embedding, independent rows. Row i does not depend on how many rows there are.
 */
import type { RandomStream } from "../../random/philox.ts";

/** Rows of one data set. */
export interface Split {
  readonly name: "training" | "test";
  readonly numData: number;
  readonly seed: number;
}

/** Stream of a split for one purpose. */
export const streamOf = (split: Split, purpose: number): RandomStream => ({
  seed: split.seed,
  purpose,
  chain: split.name === "training" ? 0 : 1,
});
