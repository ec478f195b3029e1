/** The task that does nothing, or misbehaves on request: what queues and executors are tested and measured with. */
import { setTimeout as sleep } from "node:timers/promises";
import { SweepError } from "../core/errors.ts";
import type { NoopBehaviour, NoopTask } from "../plan/task.ts";
import type { TaskContext, TaskOutcome } from "./task-context.ts";

/** When a noop task ran, milliseconds since 1970 with fractions; for benchmarks of dispatch. */
export interface NoopSummary {
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Does what `task.behaviour` says; its summary is a `NoopSummary`. @throws SweepError `TASK_FAILED` where it says so. */
export const runNoop = async (task: NoopTask, context: TaskContext): Promise<TaskOutcome> => {
  const startedAt = preciseNow();
  const { behaviour } = task;
  if (behaviour.stdout !== undefined) process.stdout.write(`${behaviour.stdout}\n`);
  if (behaviour.stderr !== undefined) process.stderr.write(`${behaviour.stderr}\n`);
  const misbehaves = context.attempt <= (behaviour.untilAttempt ?? Number.POSITIVE_INFINITY);
  if (misbehaves && behaviour.throwAside !== undefined) throwAside(behaviour.throwAside);
  if (
    misbehaves &&
    behaviour.sleepMs !== undefined &&
    (await sleepUnlessStopped(behaviour.sleepMs, context))
  ) {
    return { kind: "given_back" };
  }
  const held = allocate(behaviour);
  if (misbehaves) misbehave(behaviour);
  held.length = 0; // kept until here
  return { kind: "done", summary: { startedAt, endedAt: preciseNow() } };
};

const preciseNow = (): number => performance.timeOrigin + performance.now();

/** True if the sleep was cut short. */
const sleepUnlessStopped = async (sleepMs: number, context: TaskContext): Promise<boolean> => {
  const sliceMs = 10;
  for (let slept = 0; slept < sleepMs; slept += sliceMs) {
    if (context.shouldStop()) return true;
    context.onProgress({ done: slept, total: sleepMs, phase: "sleep" });
    await sleep(Math.min(sliceMs, sleepMs - slept));
  }
  return false;
};

const allocate = ({ allocateMiB = 0, heapMiB = 0 }: NoopBehaviour): unknown[] => {
  const held: unknown[] = [];
  for (let block = 0; block < allocateMiB; block += 16) held.push(Buffer.alloc(16 << 20, 1));
  for (let block = 0; block < heapMiB; block++)
    held.push(Array.from({ length: 131_072 }, (_, index) => index + 0.5));
  return held;
};

const throwAside = (message: string): void => {
  setImmediate(() => {
    throw new Error(message);
  });
};

const misbehave = (behaviour: NoopBehaviour): void => {
  const busyUntil = Date.now() + (behaviour.busyMs ?? 0);
  while (Date.now() < busyUntil);
  if (behaviour.exitCode !== undefined) process.exit(behaviour.exitCode);
  if (behaviour.fail !== undefined) {
    throw new SweepError("TASK_FAILED", behaviour.fail, { retryable: behaviour.retryable ?? false });
  }
};
