/** Where the log pair of a task lies, under the folder of logs. */
import { join } from "node:path";
import type { Task } from "../plan/task.ts";

/** Standard output and standard error of all attempts of one task. */
export interface LogPaths {
  readonly log: string;
  readonly err: string;
}

/** `build_target/<target id>.{log,err}` or `run_sampler/<target id>_<sampler>_<run id>.{log,err}` under `logsRoot`. */
export const logPathsOf = (task: Task, logsRoot: string): LogPaths => {
  const base = join(logsRoot, folderOf(task), task.id.replaceAll("/", "_"));
  return { log: `${base}.log`, err: `${base}.err` };
};

const folderOf = (task: Task): string => task.kind.replaceAll("-", "_");
