/** Trees of rows with step sizes of their own, on every backend: each as if all rows had its step size. */
import { expect, it } from "vitest";
import { startPositions } from "../../../../../src/samplers/chains/start-positions.ts";
import { WorkCounter } from "../../../../../src/samplers/chains/work-counter.ts";
import { GradientState } from "../../../../../src/samplers/tempering/moves/gradient-state.ts";
import type { Exploration } from "../../../../../src/samplers/tempering/moves/move.ts";
import { TreeMove } from "../../../../../src/samplers/tempering/moves/tree-move.ts";
import { describeBackends } from "../../../../support/backend-cases.ts";
import { aNetworkPosterior } from "../../../../support/posteriors.ts";

describeBackends("trees", (backend) => {
  const dim = 29;
  const explored = async (stepSizes: readonly number[]) => {
    const posterior = aNetworkPosterior({
      numChains: 4,
      startScale: 0.1,
      open: (problem) => backend.open(problem),
    });
    const counter = new WorkCounter(posterior.ensemble);
    const state = new GradientState(posterior, startPositions(posterior), counter);
    state.setTemperatures(Float64Array.of(10, 5, 2, 1));
    await state.refresh();
    const before = await state.snapshot();
    const move = new TreeMove(posterior, state, { maxDepth: 4, counter });
    const info = await move.explore(Float64Array.from(stepSizes), 3);
    return { info, before, after: await state.snapshot(), work: counter.work };
  };
  /** All that is known of one row. */
  const ofRow = (row: number, { info, after }: { info: Exploration; after: object }): unknown => ({
    info: Object.values(info).map((values: Float64Array) => values[row]),
    state: Object.values(after).map((values: Float64Array) =>
      [...values.subarray(row * (values.length / 4), (row + 1) * (values.length / 4))].map(Number),
    ),
  });

  it("are those of a batch of one step size, row by row", async () => {
    const steps = [0.02, 0.05, 0, 0.02];
    const found = await explored(steps);
    for (const row of [0, 1, 3]) {
      expect(ofRow(row, found)).toEqual(ofRow(row, await explored(steps.map(() => steps[row] ?? 0))));
    }
  });

  it("leave a row without a step where it is, and pay a leaf for each other step size", async () => {
    const { info, before, after, work } = await explored([0.02, 0.05, 0, 0.02]);
    expect([info.acceptanceRate[2], info.numSteps[2]]).toEqual([1, 0]);
    const rowOf = (values: Float64Array): number[] => [...values.subarray(2 * dim, 3 * dim)];
    for (const name of ["position", "gradient"]) {
      expect(rowOf(after[name] as Float64Array)).toEqual(rowOf(before[name] as Float64Array));
    }
    const own = info.numSteps.reduce((sum, count) => sum + count, 0);
    // Rows 1 and 2 rest beside step 0.02; rows 0, 2 and 3 beside 0.05; one gradient each of the start.
    expect(work.gradients).toBe((own + 2 + 3 + 4) * 23);
  });
});
