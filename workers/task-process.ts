/**
 * Entry point of a warm task process: takes tasks from the supervisor over IPC and does them, one at a time.
 *
 * Started by `src/executors/warm-process.ts` as the leader of its own process group.
 */
import { Worker } from "node:worker_threads";
import { serveTasks } from "../src/queue/task-server.ts";
import { runTask } from "../src/tasks/run-task.ts";

const watch = new Worker(new URL("./orphan-watch.js", import.meta.url), { workerData: process.ppid });
watch.unref();

serveTasks(({ task, attempt, attemptToken, sweep, paths }, hooks) =>
  runTask(task, { ...hooks, attempt, attemptToken, sweep, storeRoot: paths.storeRoot }),
);
