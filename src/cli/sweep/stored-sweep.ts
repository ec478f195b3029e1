/** A sweep as it lies in `runs/sweeps/<id>/`: its plan and the last known state of every task. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { SweepError } from "../../core/errors.ts";
import type { Plan } from "../../plan/plan.ts";
import { isSuccess, type TaskState } from "../../plan/task-state.ts";
import { readEvents } from "../../queue/event-log.ts";
import type { SweepEvent } from "../../queue/sweep-event.ts";
import { type LockHolder, liveHolderOf } from "../../queue/sweep-lock.ts";
import { listSweeps, runFiles, type Store, storeAt, sweepFiles } from "../../runs/layout.ts";
import { isTaskDoneSince } from "../../tasks/done-since.ts";
import { storedRunAnswer } from "../../tasks/task-answer.ts";
import { SweepProgress } from "../output/sweep-progress.ts";

export interface StoredSweep {
  readonly plan: Plan;
  readonly store: Store;
  readonly events: readonly SweepEvent[];
  readonly progress: SweepProgress;
  /** Process that drives it now; null: none. */
  readonly driver: LockHolder | null;
}

/** The sweep with that id, or the one with the newest event. @throws SweepError `NOT_FOUND`, `TRACE_INVALID`. */
export const loadSweep = (storeRoot: string, sweepId: string | null): StoredSweep => {
  const store = storeAt(process.cwd(), storeRoot);
  const id = sweepId ?? newestSweep(store);
  const files = sweepFiles(store.runs, id);
  if (!existsSync(files.plan)) throw noSuchSweep(store, id);
  const plan = JSON.parse(readFileSync(files.plan, "utf8")) as Plan;
  const events = existsSync(files.events) ? readEvents(files.events) : [];
  const driver = liveHolderOf(files.lock);
  const progress = new SweepProgress(plan, { numSlots: 1, expectedSec: new Map() });
  for (const event of events) progress.apply(event);
  settle({ plan, store, progress, isDriven: driver !== null });
  return { plan, store, events, progress, driver };
};

/** One whose driver has failed before it had its queue has a folder but no plan. */
const noSuchSweep = (store: Store, id: string): SweepError => {
  const known = listSweeps(store.runs);
  if (known.includes(id)) {
    const problem = `sweep "${id}" has not begun: its driver ended before that`;
    return new SweepError("NOT_FOUND", `${problem}. What it said: ${sweepFiles(store.runs, id).driverLog}.`);
  }
  const hint = known.length === 0 ? "there is none yet" : `there are ${known.join(", ")}`;
  return new SweepError("NOT_FOUND", `sweep "${id}" is not in ${store.runs}; ${hint}.`);
};

const newestSweep = (store: Store): string => {
  const modified = (id: string): number => {
    const { plan, events } = sweepFiles(store.runs, id);
    return existsSync(plan) ? (statSync(events, { throwIfNoEntry: false })?.mtimeMs ?? 0) : -1;
  };
  const newest = listSweeps(store.runs).toSorted((a, b) => modified(b) - modified(a))[0];
  if (newest !== undefined) return newest;
  throw new SweepError(
    "NOT_FOUND",
    `no sweep has run in ${store.runs}. Start one with: lambda-hat workflow llc --local`,
  );
};

/** Manifests are the truth; without a driver nothing runs, whatever the events say. */
const settledState = (recorded: TaskState, isDone: () => boolean, isDriven: boolean): TaskState => {
  if (recorded === "skipped") return recorded;
  if (recorded === "done") return isDone() ? "done" : "waiting";
  if (isDone()) return "done";
  return recorded === "running" && !isDriven ? "waiting" : recorded;
};

const settle = (sweep: { plan: Plan; store: Store; progress: SweepProgress; isDriven: boolean }): void => {
  const isDone = isTaskDoneSince(sweep.store.runs);
  for (const task of sweep.plan.tasks) {
    const view = sweep.progress.tasks.get(task.id);
    if (view === undefined) continue;
    view.state = settledState(view.state, () => isDone(task, null), sweep.isDriven);
    if (task.kind === "run-sampler" && isSuccess(view.state))
      view.summary ??= storedRunAnswer(runFiles(sweep.store.runs, task).analysis);
  }
};
