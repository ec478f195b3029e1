/** Refuses problems whose arrays do not fit together, the same on every backend, before anything is allocated. */
import type { Potential, Problem } from "./backend.ts";
import { dimOf } from "./model.ts";

/** @throws bug where sizes, counts or the seed break the contract of `Problem`. */
export const checkProblem = (problem: Problem): void => {
  const { model, dataset, numChains, seed } = problem;
  if (!Number.isInteger(numChains) || numChains < 1) throw new Error(`bug: ${numChains} chains`);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`bug: seed ${seed} is not in [0, 2^53)`);
  if (dimOf(model) < 1) throw new Error("bug: a model without parameters");
  checkRestriction(problem);
  if (model.kind !== "network") return;
  const { inDim, outDim } = model.network;
  const { numData, inputs, labels } = dataset;
  if (!Number.isInteger(numData) || numData < 1) throw new Error(`bug: ${numData} data points`);
  if (inputs.length !== numData * inDim) {
    throw new Error(`bug: ${inputs.length} input numbers for ${numData} points of ${inDim}`);
  }
  if (labels.length !== numData * outDim) {
    throw new Error(`bug: ${labels.length} label numbers for ${numData} points of ${outDim}`);
  }
};

const checkRestriction = ({ model, restriction }: Problem): void => {
  if (restriction === undefined) return;
  const { free, fixed } = restriction;
  const dim = dimOf(model);
  if (fixed.length !== dim) throw new Error(`bug: ${fixed.length} fixed values for ${dim} parameters`);
  const isAscending = free.every((index, i) => Number.isInteger(index) && index > (free[i - 1] ?? -1));
  if (free.length === 0 || !isAscending || (free.at(-1) as number) >= dim) {
    throw new Error(`bug: free parameters ${free.slice(0, 5).join(", ")}… of ${dim}`);
  }
};

/** Whoever builds a potential makes its arrays fit. @throws Error on a bug. */
export const checkPotential = (
  { dim, numChains }: { readonly dim: number; readonly numChains: number },
  { center, nBeta, gamma }: Potential,
): void => {
  if (center.length !== dim || nBeta.length !== numChains || gamma.length !== numChains) {
    throw new Error("bug: the potential's arrays do not fit the ensemble");
  }
};
