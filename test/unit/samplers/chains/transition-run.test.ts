/** Runs of transitions: numbering, thinning, phases of work. */
import { describe, expect, it } from "vitest";
import { type MovingChains, TransitionRun } from "../../../../src/samplers/chains/transition-run.ts";
import { WorkCounter } from "../../../../src/samplers/chains/work-counter.ts";

/** Two chains whose statistics tell the number of the transition. */
const fakeChains = (log: string[], counter: WorkCounter): MovingChains => ({
  loss: Float64Array.of(1, 2),
  distance: async () => Float64Array.of(3, 4),
  tuned: {},
  warnings: [],
  begin: async () => {
    log.push("begin");
    counter.addGradients(1);
  },
  transition: async (step) => {
    log.push(`move ${step}`);
    counter.addGradients(1);
    const values = (first: number): Float64Array => Float64Array.of(first, 0);
    return {
      acceptance_rate: values(step / 8),
      n_steps: values(step),
      tree_depth: values(10 - step),
      diverging: values(step === 1 ? 1 : 0),
      reached_max_treedepth: values(step === 2 ? 1 : 0),
      max_energy_error: values(step === 2 ? -5 : 1),
      energy: values(step),
    };
  },
  adapt: async (index) => {
    log.push(`adapt ${index}`);
  },
  snapshot: async () => ({ own: 1 }),
  restore: () => {
    log.push("restore");
  },
});

const aRun = (thinning: number) => {
  const log: string[] = [];
  const counter = new WorkCounter({ numChains: 2, numData: 5 });
  const run = new TransitionRun(fakeChains(log, counter), counter, { draws: 2, warmup: 1, thinning });
  return { log, run };
};

describe("TransitionRun", () => {
  it("begins once, adapts after each transition of warmup, and numbers transitions through", async () => {
    const { log, run } = aRun(2);
    await run.warmup(0);
    await run.draw(0);
    await run.draw(1);
    expect(log).toEqual(["begin", "move 0", "adapt 0", "move 1", "move 2", "move 3", "move 4"]);
    expect(run.work).toEqual({ gradients: 60, warmupGradients: 20, losses: 0 });
  });

  it("merges the transitions of a draw: means, sums, extremes, last values", async () => {
    const { run } = aRun(3);
    await run.warmup(0);
    const { statistics, distance } = await run.draw(0);
    expect(distance).toEqual(Float64Array.of(3, 4));
    const first = Object.fromEntries(Object.entries(statistics).map(([name, values]) => [name, values[0]]));
    expect(first).toEqual({
      acceptance_rate: 0.25,
      n_steps: 6,
      tree_depth: 9,
      diverging: 1,
      reached_max_treedepth: 1,
      max_energy_error: -5,
      energy: 3,
    });
  });

  it("goes on after restore without beginning again", async () => {
    const { run } = aRun(1);
    await run.warmup(0);
    const { log, run: resumed } = aRun(1);
    await resumed.restore(await run.snapshot());
    await resumed.draw(0);
    expect(log).toEqual(["restore", "move 1"]);
    expect(resumed.work).toEqual({ gradients: 30, warmupGradients: 20, losses: 0 });
  });
});
