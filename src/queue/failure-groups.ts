/** Failures of a sweep, grouped so that one cause is read once, however many cells it took with it. Pure. */
import type { ErrorRecord } from "../core/errors.ts";
import { isFailure, type TaskState } from "../plan/task-state.ts";
import type { TaskRecord } from "./broker.ts";

/** One cause. */
export interface FailureGroup {
  /** State of the tasks that failed by themselves. */
  readonly state: TaskState;
  /** Error of the first of them. */
  readonly error: ErrorRecord;
  /** Tasks that failed this way, in the plan's order. */
  readonly taskIds: readonly string[];
  /** Tasks that could not run because of them. */
  readonly blockedTaskIds: readonly string[];
  /** Last log lines of the first of them, at most 20. */
  readonly logTail: readonly string[];
}

/**
 * Groups records by state, code and message, where ids and numbers in the message do not count. Groups with the most
 * lost tasks come first.
 */
export const groupFailures = (records: readonly TaskRecord[]): readonly FailureGroup[] => {
  const blocked = new Map<string, string[]>();
  for (const { task, rootTaskId } of records) {
    if (rootTaskId !== null) blocked.set(rootTaskId, [...(blocked.get(rootTaskId) ?? []), task.id]);
  }
  const groups = new Map<string, TaskRecord[]>();
  for (const record of records) {
    if (!isFailure(record.state) || record.failure === null) continue;
    const key = `${record.state} ${record.failure.error.code} ${patternOf(record.failure.error.message)}`;
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return [...groups.values()]
    .map((members) => groupOf(members, blocked))
    .sort((a, b) => numLost(b) - numLost(a));
};

const groupOf = (
  members: readonly TaskRecord[],
  blocked: ReadonlyMap<string, readonly string[]>,
): FailureGroup => {
  const [first] = members as [TaskRecord];
  const failure = first.failure as NonNullable<TaskRecord["failure"]>;
  return {
    state: first.state,
    error: failure.error,
    taskIds: members.map(({ task }) => task.id),
    blockedTaskIds: members.flatMap(({ task }) => blocked.get(task.id) ?? []),
    logTail: failure.logTail,
  };
};

const numLost = ({ taskIds, blockedTaskIds }: FailureGroup): number => taskIds.length + blockedTaskIds.length;

/** `task tgt_0f… (base/base seed 42 × hmc) ran 12.5 s` and the same of another task give the same pattern. */
const patternOf = (message: string): string =>
  message
    .replace(/task \S+ \(.*?\)/g, "task")
    .replace(/\b[0-9a-f]{8,}\b/g, "#")
    .replace(/\d+(\.\d+)?(e[+-]?\d+)?/gi, "#");
