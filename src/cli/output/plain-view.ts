/** A sweep as plain lines, one a change of state: for logs, pipes and CI. */
import type { Plan } from "../../plan/plan.ts";
import type { SweepEvent } from "../../queue/sweep-event.ts";
import { printNote } from "./print.ts";
import { summaryText } from "./summary-text.ts";
import { formatDuration, type SweepProgress, type SweepView } from "./sweep-progress.ts";

/** Prints to stderr when a task starts or ends. */
export const plainView = (plan: Plan, progress: SweepProgress): SweepView => {
  const titles = new Map(
    plan.tasks.map((task) => [task.id, `${task.kind === "build-target" ? "build" : "run"} ${task.title}`]),
  );
  const start = Date.now();
  const say = (event: { taskId: string }, words: string): void => {
    const { finished, total } = progress.counts();
    const clock = formatDuration((Date.now() - start) / 1000).padStart(6);
    printNote(`${clock}  [${finished}/${total}]  ${titles.get(event.taskId) ?? event.taskId}: ${words}`);
  };
  return { onEvent: (event) => tell(event, say), close: () => {} };
};

const tell = (event: SweepEvent, say: (event: { taskId: string }, words: string) => void): void => {
  switch (event.kind) {
    case "task_started":
      return say(event, event.attempt > 1 ? `started (attempt ${event.attempt})` : "started");
    case "task_done":
      return say(event, `done in ${formatDuration(event.seconds)}${summaryText(event.summary)}`);
    case "task_failed":
      return say(event, `FAILED: ${event.error.message}`);
    case "retry":
      return say(
        event,
        `failed, trying again in ${formatDuration(event.delayMs / 1000)}: ${event.error.message}`,
      );
    case "upstream_failed":
      return say(event, `cannot run, because ${event.rootTaskId} failed`);
    case "given_back":
      return say(event, "stopped at a checkpoint");
    case "task_cancelled":
      return say(event, `cancelled: ${event.reason}`);
    case "block":
      return printNote(`block ${event.block}${idText(event.allocationId)} ${event.state}: ${event.message}`);
    case "warning":
      return printNote(`warning: ${event.message}`);
    default:
      return undefined;
  }
};

const idText = (id: string | null): string => (id === null ? "" : ` (${id})`);
