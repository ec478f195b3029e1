/** Laws of finding the task that a person means. */
import { describe, expect, it } from "vitest";
import { findTask } from "../../../../src/cli/sweep/find-task.ts";
import type { Plan } from "../../../../src/plan/plan.ts";
import { aPlan, aTask } from "../../../support/plans.ts";

const targets = ["small/tiny seed 1", "small/tiny seed 2", "base/small seed 1"];
const samplers = ["hmc", "sgld step_size=2e-6 steps=200"];

const plan: Plan = {
  ...aPlan([
    ...targets.map((_, t) => aTask(`tgt_${t}`)),
    ...targets.flatMap((_, t) => samplers.map((_, s) => aTask(`tgt_${t}/run_${s}`))),
  ]),
  cells: targets.flatMap((targetLabel, targetIndex) =>
    samplers.map((samplerLabel, samplerIndex) => ({
      targetIndex,
      samplerIndex,
      targetLabel,
      samplerLabel,
      taskId: `tgt_${targetIndex}/run_${samplerIndex}`,
      targetId: `tgt_${targetIndex}`,
      runId: String(samplerIndex),
      sampler: "noop",
      isDuplicate: false,
    })),
  ),
};
const idOf = (wanted: string): string => findTask(plan, wanted).task.id;

describe("findTask", () => {
  it.each([
    ["its id", "tgt_1/run_0", "tgt_1/run_0"],
    ["its whole name", "small/tiny seed 2 × hmc", "tgt_1/run_0"],
    ["names of target and sampler with a cross", "base × sgld", "tgt_2/run_1"],
    ["names with an x", "Base x HMC", "tgt_2/run_0"],
    ["words alone, of which the first names the model", "base hmc", "tgt_2/run_0"],
    ["words in any order", "hmc 2 tiny", "tgt_1/run_0"],
    ["a number, which is no part of another", "seed 2 sgld", "tgt_1/run_1"],
    ["the name of a build", "build small/tiny seed 1", "tgt_0"],
  ])("takes %s", (_, wanted, id) => {
    expect(idOf(wanted)).toBe(id);
  });

  it("lists what could be meant if it is several, and everything if it is nothing", () => {
    expect(() => idOf("hmc tiny")).toThrow(
      /^"hmc tiny" matches 2 tasks; .*\n {2}tgt_0\/run_0 .*\n {2}tgt_1\/run_0 /,
    );
    expect(() => idOf("vi")).toThrow(/^no cell or target matches "vi"; .*\n {2}tgt_0 /);
  });
});
