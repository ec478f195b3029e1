/** Runs that cannot end in time are refused before anything starts; runs that may stop by themselves are not. */
import { describe, expect, it } from "vitest";
import type { PlannedSweep } from "../../../../src/cli/sweep/plan-experiment.ts";
import { refuseOverlong } from "../../../../src/cli/sweep/refuse-overlong.ts";

const task = {
  kind: "run-sampler",
  id: "t/hmc_1",
  needs: [],
  title: "base × hmc",
  resources: { threads: 1, timeoutSec: 600, memoryMiB: null },
  targetId: "t",
  runId: "1",
  sampler: "hmc",
  backend: "auto",
  config: {},
} as const;

interface Changes {
  readonly config?: { readonly sampling?: object };
  readonly timeoutSec?: number | null;
  readonly isDone?: boolean;
  readonly fastest?: number | null;
  readonly least?: number;
}

const sweep = ({
  config = {},
  timeoutSec = 600,
  isDone = false,
  fastest = 7200,
  least = 1,
}: Changes): PlannedSweep =>
  ({
    plan: {
      tasks: [{ ...task, config, resources: { ...task.resources, timeoutSec } }],
      doneTaskIds: isDone ? [task.id] : [],
      cells: [{ taskId: task.id, samplerIndex: 0 }],
    },
    experiment: { file: "experiments.yaml", samplers: [{ place: "experiments.yaml:7:5" }] },
    fastestSec: new Map(fastest === null ? [] : [[task.id, fastest]]),
    leastSec: new Map([[task.id, least]]),
  }) as unknown as PlannedSweep;

describe("refuseOverlong", () => {
  it("says estimate, limit and what to change", () => {
    expect(() => refuseOverlong(sweep({}))).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: [
          "experiments.yaml: more draws than the time limit allows",
          "  experiments.yaml:7:5  base × hmc: about 2h00m at the speed of the fastest earlier run of hmc, but timeout.sample (or the card) stops it after 10m00s; about 8 % of its draws would fit.",
          "Lower draws or steps, raise timeout.sample, or set sampling.until.wall_sec.",
        ].join("\n"),
      }),
    );
  });

  it("needs no earlier run where no machine is fast enough", () => {
    expect(() => refuseOverlong(sweep({ fastest: null, least: 1800 }))).toThrow(
      "experiments.yaml:7:5  base × hmc: at least 30m00s on any machine with 1 thread, but timeout.sample (or the card) stops it after 10m00s; at most 30 % of its draws would fit.",
    );
  });

  it.each<[string, Changes]>([
    ["that are done", { isDone: true }],
    ["without a limit", { timeoutSec: null }],
    ["that fit", { fastest: 600 }],
    ["that would fit on a machine with nothing else to do", { fastest: 1200, least: 600 }],
    ["of unknown speed", { fastest: null }],
    ["that may stop by themselves", { config: { sampling: { until: { wall_sec: 500 } } } }],
  ])("lets runs pass %s", (_, changes) => {
    expect(() => refuseOverlong(sweep(changes))).not.toThrow();
  });
});
