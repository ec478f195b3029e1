/** Work follows the settings that durations follow. */
import { describe, expect, it } from "vitest";
import type { RunConfig } from "../../../src/config/experiment.ts";
import { workUnitsOf } from "../../../src/config/work-units.ts";

const units = (sampler: object, chains = 2): number =>
  workUnitsOf({ sampler, sampling: { chains } } as unknown as RunConfig, 100);

describe("workUnitsOf", () => {
  it.each([
    ["hmc", { draws: 10, warmup: 5, thinning: 2, num_integration_steps: 8 }, 2 * 100 * 25 * 8],
    ["nuts", { draws: 10, warmup: 5, thinning: 1 }, 2 * 100 * 15],
    ["pt", { draws: 10, warmup: 0, thinning: 1, rungs: 4, local_steps: 3 }, 2 * 100 * 10 * 12],
    ["mclmc", { draws: 10, warmup: 5, steps_per_draw: 3, num_steps: 50 }, 2 * 100 * 95],
    ["sgld", { steps: 40, warmup: null, batch_size: 10 }, 2 * 10 * 40],
    ["sgld with more rows than data", { steps: 40, batch_size: 256 }, 2 * 100 * 40],
    ["vi", { steps: 40, eval_samples: 8, batch_size: null }, 2 * 100 * 48],
    ["laplace", { draws: 10 }, 2 * 100 * 10],
  ])("of %s", (_, sampler, expected) => {
    expect(units(sampler)).toBe(expected);
  });
});
