import { describe, expect, it } from "vitest";
import { SweepProgress } from "../../../../src/cli/output/sweep-progress.ts";
import type { Surroundings } from "../../../../src/cli/sweep/sweep-surroundings.ts";
import { whyNotRunning } from "../../../../src/cli/sweep/why-not-running.ts";
import { errorRecordOf, SweepError } from "../../../../src/core/errors.ts";
import { type Block, newBlock } from "../../../../src/executors/pilots/block.ts";
import type { LedgerFile } from "../../../../src/executors/pilots/block-ledger.ts";
import type { CardState } from "../../../../src/executors/pilots/card-state.ts";
import type { SweepEventBody } from "../../../../src/queue/sweep-event.ts";
import type { WorkerHeartbeat } from "../../../../src/queue/worker-heartbeat.ts";
import { aHeartbeat } from "../../../support/heartbeats.ts";
import { aPlan, aTask } from "../../../support/plans.ts";

const start = Date.UTC(2030, 0, 1);
const now = start + 100_000;
const plan = aPlan([aTask("a"), aTask("b", { needs: ["a"] }), aTask("c")]);
const driver = { host: "login1", pid: 1, boot_id: null, start_ticks: null, since: "" };
const error = errorRecordOf(new SweepError("TASK_FAILED", "no"));

/** Events one second apart from `start` on. */
const explain = (
  taskId: string,
  bodies: readonly SweepEventBody[],
  around: Partial<Surroundings> = {},
): readonly string[] => {
  const events = bodies.map((body, index) => ({ time: start + 1000 * index, ...body }));
  const progress = new SweepProgress(plan, { numSlots: 1, expectedSec: new Map() });
  for (const event of events) progress.apply(event);
  const task = plan.tasks.find(({ id }) => id === taskId) ?? aTask(taskId);
  return whyNotRunning({ plan, events, progress, driver }, task, { now, look: null, cards: [], ...around });
};
const seen = (
  workers: readonly WorkerHeartbeat[],
  expectedSec: number | null = null,
): Partial<Surroundings> => ({
  look: { kind: "seen", workers, expectedSec },
});
const ready = (taskId: string): SweepEventBody => ({ kind: "task_ready", taskId });
const started = (taskId: string): SweepEventBody => ({
  kind: "task_started",
  taskId,
  attempt: 1,
  worker: "n1/7/ab/slot-0",
});

describe("a task that waits", () => {
  it("names what it needs, on which worker that runs and how far it is", () => {
    const progress: SweepEventBody = {
      kind: "progress",
      taskId: "a",
      attempt: 1,
      phase: "adam",
      done: 2,
      total: 5,
    };
    expect(explain("b", [ready("a"), started("a"), progress])).toEqual([
      "it needs task a, which is running",
      "  attempt 1 has run for 1m39s on n1/7/ab/slot-0: adam 40 %",
    ]);
  });

  it("says why what it needs is not running either", () => {
    expect(explain("b", [ready("a")], seen([]))).toEqual([
      "it needs task a, which is ready",
      "  no worker that takes tasks is up",
      "  start one with: lambda-hat worker --connection runs/sweeps/<id>/redis.json, or look at serves in the cards",
    ]);
  });

  it("tells until when it backs off", () => {
    const retry = { kind: "retry", taskId: "a", attempt: 1, cause: "worker_lost", error } as const;
    expect(explain("a", [ready("a"), started("a"), { ...retry, delayMs: 120_000 }])).toEqual([
      "attempt 1 failed (worker_lost); the next waits until 2030-01-01T00:02:02.000Z, 22s from now",
    ]);
    expect(explain("a", [ready("a"), started("a"), { ...retry, delayMs: 1000 }])).toEqual([]);
  });
});

