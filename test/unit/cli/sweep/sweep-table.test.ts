/** When the table of a running sweep is written, and what it says of tasks that have not ended. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { type PlannedSweep, planExperiment } from "../../../../src/cli/sweep/plan-experiment.ts";
import { restrictPlan } from "../../../../src/cli/sweep/restrict-plan.ts";
import { SweepTable } from "../../../../src/cli/sweep/sweep-table.ts";
import type { TaskRecord } from "../../../../src/queue/broker.ts";
import type { SweepEventBody } from "../../../../src/queue/sweep-event.ts";
import { readResults } from "../../../../src/results/parquet.ts";
import { resultsFile } from "../../../../src/results/results-files.ts";
import { beginAttempt } from "../../../../src/runs/attempt.ts";
import { runFiles } from "../../../../src/runs/layout.ts";
import { writeManifest } from "../../../../src/runs/manifest.ts";
import { experimentText } from "../../../support/experiment-file.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

/** Longer than any pause between two writes, which grows with the time that a write took. */
const pauseMs = 3_600_000;

const plannedIn = (folder: string): PlannedSweep => {
  const config = join(folder, "experiment.yaml");
  const samplers = "- { name: hmc }\n  - { name: nuts }";
  const text = experimentText(
    "- { model: tiny, data: tiny, seed: 1 }",
    samplers,
    `store_root: ${folder}/runs\n`,
  );
  writeFileSync(config, text);
  const limits = { threads: 1, timeoutSec: null };
  return planExperiment({ config, sets: [], backend: "auto", skip: true, build: limits, sample: limits });
};

const tableIn = (folder: string, sweep = plannedIn(folder)) => {
  const clock = new FakeClock();
  const table = new SweepTable(sweep, folder, clock);
  const [hmc = "", nuts = ""] = sweep.plan.cells.map(({ taskId }) => taskId);
  const hear = (body: SweepEventBody): void => table.hear({ time: clock.now(), ...body });
  /** `status` of the two rows in the file. */
  const statuses = async (): Promise<unknown[]> =>
    (await readResults(resultsFile(folder))).rows.map((row) => row["status"]);
  const failed = (taskId: string): TaskRecord => ({
    task: sweep.plan.tasks.find(({ id }) => id === taskId) as TaskRecord["task"],
    state: "failed",
    attempt: 1,
    worker: "here/slot-1",
    startedAt: clock.now() - 1,
    finishedAt: clock.now(),
    progress: null,
    summary: null,
    failure: null,
    rootTaskId: null,
    reason: null,
  });
  return { clock, table, hmc, nuts, hear, statuses, failed };
};

it("a row that is final soon after a write is written as soon as the pause is over", async () => {
  const { clock, table, hmc, nuts, statuses, failed } = tableIn(temporaryFolder());
  await table.update(failed(hmc));
  expect(await statuses()).toEqual(["failed", "planned"]);
  await table.update(failed(nuts));
  expect(await statuses()).toEqual(["failed", "planned"]);
  clock.advance(pauseMs);
  await vi.waitFor(async () => expect(await statuses()).toEqual(["failed", "failed"]));
  table.close();
  expect(clock.numTimers).toBe(0);
});

it("tasks that wait, can be taken and run are shown so, at most once in a pause", async () => {
  const { clock, table, hmc, nuts, hear, statuses, failed } = tableIn(temporaryFolder());
  hear({ kind: "plan", sweepId: "", experiment: "", numTasks: 3, numSkipped: 0, numCells: 2 });
  clock.advance(0);
  await vi.waitFor(async () => expect(await statuses()).toEqual(["waiting", "waiting"]));
  hear({ kind: "task_ready", taskId: hmc });
  hear({ kind: "task_ready", taskId: nuts });
  hear({ kind: "task_started", taskId: hmc, attempt: 1, worker: "here/slot-1" });
  expect(clock.numTimers).toBe(1);
  expect(await statuses()).toEqual(["waiting", "waiting"]);
  clock.advance(pauseMs);
  await vi.waitFor(async () => expect(await statuses()).toEqual(["running", "ready"]));
  await table.update(failed(hmc));
  hear({ kind: "task_started", taskId: hmc, attempt: 1, worker: "here/slot-1" });
  hear({ kind: "given_back", taskId: nuts, attempt: 1 });
  await table.finish();
  expect(await statuses()).toEqual(["failed", "waiting"]);
  hear({ kind: "task_ready", taskId: nuts });
  expect(clock.numTimers).toBe(0);
});

it("where a part of the experiment runs, the other cells have their rows as the disk knows them", async () => {
  const folder = temporaryFolder();
  const whole = plannedIn(folder);
  const hmc = "hmc";
  const part = { ...whole, plan: restrictPlan(whole.plan, [`× ${hmc}`], "run-sampler") };
  expect(part.plan.cells.length).toBe(1);
  const nuts = whole.plan.tasks.find(({ id }) => id.includes("nuts"));
  if (nuts?.kind !== "run-sampler") throw new Error("no such task");
  const facts = { walltime_sec: 7 };
  const { dir, manifest } = runFiles(part.store.runs, nuts);
  const attempt = beginAttempt(dir, 0, "token");
  writeManifest(manifest, { id: nuts.id, attempt, finishedMs: 0, files: [], facts });
  const { table, statuses } = tableIn(folder, part);
  await table.finish();
  expect(await statuses()).toEqual(["planned", "ok"]);
  const [asked, other] = (await readResults(resultsFile(folder))).rows;
  expect(asked).toMatchObject({ sweep_id: part.plan.id, sampler: hmc });
  expect(other).toMatchObject({ sweep_id: whole.plan.id, is_cached: true, walltime_sec: 7 });
  expect({ asked: table.rows.length, all: table.numRows }).toEqual({ asked: 1, all: 2 });
});

it("a table that the timer could not write stops the sweep", async () => {
  const folder = temporaryFolder();
  const { clock, table, hmc, nuts, failed } = tableIn(folder);
  await table.update(failed(hmc));
  rmSync(join(folder, "results"), { recursive: true });
  writeFileSync(join(folder, "results"), "no folder");
  await table.update(failed(nuts));
  expect(table.failed.aborted).toBe(false);
  clock.advance(pauseMs);
  await vi.waitFor(() => expect(table.failed.aborted).toBe(true));
  rmSync(join(folder, "results"));
  mkdirSync(join(folder, "results"));
  await expect(table.finish()).rejects.toMatchObject({ code: expect.stringMatching(/ENOTDIR|EEXIST/) });
});
