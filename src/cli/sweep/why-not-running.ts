/** Why a task does not run now, in sentences: what it waits for, and what keeps workers from taking it. Pure. */
import type { LedgerFile } from "../../executors/pilots/block-ledger.ts";
import type { Task, TaskKind } from "../../plan/task.ts";
import { isSuccess, type TaskState } from "../../plan/task-state.ts";
import type { SweepEvent } from "../../queue/sweep-event.ts";
import type { WorkerHeartbeat } from "../../queue/worker-heartbeat.ts";
import { formatDuration } from "../output/sweep-progress.ts";
import { namedTasks } from "./find-task.ts";
import type { StoredSweep } from "./stored-sweep.ts";
import type { Surroundings } from "./sweep-surroundings.ts";

type Sweep = Pick<StoredSweep, "plan" | "events" | "progress" | "driver">;

/** Sentences, most important first; none for a task that has ended well. */
export const whyNotRunning = (sweep: Sweep, task: Task, around: Surroundings): readonly string[] => {
  const state = stateOf(sweep, task.id);
  switch (state) {
    case "running":
      return [runningLine(sweep, task.id, around.now), ...stopLine(sweep.events, task.id)];
    case "planned":
    case "waiting":
      return whyWaiting(sweep, task, around);
    case "ready":
      return whyNotTaken(sweep, task, around);
    case "cancelled":
      return [`cancelled: ${lastOf(sweep.events, task.id, "task_cancelled")?.reason ?? "on request"}`];
    default:
      return [];
  }
};

const stateOf = ({ progress }: Sweep, taskId: string): TaskState =>
  progress.tasks.get(taskId)?.state ?? "planned";

/** The last event of a kind about a task. */
const lastOf = <Kind extends Extract<SweepEvent, { taskId: string }>["kind"]>(
  events: readonly SweepEvent[],
  taskId: string,
  kind: Kind,
): Extract<SweepEvent, { kind: Kind }> | undefined =>
  events.findLast(
    (event): event is Extract<SweepEvent, { kind: Kind }> =>
      event.kind === kind && "taskId" in event && event.taskId === taskId,
  );

const ago = (now: number, time: number): string => formatDuration((now - time) / 1000);

const runningLine = ({ events, progress }: Sweep, taskId: string, now: number): string => {
  const started = lastOf(events, taskId, "task_started");
  if (started === undefined) return "it runs";
  const view = progress.tasks.get(taskId);
  const done =
    view === undefined || view.phase === "" ? "" : `: ${view.phase} ${Math.round(100 * view.fraction)} %`;
  return `attempt ${started.attempt} has run for ${ago(now, started.time)} on ${started.worker}${done}`;
};

const stopLine = (events: readonly SweepEvent[], taskId: string): readonly string[] => {
  const asked = lastOf(events, taskId, "stop_requested");
  return asked === undefined ? [] : [`it was asked to stop at its next checkpoint: ${asked.reason}`];
};

const whyWaiting = (sweep: Sweep, task: Task, around: Surroundings): readonly string[] => {
  const names = new Map(namedTasks(sweep.plan).map((named) => [named.task.id, named.name]));
  const byId = new Map(sweep.plan.tasks.map((other) => [other.id, other]));
  const needs = task.needs.flatMap((id) => {
    const state = stateOf(sweep, id);
    const need = byId.get(id);
    if (isSuccess(state) || need === undefined) return [];
    const why = whyNotRunning(sweep, need, around).map((line) => `  ${line}`);
    return [`it needs ${names.get(id) ?? id}, which is ${state}`, ...why];
  });
  if (needs.length > 0) return needs;
  const retry = lastOf(sweep.events, task.id, "retry");
  if (retry === undefined) return [];
  const until = new Date(retry.time + retry.delayMs);
  if (until.getTime() <= around.now) return [];
  return [
    `attempt ${retry.attempt} failed (${retry.cause}); the next waits until ${until.toISOString()}, ${ago(until.getTime(), around.now)} from now`,
  ];
};

const takes = (serves: readonly TaskKind[] | null, kind: TaskKind): boolean =>
  serves === null || serves.includes(kind);

const whatOf: Readonly<Record<TaskKind, string>> = {
  "build-target": "builds",
  "run-sampler": "runs",
  noop: "tasks",
};

