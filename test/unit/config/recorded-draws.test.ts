/** Draws that settings promise are draws that samplers record. */
import { describe, expect, it } from "vitest";
import { recordedDraws } from "../../../src/config/recorded-draws.ts";
import {
  recordedSteps,
  StepFactors,
  type StepSchedule,
} from "../../../src/samplers/langevin/step-schedule.ts";

const recorded = (schedule: StepSchedule, lengths: { steps: number; warmup: number; evalEvery: number }) =>
  recordedSteps(new StepFactors(schedule, lengths.steps), lengths).length;

describe("recordedDraws", () => {
  it("follows the schedule of sgld", () => {
    const lengths = [997, 1000].flatMap((steps) =>
      [0, 130].flatMap((warmup) => [1, 7, 150, 200].map((evalEvery) => ({ steps, warmup, evalEvery }))),
    );
    const schedules = [1, 3, 4, 11].flatMap((cycles) =>
      [0, 0.07, 0.5, 0.9, 0.95].map((exploration) => ({
        cycles,
        exploration,
        schedule: "cyclical" as const,
      })),
    );
    for (const [length, schedule] of lengths.flatMap((one) => schedules.map((two) => [one, two] as const))) {
      const { steps, warmup, evalEvery } = length;
      const [key, count] = recordedDraws({ ...schedule, steps, warmup, eval_every: evalEvery });
      expect([key, count], JSON.stringify([length, schedule])).toEqual([
        "eval_every",
        recorded(schedule, length),
      ]);
    }
    const nulls = { steps: 1000, warmup: null, eval_every: 10, cycles: null, exploration: null };
    expect(recordedDraws({ ...nulls, schedule: "cyclical" })[1]).toBe(
      recorded({ schedule: "cyclical" }, { steps: 1000, warmup: 200, evalEvery: 10 }),
    );
    expect(recordedDraws({ ...nulls, schedule: "constant" })[1]).toBe(80);
  });

  it("is the number of draws that is asked for", () => {
    expect(recordedDraws({ draws: 12, warmup: 3 })).toEqual(["draws", 12]);
    expect(recordedDraws({ steps: 100, eval_samples: 16 })).toEqual(["eval_samples", 16]);
  });
});
