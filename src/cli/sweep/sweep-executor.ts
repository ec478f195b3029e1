/** The executor of a sweep: slots of this machine, pilots elsewhere, or both. */
import { join, resolve } from "node:path";
import type { Card, LocalCard, PilotCard } from "../../cards/card.ts";
import { SweepError } from "../../core/errors.ts";
import { packageRoot } from "../../core/package-root.ts";
import { kindOfClass, type TaskClass, taskClasses } from "../../core/task-class.ts";
import type { Executor } from "../../executors/executor.ts";
import { JointExecutor } from "../../executors/joint-executor.ts";
import { LocalExecutor } from "../../executors/local-executor.ts";
import type { Allocator } from "../../executors/pilots/allocator.ts";
import { CommandAllocator } from "../../executors/pilots/command-allocator.ts";
import { PilotExecutor } from "../../executors/pilots/pilot-executor.ts";
import type { BlockEvent } from "../../executors/pilots/pilot-fleet.ts";
import type { WorkerProgram } from "../../executors/pilots/worker-script.ts";
import { SlurmAllocator } from "../../executors/slurm-allocator.ts";
import type { Plan } from "../../plan/plan.ts";
import type { TaskKind } from "../../plan/task.ts";
import type { SweepEventBody } from "../../queue/sweep-event.ts";
import { sweepFiles } from "../../runs/layout.ts";
import { answerLeftBy } from "../../tasks/task-answer.ts";
import type { PlannedSweep } from "./plan-experiment.ts";
import type { SweepBroker } from "./sweep-broker.ts";

/** What the executors of a sweep work with. */
export interface SweepExecutorOptions {
  readonly cards: readonly Card[];
  readonly sweep: PlannedSweep;
  /** Finished work counts, whoever did it and when. */
  readonly skip: boolean;
  readonly opened: SweepBroker;
  /** Hears what happens to blocks, and warnings. */
  readonly onEvent: (event: SweepEventBody) => void;
}

/** One executor for all cards. */
export const openSweepExecutor = (options: SweepExecutorOptions): Executor => {
  const executors = options.cards.map((card) =>
    card.type === "local" ? localExecutor(card, options) : pilotExecutor(card, options),
  );
  const [only] = executors;
  return only !== undefined && executors.length === 1 ? only : new JointExecutor(executors);
};

const localExecutor = (card: LocalCard, { sweep, skip, opened }: SweepExecutorOptions): Executor => {
  const { plan, store } = sweep;
  return new LocalExecutor({
    card,
    sweep: { id: plan.id, doneSince: skip ? null : Date.now() },
    storeRoot: store.runs,
    logsRoot: store.logs,
    answerLeftBy: (task, attemptToken) => answerLeftBy(store.runs, task, attemptToken),
    renewEveryMs: opened.renewEveryMs,
  });
};

const pilotExecutor = (card: PilotCard, { sweep, opened, onEvent }: SweepExecutorOptions): Executor => {
  const { plan, store } = sweep;
  if (opened.pool === null) throw new Error("bug: pilots without Redis");
  const { blocks, redis } = sweepFiles(store.runs, plan.id);
  return new PilotExecutor({
    card,
    sweepId: plan.id,
    allocator: allocatorOf(card),
    pool: opened.pool,
    program: workerProgram(redis),
    blocksFolder: card.runDir === null ? blocks : resolve(card.runDir, plan.id),
    workingFolder: process.cwd(),
    onBlock: (event) => onEvent(blockEvent(card, event)),
    warn: (message) => onEvent({ kind: "warning", message }),
  });
};

/** What starts the blocks of a card. */
export const allocatorOf = (card: PilotCard): Allocator =>
  card.type === "slurm" ? new SlurmAllocator(card) : new CommandAllocator(card);

/** This program, as nodes that share the file system find it. */
export const workerProgram = (connection: string): WorkerProgram => ({
  node: process.execPath,
  main: join(packageRoot, "dist", "src", "cli", "main.js"),
  connection,
});

const blockEvent = (card: PilotCard, event: BlockEvent): SweepEventBody => ({
  kind: "block",
  card: card.label,
  block: event.block,
  state: event.state,
  allocationId: event.id,
  message: event.message,
});

/** @throws SweepError `USAGE` if no card takes tasks that the plan has to do. */
export const refuseUnserved = (plan: Plan, cards: readonly Card[]): void => {
  const served = cards.flatMap((card) =>
    card.type === "local" ? card.executors.map(({ serves }) => serves) : [card.worker.serves],
  );
  const done = new Set(plan.doneTaskIds);
  for (const name of taskClasses) {
    const kind = kindOfClass(name);
    const isNeeded = plan.tasks.some((task) => task.kind === kind && !done.has(task.id));
    if (isNeeded && !served.some((serves) => serves === null || serves.includes(kind)))
      throw unserved(name, cards);
  }
};

const unserved = (name: TaskClass, cards: readonly Card[]): SweepError => {
  const which = cards.map(({ label }) => `"${label}"`).join(" and ");
  const advice = `Set serves: any, or give --card build=FILE and --card sample=FILE.`;
  return new SweepError("USAGE", `no card takes tasks of the class ${name}: got ${which}. ${advice}`);
};

/** Slots of all cards when every block is there. */
export const slotsOf = (cards: readonly Card[]): number =>
  cards.reduce((sum, card) => {
    if (card.type !== "local") return sum + card.blocks.max * card.nodesPerBlock * card.worker.slots;
    return sum + card.executors.reduce((slots, workers) => slots + workers.slots, 0);
  }, 0);

/** Threads of tasks of a kind: the least of the workers that take them. */
export const threadsOf = (cards: readonly Card[], kind: TaskKind): number => {
  const threads = cards.flatMap((card) =>
    card.type === "local"
      ? card.executors.filter(({ serves }) => takes(serves, kind)).map(({ threadsPerTask }) => threadsPerTask)
      : takes(card.worker.serves, kind)
        ? [card.worker.threads]
        : [],
  );
  return threads.length === 0 ? 1 : Math.min(...threads);
};

const takes = (serves: readonly TaskKind[] | null, kind: TaskKind): boolean =>
  serves === null || serves.includes(kind);