const whyNotTaken = (sweep: Sweep, task: Task, around: Surroundings): readonly string[] => {
  const { look, cards } = around;
  const numAhead = sweep.plan.tasks.filter(
    ({ id, kind }) => id !== task.id && kind === task.kind && stateOf(sweep, id) === "ready",
  ).length;
  const others =
    numAhead === 0
      ? []
      : [`other ${whatOf[task.kind]} that could be taken too: ${numAhead}; the longest go first`];
  if (sweep.driver === null && look?.kind !== "seen") return []; // nobody could take it
  if (look === null) {
    const running = [...sweep.progress.tasks.values()].filter(({ state }) => state === "running").length;
    return [`it waits for a slot of the driver; tasks that run there: ${running}`, ...others];
  }
  const serving = cards.filter(({ state }) => state === null || takes(state.serves, task.kind));
  const blocks = serving.flatMap((card) => whyNoMoreBlocks(card, around.now));
  if (look.kind === "unseen") return [`workers are not known: ${look.problem}`, ...blocks, ...others];
  const workers = look.workers.filter((worker) => takes(worker.serves, task.kind));
  const busy = workersLine(workers, {
    what: whatOf[task.kind],
    expectedSec: look.expectedSec,
    now: around.now,
  });
  const advice =
    workers.length === 0 && serving.length === 0
      ? [
          "start one with: lambda-hat worker --connection runs/sweeps/<id>/redis.json, or look at serves in the cards",
        ]
      : [];
  return [busy, ...blocks, ...others, ...advice];
};

/** `3 workers take runs: 5 of 6 slots are busy, 1 drains, 1 ends too soon (…)`. */
const workersLine = (
  workers: readonly WorkerHeartbeat[],
  { what, expectedSec, now }: { what: string; expectedSec: number | null; now: number },
): string => {
  if (workers.length === 0) return `no worker that takes ${what} is up`;
  const draining = workers.filter(({ state }) => state === "draining");
  const leftSec = ({ takes_until: until }: WorkerHeartbeat): number =>
    until === null ? Number.POSITIVE_INFINITY : Math.max(0, until - now) / 1000;
  const isShort = (worker: WorkerHeartbeat): boolean => expectedSec !== null && leftSec(worker) < expectedSec;
  const working = workers.filter(({ state }) => state === "working");
  const short = working.filter(isShort);
  const fit = working.filter((worker) => !isShort(worker));
  const sum = (key: "busy" | "slots"): number => fit.reduce((total, worker) => total + worker[key], 0);
  const parts = [
    ...(fit.length > 0 ? [`${sum("busy")} of ${sum("slots")} slots are busy`] : []),
    ...(draining.length > 0 ? [`${draining.length} leaving`] : []),
    ...(short.length > 0
      ? [
          `${short.length} with too little time left (at most ${formatDuration(Math.max(...short.map(leftSec)))}; it may take ${formatDuration(expectedSec ?? 0)})`,
        ]
      : []),
  ];
  return `workers that take ${what}: ${workers.length}; ${parts.join("; ")}`;
};

/** Blocks of a card that are on their way, and what keeps it from starting more. */
const whyNoMoreBlocks = ({ card, state, blocks }: LedgerFile, now: number): readonly string[] => {
  const alive = blocks.filter(({ phase }) => phase !== "ended");
  const pending = alive.filter(({ phase }) => phase === "pending" || phase === "in_doubt");
  const coming = alive.filter(({ phase, hasWorked }) => phase === "running" && !hasWorked);
  const id = (block: LedgerFile["blocks"][number]): string => (block.id === null ? "" : ` (${block.id})`);
  const lines = [
    ...pending.map((block) => {
      const reason = block.reason === "" ? "" : `: ${block.reason}`;
      return `block ${block.name}${id(block)} has waited in the scheduler's queue for ${ago(now, block.submittedAt)}${reason}`;
    }),
    ...coming.map(
      (block) => `block ${block.name}${id(block)} runs, and its worker has not been heard of yet`,
    ),
  ];
  if (state === null) return lines;
  if (state.stopped !== null) return [...lines, `card ${card} starts no further block: ${state.stopped}`];
  if (state.paused_until !== null && state.paused_until > now)
    return [
      ...lines,
      `card ${card} starts no block before ${new Date(state.paused_until).toISOString()}, because the last attempts failed`,
    ];
  if (pending.length > 0 && pending.length >= state.backlog)
    return [
      ...lines,
      `card ${card} submits no more while ${pending.length} wait (backlog: ${state.backlog})`,
    ];
  if (alive.length >= state.max_blocks)
    return [...lines, `card ${card} has all of its ${state.max_blocks} blocks (max_blocks)`];
  return lines;
};
