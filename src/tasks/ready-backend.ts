/**
 * Readies the backend of a sweep on this machine before its first task: kernels are compiled once instead of by every slot, not
 * within the time limit of a task, and what is missing is said once.
 */
import { type BackendChoice, selectBackend } from "../compute/select-backend.ts";
import type { Plan } from "../plan/plan.ts";

interface Listener {
  /** Another backend than wished for is used, and why. */
  onWarning(message: string): void;
  onProgress(line: string): void;
}

/** Does nothing if no run is left to do. @throws SweepError `ENVIRONMENT` if the backend that was asked for cannot be had. */
export const readyBackend = async (plan: Plan, listener: Listener): Promise<void> => {
  const done = new Set(plan.doneTaskIds);
  const names = plan.tasks.flatMap((task) =>
    task.kind === "run-sampler" && !done.has(task.id) ? [task.backend] : [],
  );
  for (const name of new Set(names)) {
    const backend = await selectBackend({
      name: name as BackendChoice,
      numThreads: 1,
      onWarning: (message) => listener.onWarning(message),
      onProgress: (line) => listener.onProgress(line),
    });
    backend.close();
  }
};
