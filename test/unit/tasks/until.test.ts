import { describe, expect, it } from "vitest";
import type { RunConfig } from "../../../src/config/experiment.ts";
import { samplerOf } from "../../../src/samplers/registry.ts";
import type { RunState } from "../../../src/tasks/run-state.ts";
import { type Until, watchUntil } from "../../../src/tasks/until.ts";
import { goldenChains } from "../../support/golden-chains.ts";
import { aPosterior } from "../../support/posteriors.ts";

const loss = goldenChains.T8.map((chain) => chain.map((value) => value + 3));

const watch = (
  until: RunConfig["sampling"]["until"],
  elapsed: () => number = () => 0,
): Until & { asked: string[] } => {
  const asked: string[] = [];
  const state = {
    column: (field: string) => {
      asked.push(field);
      return loss;
    },
    elapsedSec: elapsed,
  } as unknown as RunState;
  const config = { sampling: { chains: 4, start_scale: 0, ...(until && { until }) } } as unknown as RunConfig;
  return { ...watchUntil({ config, sampler: samplerOf("hmc"), posterior: aPosterior(), state }), asked };
};

describe("watchUntil", () => {
  it("never ends a run without goals, and never reads its draws", () => {
    const until = watch(undefined);
    expect([1, 100, 111].some((numDraws) => until.isEnough(numDraws))).toBe(false);
    expect([until.asked, until.reason()]).toEqual([[], "draws"]);
  });

  it("looks at draws at the fixed numbers only, and names the goal that was met", () => {
    const until = watch({ mcse_rel: 0.1 });
    expect([1, 99, 101].some((numDraws) => until.isEnough(numDraws))).toBe(false);
    expect(until.asked).toEqual([]);
    expect(until.isEnough(100)).toBe(true);
    expect([until.asked, until.reason()]).toEqual([["loss", "distance"], "mcse_rel"]);
  });

  it("goes on while a goal is not met", () => {
    const until = watch({ ess_bulk: 1e9 });
    expect(until.isEnough(100)).toBe(false);
    expect(until.reason()).toBe("draws");
  });

  it("ends after wall_sec seconds, at any number of draws", () => {
    let now = 0;
    const until = watch({ wall_sec: 10, ess_bulk: 1e9 }, () => now);
    expect(until.isEnough(3)).toBe(false);
    now = 10;
    expect(until.isEnough(4)).toBe(true);
    expect(until.reason()).toBe("wall_sec");
  });

  it("ends in warmup after wall_sec seconds, and says so", () => {
    let now = 9;
    const until = watch({ wall_sec: 10 }, () => now);
    expect([until.isTooLate(), until.reason()]).toEqual([false, "draws"]);
    now = 10;
    expect([until.isTooLate(), until.reason()]).toEqual([true, "wall_sec in warmup"]);
    expect(watch(undefined, () => 1e9).isTooLate()).toBe(false);
  });
});
