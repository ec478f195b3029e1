/** What a plan is expected to take where no earlier run tells: only the order matters. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { planExperiment } from "../../../../src/cli/sweep/plan-experiment.ts";
import { experimentText } from "../../../support/experiment-file.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

it("orders runs that nobody has timed by what their settings ask for, and builds by their size", () => {
  const folder = temporaryFolder();
  const config = join(folder, "experiment.yaml");
  const samplers = [
    "- { name: hmc, overrides: { draws: 10 } }",
    "- { name: hmc, overrides: { draws: 10000 } }",
    "- { name: sgld, overrides: { steps: 1000, batch_size: 8 } }",
  ];
  const text = experimentText(
    "- { model: tiny, data: tiny, seed: 1 }\n  - { model: base, data: base, seed: 1 }",
    samplers.join("\n  "),
    `store_root: ${folder}/runs\n`,
  );
  writeFileSync(config, text);
  const limits = { threads: 1, timeoutSec: null };
  const sweep = planExperiment({
    config,
    sets: [],
    backend: "auto",
    skip: true,
    build: limits,
    sample: limits,
  });
  expect(sweep.expectedSec.size).toBe(0);
  const secondsOf = (id: string): number => sweep.orderSec.get(id) as number;
  const [tinyShort, tinyLong, tinySgld, baseShort, baseLong, baseSgld] = sweep.plan.cells.map(({ taskId }) =>
    secondsOf(taskId),
  ) as [number, number, number, number, number, number];
  // The warmup of hmc alone, on base, is more than 10,000 draws on tiny.
  const longestFirst = [baseLong, baseShort, tinyLong, baseSgld, tinyShort, tinySgld];
  expect(longestFirst).toEqual(longestFirst.toSorted((a, b) => b - a));
  expect(new Set(longestFirst).size).toBe(6);
  const [tinyBuild, baseBuild] = sweep.plan.tasks
    .filter(({ kind }) => kind === "build-target")
    .map(({ id }) => secondsOf(id)) as [number, number];
  expect(baseBuild).toBeGreaterThan(tinyBuild);
});
