import { expect, it } from "vitest";
import { SweepProgress } from "../../../../src/cli/output/sweep-progress.ts";
import { openCountsOf, queueLines, workerLines } from "../../../../src/cli/sweep/queue-lines.ts";
import { aHeartbeat } from "../../../support/heartbeats.ts";
import { aPlan, aTask } from "../../../support/plans.ts";

it("counts what is not over, by class and state", () => {
  const plan = aPlan([aTask("a"), aTask("b"), aTask("c", { needs: ["a"] }), aTask("d")], ["d"]);
  const progress = new SweepProgress(plan, { numSlots: 1, expectedSec: new Map() });
  progress.apply({ time: 0, kind: "task_ready", taskId: "b" });
  progress.apply({ time: 0, kind: "task_started", taskId: "a", attempt: 1, worker: "w" });
  expect(queueLines(openCountsOf(plan.tasks, progress))).toEqual([
    "queue: sample 1 running, 1 ready, 1 waiting",
  ]);
});

it("says nothing of a queue in which all is over", () => {
  const plan = aPlan([aTask("a")], ["a"]);
  const progress = new SweepProgress(plan, { numSlots: 1, expectedSec: new Map() });
  expect(queueLines(openCountsOf(plan.tasks, progress))).toEqual([]);
});

it("shows each worker with its slots, its kinds and the time it has left", () => {
  const workers = [
    aHeartbeat({ id: "n2/1/bb", slots: 2, serves: ["run-sampler"], state: "draining", takes_until: 65_000 }),
    aHeartbeat({ id: "n1/1/aa", slots: 2, busy: 1 }),
  ];
  expect(workerLines({ kind: "seen", workers, expectedSec: null }, 0)).toEqual([
    "workers: 2, 1 of 4 slots busy",
    "  n1/1/aa (a-1): 1 of 2 slots busy",
    "  n2/1/bb (a-1): 0 of 2 slots busy, takes sample, 1m05s left for tasks, leaving",
  ]);
});

it("tells no workers from a Redis that does not answer, and from a queue in the driver", () => {
  expect(workerLines({ kind: "seen", workers: [], expectedSec: null }, 0)).toEqual([
    "workers: none beside the driver",
  ]);
  expect(workerLines({ kind: "unseen", problem: "gone" }, 0)).toEqual(["workers: not known (gone)"]);
  expect(workerLines(null, 0)).toEqual([]);
});
