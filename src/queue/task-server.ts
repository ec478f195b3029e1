/**
 * The inside of a warm task process: takes one task after another from its supervisor and answers each.
 *
 * The process ends at once when the channel is lost (its supervisor is dead and somebody else will have the task), and
 * on SIGTERM when it is idle; while a task runs, SIGTERM asks it to checkpoint and give back.
 */
import { errorRecordOf } from "../core/errors.ts";
import {
  type FromTaskProcess,
  type OutcomeMessage,
  type Progress,
  protocolVersion,
  type RunMessage,
  type ToTaskProcess,
} from "./task-messages.ts";
import { openTaskOutput, type TaskOutput } from "./task-output.ts";

/** What a running task may call. */
export interface TaskHooks {
  onProgress(progress: Progress): void;
  shouldStop(): boolean;
  log(line: string): void;
}

/** Does one task; throws when it fails. */
export type ExecuteTask = (
  request: RunMessage,
  hooks: TaskHooks,
) => Promise<Exclude<OutcomeMessage, { readonly kind: "failed" }>>;

/** Exit code of an idle process that was asked to end by SIGTERM; a task may just have been on its way to it. */
export const terminatedCode = 143;
/** Progress is sent at most so often. */
const progressIntervalMs = 100;

/** Serves until the process ends. @throws bug outside a process that was started with an IPC channel. */
export const serveTasks = (execute: ExecuteTask): void => {
  if (process.send === undefined) throw new Error("bug: a task process needs an IPC channel");
  let current: { readonly output: TaskOutput; isStopping: boolean } | null = null;

  const send = (message: FromTaskProcess, then?: () => void): void => {
    process.send?.(message, undefined, undefined, () => then?.());
  };
  const finish = (outcome: OutcomeMessage, then?: () => void): void => {
    current?.output.close();
    current = null;
    send(outcome, then);
  };
  const run = async (request: RunMessage): Promise<void> => {
    const running = { output: openTaskOutput(request.paths), isStopping: false };
    current = running;
    let reportedAt = 0;
    const hooks: TaskHooks = {
      onProgress: (progress) => {
        const now = performance.now();
        if (now - reportedAt < progressIntervalMs && progress.done < progress.total) return;
        reportedAt = now;
        send({ kind: "progress", ...progress });
      },
      shouldStop: () => running.isStopping,
      log: running.output.log,
    };
    const outcome = await execute(request, hooks).catch((error: unknown) => failed(error));
    if (current === running) finish(outcome);
  };
  const stop = (): void => {
    if (current !== null) current.isStopping = true;
  };

  process.on("message", (message: ToTaskProcess) => {
    if (message.kind === "stop") stop();
    else run(message).catch((error: unknown) => finish(failed(error)));
  });
  process.on("disconnect", () => (current === null ? process.exit(0) : killOwnGroup()));
  process.on("SIGTERM", () => (current === null ? process.exit(terminatedCode) : stop()));
  process.on("SIGINT", () => {}); // Ctrl-C is the supervisor's business.
  // After an error that no one caught the state of the process is unknown: answer, and make room for a fresh one.
  process.on("uncaughtException", (error) => {
    const outcome = { ...failed(error), isLast: true };
    if (current === null) process.exit(70);
    else finish(outcome, () => process.exit(70));
  });
  send({ kind: "ready", protocol: protocolVersion });
};

/** Writes the error to the task's standard error and makes it an answer. */
const failed = (error: unknown): Extract<OutcomeMessage, { readonly kind: "failed" }> => {
  const record = errorRecordOf(error);
  const text = record.code === "BUG" ? (record.stack ?? record.message) : `${record.code}: ${record.message}`;
  process.stderr.write(`${[text, ...record.causes.map((cause) => `  caused by: ${cause}`)].join("\n")}\n`);
  return { kind: "failed", error: record, isLast: false };
};

/** Ends this process and all that it started. */
const killOwnGroup = (): void => {
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    process.kill(process.pid, "SIGKILL"); // not the leader of a group
  }
};