describe("a task that is ready", () => {
  it("waits for a slot of the driver where the queue is in the driver", () => {
    expect(explain("a", [ready("a"), ready("c"), started("c")])).toEqual([
      "it waits for a slot of the driver; tasks that run there: 1",
    ]);
  });

  it("tells busy, leaving and too short-lived workers apart", () => {
    const workers = [
      aHeartbeat({ slots: 2, busy: 2 }),
      aHeartbeat({ state: "draining" }),
      aHeartbeat({ takes_until: now + 60_000 }),
      aHeartbeat({ serves: ["build-target"] }),
    ];
    expect(explain("a", [ready("a"), ready("c")], seen(workers, 512))).toEqual([
      "workers that take tasks: 3; 2 of 2 slots are busy; 1 leaving; 1 with too little time left (at most 1m00s; it may take 8m32s)",
      "other tasks that could be taken too: 1; the longest go first",
    ]);
  });

  it("says that Redis does not answer", () => {
    expect(
      explain("a", [ready("a")], { look: { kind: "unseen", problem: "Redis does not answer" } }),
    ).toEqual(["workers are not known: Redis does not answer"]);
  });
});

describe("a card without a worker for the task", () => {
  const state: CardState = { serves: null, max_blocks: 4, backlog: 2, paused_until: null, stopped: null };
  const aBlock = (fields: Partial<Block>): Block => ({ ...newBlock("gpu-1", "17", start), ...fields });
  const aCard = (blocks: readonly Block[], fields: Partial<CardState> = {}): LedgerFile => ({
    v: 2,
    card: "gpu",
    next: 9,
    bad_nodes: [],
    blocks,
    state: { ...state, ...fields },
  });
  const linesWith = (card: LedgerFile): readonly string[] =>
    explain("a", [ready("a")], { ...seen([]), cards: [card] }).slice(1);

  it("shows blocks that wait, with SLURM's reason, and those that have just begun", () => {
    const pending = aBlock({ reason: "Resources" });
    const begun = aBlock({ name: "gpu-2", id: "18", phase: "running" });
    expect(linesWith(aCard([pending, begun, aBlock({ phase: "ended" })]))).toEqual([
      "block gpu-1 (17) has waited in the scheduler's queue for 1m40s: Resources",
      "block gpu-2 (18) runs, and its worker has not been heard of yet",
    ]);
  });

  it.each([
    ["backlog", aCard([aBlock({}), aBlock({})]), "card gpu submits no more while 2 wait (backlog: 2)"],
    [
      "max_blocks",
      aCard([aBlock({ phase: "running", hasWorked: true })], { max_blocks: 1 }),
      "card gpu has all of its 1 blocks (max_blocks)",
    ],
    [
      "a pause",
      aCard([], { paused_until: now + 5000 }),
      "card gpu starts no block before 2030-01-01T00:01:45.000Z, because the last attempts failed",
    ],
    [
      "the circuit breaker",
      aCard([], { stopped: "sbatch refused the block", paused_until: now + 5000 }),
      "card gpu starts no further block: sbatch refused the block",
    ],
  ])("names %s as what keeps it from starting more", (_, card, line) => {
    expect(linesWith(card).at(-1)).toBe(line);
  });

  it("is left out if it does not serve the class", () => {
    const other = aCard([aBlock({})], { serves: ["build-target"] });
    expect(linesWith(other)).toEqual([expect.stringContaining("start one with")]);
  });
});

describe("a task that was stopped", () => {
  it("tells the reason, also while it has not ended yet", () => {
    const asked: SweepEventBody = { kind: "stop_requested", taskId: "a", reason: "cancelled from n2" };
    const cancelled: SweepEventBody = { kind: "task_cancelled", taskId: "a", reason: "cancelled from n2" };
    expect(explain("a", [ready("a"), started("a"), asked]).at(-1)).toBe(
      "it was asked to stop at its next checkpoint: cancelled from n2",
    );
    expect(explain("a", [ready("a"), started("a"), asked, cancelled])).toEqual([
      "cancelled: cancelled from n2",
    ]);
  });

  it("has nothing to explain when it is done", () => {
    const done: SweepEventBody = { kind: "task_done", taskId: "a", attempt: 1, seconds: 1, summary: null };
    expect(explain("a", [ready("a"), started("a"), done])).toEqual([]);
  });
});
