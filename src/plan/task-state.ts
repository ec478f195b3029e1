/**
 * States of a task and the only ways between them.
 *
 * planned            in a plan, not yet given to a broker
 * waiting            for tasks it needs, or for the back-off before its next attempt
 * ready              may be leased by any worker that serves its kind
 * running            leased to one worker, for one attempt
 * done               its worker said so and its manifest is on disk                               final
 * skipped            its manifest was already there when the plan was made                        final
 * failed             its own error, or more lost workers than allowed                             final
 * timeout            ran longer than its limit                                                    final
 * out_of_memory      held more memory than its limit                                              final
 * upstream_failed    a task that it needs (directly or through others) failed; names that root    final
 * cancelled          stopped on request, by fail-fast or by max-fails                             final
 *
 * `nextState` is the table below: a pair that is not in it has no next state, and asking a broker for it is a bug.
 */

/** All states, in the order in which a report lists them. */
export const taskStates = [
  "planned",
  "waiting",
  "ready",
  "running",
  "done",
  "skipped",
  "failed",
  "timeout",
  "out_of_memory",
  "upstream_failed",
  "cancelled",
] as const;

export type TaskState = (typeof taskStates)[number];

/** What can happen to a task. `wait` and `ready` also follow an attempt that is to be repeated. */
export type TaskChange =
  | "skip"
  | "wait"
  | "ready"
  | "lease"
  | "complete"
  | "fail"
  | "time_out"
  | "exhaust_memory"
  | "lose_upstream"
  | "cancel";

const table: Readonly<Record<TaskState, Partial<Record<TaskChange, TaskState>>>> = {
  planned: { skip: "skipped", wait: "waiting", ready: "ready", cancel: "cancelled" },
  waiting: { ready: "ready", lose_upstream: "upstream_failed", cancel: "cancelled" },
  ready: { lease: "running", cancel: "cancelled" },
  running: {
    complete: "done",
    fail: "failed",
    time_out: "timeout",
    exhaust_memory: "out_of_memory",
    wait: "waiting",
    ready: "ready",
    cancel: "cancelled",
  },
  done: {},
  skipped: {},
  failed: {},
  timeout: {},
  out_of_memory: {},
  upstream_failed: {},
  cancelled: {},
};

/** The state after `change`, or null where that change cannot happen in `state`. */
export const nextState = (state: TaskState, change: TaskChange): TaskState | null =>
  table[state][change] ?? null;

/** True if nothing can happen to the task any more. */
export const isFinal = (state: TaskState): boolean => Object.keys(table[state]).length === 0;

/** True if tasks that need this one may run. */
export const isSuccess = (state: TaskState): boolean => state === "done" || state === "skipped";

/** True for the task's own failures, which make its dependents `upstream_failed`. */
export const isFailure = (state: TaskState): boolean =>
  state === "failed" || state === "timeout" || state === "out_of_memory";

/** Number of tasks in each state; every state is a key. */
export type StateCounts = Readonly<Record<TaskState, number>>;

/** Counts states. */
export const countStates = (states: Iterable<TaskState>): StateCounts => {
  const counts = Object.fromEntries(taskStates.map((state) => [state, 0])) as Record<TaskState, number>;
  for (const state of states) counts[state]++;
  return counts;
};
