/**
 * Compares the ledger with the jobs in Redis and with the results on disk, and says what to enter or to add.
 *
 * Needed where one of the three knows more than the others: a fact that was lost with its worker, a job that was lost
 * with Redis, a result whose worker could not tell of it any more.
 */
import type { Task } from "../../../plan/task.ts";
import { isFinal } from "../../../plan/task-state.ts";
import type { TaskFailure } from "../../failure.ts";
import { supervisedFailure } from "../../failure.ts";
import type { RetryDecision } from "../../retry-policy.ts";
import type { SweepLedger } from "../../sweep-ledger.ts";
import type { TaskEntry } from "../../task-entry.ts";
import type { Fact } from "../facts/fact.ts";
import { jobIdOf } from "../jobs/queue-class.ts";
import type { JobPlace, TaskQueues } from "../jobs/task-queues.ts";

/** State of a task at one moment. */
interface Moment {
  readonly state: TaskEntry["state"];
  readonly attempt: number;
}

/** What was found. */
export interface Differences {
  /** To be entered into the ledger. */
  readonly facts: readonly Exclude<Fact, { readonly kind: "refused" }>[];
  /** Tasks that should have a job and have none. */
  readonly missing: readonly TaskEntry[];
}

/** Where to look. */
export interface Sources {
  readonly ledger: SweepLedger;
  readonly queues: TaskQueues;
  readonly run: string;
  readonly isDone: (task: Task) => boolean;
  readonly now: () => number;
  /** Brings the ledger up to date with the facts that are there. */
  readonly readFacts: () => Promise<void>;
}

/** Differences that are not due to something that is happening right now. */
export const findDifferences = async (sources: Sources): Promise<Differences> => {
  const { ledger, queues, run } = sources;
  await sources.readFacts();
  const before = new Map([...ledger.entries].map((entry) => [entry.task.id, momentOf(entry)]));
  const places = await queues.places();
  await sources.readFacts();
  const facts: Exclude<Fact, { kind: "refused" }>[] = [];
  const missing: TaskEntry[] = [];
  for (const entry of ledger.entries) {
    if (isFinal(entry.state) || entry.numOpenNeeds > 0) continue;
    if (!isSame(before.get(entry.task.id), momentOf(entry))) continue;
    const place = places.get(jobIdOf(run, entry.task));
    const fact = place === undefined ? adopt(entry, sources) : await factOf(entry, place, sources);
    if (fact !== null) facts.push(fact);
    else if (place === undefined) missing.push(entry);
  }
  return { facts, missing };
};

const momentOf = ({ state, attempt }: TaskEntry): Moment => ({ state, attempt });

const isSame = (a: Moment | undefined, b: Moment): boolean => a?.state === b.state && a.attempt === b.attempt;

/** A task without a job whose result is on disk is done; one that was running is free again. */
const adopt = (entry: TaskEntry, { isDone, now }: Sources): Differences["facts"][number] | null => {
  const common = {
    taskId: entry.task.id,
    attempt: entry.attempt,
    worker: entry.worker ?? "unknown",
    time: now(),
  };
  if (isDone(entry.task)) return { kind: "done", ...common, summary: null };
  return entry.state === "running" ? { kind: "given_back", ...common } : null;
};

/** What the job of a task says that the ledger does not know; null: nothing. */
const factOf = async (
  entry: TaskEntry,
  { state, queueClass }: JobPlace,
  { queues, run, now }: Sources,
): Promise<Differences["facts"][number] | null> => {
  const isRunning = entry.state === "running";
  if ((state === "active") === isRunning && state !== "completed" && state !== "failed") return null;
  const { numStarts, worker, value, reason } = await queues.read(queueClass, jobIdOf(run, entry.task));
  const attempt = Math.max(entry.attempt, numStarts);
  const common = { taskId: entry.task.id, attempt, worker: worker ?? entry.worker ?? "unknown", time: now() };
  if (state === "completed") return { kind: "done", ...common, summary: parse(value)?.["summary"] ?? null };
  if (state === "failed") return failedFact(common, parse(reason));
  if (state === "active") return { kind: "started", ...common, token: "" };
  return { kind: "given_back", ...common };
};

const failedFact = (
  common: { taskId: string; attempt: number; worker: string; time: number },
  reason: Record<string, never> | null,
): Differences["facts"][number] => {
  if (reason?.["cancelled"] !== undefined) return { kind: "given_back", ...common };
  const known = reason as { failure?: TaskFailure; decision?: RetryDecision } | null;
  const message = `the job of task ${common.taskId} was refused or failed for a reason that Redis does not tell. Run it again.`;
  const failure = known?.failure ?? supervisedFailure("worker_lost", message);
  return { kind: "failed", ...common, failure, decision: known?.decision ?? { kind: "final" } };
};

const parse = (text: string | null): Record<string, never> | null => {
  try {
    return text === null ? null : (JSON.parse(text) as Record<string, never>);
  } catch {
    return null;
  }
};
