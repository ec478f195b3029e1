/** `TreeInfo` from one array of numbers, as kernels and the reference fill it. */
import type { TreeInfo } from "./backend.ts";

/** Row of each field in the array; `no-u-turn.c` has the same order. */
const treeInfoRow = {
  acceptanceRate: 0,
  energy: 1,
  energyError: 2,
  maxEnergyError: 3,
  isDivergent: 4,
  depth: 5,
  numSteps: 6,
  hasReachedMaxDepth: 7,
} as const satisfies Record<keyof TreeInfo, number>;

/** Numbers a chain. */
export const treeInfoRows = Object.keys(treeInfoRow).length;

/** Views of the rows of `values`, (treeInfoRows, numChains). */
export const treeInfoOf = (values: Float64Array, numChains: number): TreeInfo => {
  const row = (index: number): Float64Array => values.subarray(index * numChains, (index + 1) * numChains);
  const views = Object.entries(treeInfoRow).map(([name, index]) => [name, row(index)] as const);
  return Object.fromEntries(views) as Record<keyof TreeInfo, Float64Array>;
};
