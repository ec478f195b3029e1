/**
 * One sweep from start to end: submits the plan, lets the executor work, follows events, and sums up.
 *
 * The first signal (`stop`) cancels what has not begun and asks running tasks to checkpoint; the second (`kill`) ends
 * them at once. Nothing here knows what tasks do or where results lie: callers listen.
 */
import { messageOf } from "../core/errors.ts";
import type { Plan } from "../plan/plan.ts";
import { countStates, isFinal, type StateCounts } from "../plan/task-state.ts";
import type { Broker, SubmitOptions, TaskRecord } from "../queue/broker.ts";
import { type FailureGroup, groupFailures } from "../queue/failure-groups.ts";
import { reasonOfMaxFailures } from "../queue/retry-policy.ts";
import type { SweepEvent } from "../queue/sweep-event.ts";
import type { Executor } from "./executor.ts";

/** What to run and who wants to know. */
export interface RunPlanOptions {
  readonly plan: Plan;
  readonly broker: Broker;
  readonly executor: Executor;
  readonly submit: SubmitOptions;
  /** Hears every event, in order. Must not throw. */
  readonly onEvent?: (event: SweepEvent) => void;
  /**
   * Called once a task is final, skipped ones included, one call after the other in the order in which they ended.
   * A rejection ends the sweep and is thrown.
   */
  readonly onTaskFinal?: (record: TaskRecord) => Promise<void> | void;
  /** Reason: a text for the cancelled tasks. */
  readonly stop?: AbortSignal;
  readonly kill?: AbortSignal;
}

/** The end of a sweep. */
export interface PlanOutcome {
  readonly counts: StateCounts;
  /** One record a task, in the plan's order. */
  readonly records: readonly TaskRecord[];
  readonly failures: readonly FailureGroup[];
  /** True if it was stopped by `stop` or `kill`, or cancelled by somebody else; not by too many failures. */
  readonly wasStopped: boolean;
}

/** @throws what the executor or `onTaskFinal` threw, after everything was stopped. */
export const runPlan = async (options: RunPlanOptions): Promise<PlanOutcome> => {
  const { plan, broker, executor } = options;
  const followUps = followFinalTasks(options);
  let wasCancelled = false;
  const unsubscribe = broker.subscribe((event) => {
    options.onEvent?.(event);
    wasCancelled ||= isCancelledByRequest(event, options.submit);
    followUps.hear(event);
  });
  const warn = (message: string): void => options.onEvent?.({ time: Date.now(), kind: "warning", message });
  const stop = (): void => {
    broker.cancel(textOf(options.stop?.reason)).catch((error: unknown) => {
      const problem = `the queue could not be told to stop: ${messageOf(error)}`;
      warn(`${problem}. Stop once more to leave now.`);
    });
  };
  const kill = (): void => {
    stop();
    executor.kill();
  };
  try {
    await broker.submit(plan, options.submit);
    for (const message of executor.warnings) warn(message);
    const stopListening = [
      onAbort(options.stop, stop),
      onAbort(options.kill, kill),
      onAbort(followUps.failed, kill),
    ];
    try {
      await executor.run(broker);
    } catch (error) {
      await broker.cancel("workers cannot be started").catch(() => {}); // the first error is the one to tell
      throw error;
    } finally {
      for (const end of stopListening) end();
    }
    await followUps.settled();
    const records = await broker.records();
    return {
      counts: countStates(records.map(({ state }) => state)),
      records,
      failures: groupFailures(records),
      wasStopped: wasCancelled || options.stop?.aborted === true || options.kill?.aborted === true,
    };
  } finally {
    unsubscribe();
  }
};

const isCancelledByRequest = (event: SweepEvent, { maxFailures }: SubmitOptions): boolean =>
  event.kind === "sweep_cancelled" &&
  (maxFailures === null || event.reason !== reasonOfMaxFailures(maxFailures));

const textOf = (reason: unknown): string => (typeof reason === "string" ? reason : "stopped on request");

/** Calls `action` once the signal is there, also if it already is. Returns the way to end it. */
const onAbort = (signal: AbortSignal | undefined, action: () => void): (() => void) => {
  if (signal?.aborted === true) action();
  signal?.addEventListener("abort", action);
  return () => signal?.removeEventListener("abort", action);
};

interface FollowUps {
  hear(event: SweepEvent): void;
  /** Aborted by the first rejection. */
  readonly failed: AbortSignal;
  /** Waits for all calls. @throws the first rejection. */
  settled(): Promise<void>;
}

const finalKinds: ReadonlySet<string> = new Set([
  "task_skipped",
  "task_done",
  "task_failed",
  "upstream_failed",
  "task_cancelled",
]);

/** Queues one `onTaskFinal` call for every task that becomes final. */
const followFinalTasks = ({ broker, onTaskFinal }: RunPlanOptions): FollowUps => {
  const failure = new AbortController();
  let last = Promise.resolve();
  const followUp = async (taskId: string): Promise<void> => {
    const record = failure.signal.aborted ? null : await broker.record(taskId);
    if (record !== null && isFinal(record.state)) await onTaskFinal?.(record);
  };
  return {
    hear: (event) => {
      if (onTaskFinal === undefined || !finalKinds.has(event.kind) || !("taskId" in event)) return;
      const { taskId } = event;
      last = last.then(() => followUp(taskId)).catch((error: unknown) => failure.abort(error));
    },
    failed: failure.signal,
    settled: async () => {
      await last;
      if (failure.signal.aborted) throw failure.signal.reason;
    },
  };
};
