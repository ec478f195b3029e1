/** Maps each kind of task to the function that does it. Adding a kind without a case fails the type check. */
import { hostname } from "node:os";
import type { BuildTargetTask, RunSamplerTask, Task } from "../plan/task.ts";
import { nextAttemptNumber } from "../runs/attempt.ts";
import { runFiles, targetFiles } from "../runs/layout.ts";
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
      return takeTurns(task, context, () => withLog(task, context, () => runBuildTarget(task, context)));
    case "run-sampler":
      return takeTurns(task, context, () => withLog(task, context, () => runSampler(task, context)));
  }
};

/** The log of a task tells where each attempt ran, by its number in the folder, and how it ended unless it threw. */
const withLog = async (
  task: BuildTargetTask | RunSamplerTask,
  context: TaskContext,
  run: () => Promise<TaskOutcome>,
): Promise<TaskOutcome> => {
  const { storeRoot } = context;
  const { dir } =
    task.kind === "run-sampler" ? runFiles(storeRoot, task) : targetFiles(storeRoot, task.targetId);
  context.log(`${task.title}: attempt ${nextAttemptNumber(dir)} on ${hostname()}, process ${process.pid}`);
  const outcome = await run();
  context.log(outcome.kind === "done" ? "done" : "given back; the next attempt goes on from the checkpoint");
  return outcome;
};
