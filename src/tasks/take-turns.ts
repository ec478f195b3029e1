/**
 * Sweeps that share a store and a task take turns: while one works on it, the other waits, and then finds it done.
 *
 * Without this the second would begin the task anew and so fence off the first, which had nearly finished.
 */
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BuildTargetTask, RunSamplerTask } from "../plan/task.ts";
import type { SweepMark } from "../queue/task-messages.ts";
import { putUpSign, renewSignMs, type Worker, type WorkingSign } from "../runs/working-sign.ts";
import { manifestFileOf } from "./done-since.ts";
import { answerSince } from "./task-answer.ts";
import type { TaskContext, TaskOutcome } from "./task-context.ts";

/** Whether the other has finished is looked at so often. */
const lookEveryMs = 500;

/**
 * Does `work`, unless another sweep has done it since this one was planned; waits for one that is at it.
 * The wait counts towards the task's time limit.
 */
export const takeTurns = async (
  task: BuildTargetTask | RunSamplerTask,
  context: TaskContext,
  work: () => Promise<TaskOutcome>,
): Promise<TaskOutcome> => {
  const { sweep } = context;
  if (sweep === null) return work();
  const sign = await waitForTurn(task, context, sweep);
  if (sign === null) return { kind: "given_back" };
  const renewal = setInterval(() => sign.renew(), renewSignMs);
  try {
    const summary = answerSince(context.storeRoot, task, sweep.doneSince);
    if (summary === undefined) return await work();
    context.log("another sweep has done this");
    return { kind: "done", summary };
  } finally {
    clearInterval(renewal);
    sign.remove();
  }
};

/** Null if the task was stopped on request before its turn came. */
const waitForTurn = async (
  task: BuildTargetTask | RunSamplerTask,
  context: TaskContext,
  sweep: SweepMark,
): Promise<WorkingSign | null> => {
  const dir = dirname(manifestFileOf(context.storeRoot, task));
  const take = (): WorkingSign | Worker => putUpSign(dir, { sweepId: sweep.id, token: context.attemptToken });
  let sign = take();
  if (isWorker(sign))
    context.log(`sweep ${sign.sweepId} works on this (process ${sign.pid} on ${sign.host}): waiting for it`);
  while (isWorker(sign)) {
    if (context.shouldStop()) return null;
    context.onProgress({ done: 0, total: 1, phase: `waiting for sweep ${sign.sweepId}` });
    await sleep(lookEveryMs);
    sign = take();
  }
  return sign;
};

const isWorker = (sign: WorkingSign | Worker): sign is Worker => "sweepId" in sign;
