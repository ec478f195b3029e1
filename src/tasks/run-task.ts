/** Maps each kind of task to the function that does it. Adding a kind without a case fails the type check. */
import { hostname } from "node:os";
import type { Task } from "../plan/task.ts";
import { runBuildTarget } from "./build-target.ts";
import { runNoop } from "./run-noop.ts";
import { runSampler } from "./run-sampler.ts";
import { takeTurns } from "./take-turns.ts";
import type { TaskContext, TaskOutcome } from "./task-context.ts";

/** Does one task. @throws whatever the work throws; the caller turns it into a failure. */
export const runTask = async (task: Task, context: TaskContext): Promise<TaskOutcome> => {
  switch (task.kind) {
    case "noop":
      return runNoop(task, context);
    case "build-target":
      return withLog(task, context, () => takeTurns(task, context, () => runBuildTarget(task, context)));
    case "run-sampler":
      return withLog(task, context, () => takeTurns(task, context, () => runSampler(task, context)));
  }
};

/** The log of a task tells where each attempt ran, and how it ended unless it threw. */
const withLog = async (
  task: Task,
  context: TaskContext,
  run: () => Promise<TaskOutcome>,
): Promise<TaskOutcome> => {
  context.log(`${task.title}: attempt ${context.attempt} on ${hostname()}, process ${process.pid}`);
  const outcome = await run();
  context.log(outcome.kind === "done" ? "done" : "given back; the next attempt goes on from the checkpoint");
  return outcome;
};
