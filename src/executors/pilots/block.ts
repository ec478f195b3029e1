/**
 * One block (an allocation, or one run of a command) as the driver knows it, and how news change that. Pure.
 *
 * in_doubt   submitted, but nobody said whether it was taken; also one that an earlier driver has left behind
 * pending    waits in the scheduler's queue
 * running    the scheduler says so, or a worker of it was heard of
 * ended      its script said so, or the scheduler did and nothing speaks against it
 *
 * Heartbeats of workers count most, then the script's own last line, then the scheduler. What is not known counts as
 * alive. A block of which no worker was ever heard, and which the scheduler calls ended without a last line of the
 * script, is cancelled first and believed when the scheduler says it again: a scheduler that lies must not lead to more
 * blocks than allowed.
 */
import type { ProcessIdentity } from "../../core/process-identity.ts";
import type { WorkerHeartbeat } from "../../queue/worker-heartbeat.ts";
import type { JobStatus } from "../slurm-status.ts";
import type { ExitReport } from "./worker-script.ts";

export type BlockPhase = "in_doubt" | "pending" | "running" | "ended";

export type CancelCause = "unwanted" | "lost";

/** The command of a block that no scheduler knows. Plain JSON. */
export interface BlockCommand {
  readonly process: ProcessIdentity;
  /** The host of the card that it has for itself; null: the card names none. */
  readonly host: string | null;
}

/** State of one block. Plain JSON; times in milliseconds since 1970. */
export interface Block {
  readonly name: string;
  /** The scheduler's id; null: not known. */
  readonly id: string | null;
  /** Absent: a scheduler's block, or one that was not taken yet. */
  readonly command?: BlockCommand;
  readonly submittedAt: number;
  readonly phase: BlockPhase;
  /** A worker of it was heard of, ever. */
  readonly hasWorked: boolean;
  /** When a worker of it was last heard of; null: never. */
  readonly heardAt: number | null;
  /** First news that it runs; null: none yet. */
  readonly runningSince: number | null;
  readonly slots: number;
  readonly busy: number;
  /** All workers of it are draining, or it was asked to end. */
  readonly isLeaving: boolean;
  /** Since when none of its slots has had work; null: some has, or no worker is there. */
  readonly idleSince: number | null;
  /** The scheduler's last word and reason. */
  readonly code: string;
  readonly reason: string;
  /** Nodes as the scheduler or the workers name them. */
  readonly nodes: string;
  /** Answers in a row by which it is gone. */
  readonly numGone: number;
  /** When it was cancelled by the driver; null: it was not. */
  readonly cancelledAt: number | null;
  /** Why: it was `unwanted`, or `lost` (given up, to make sure that it is over). */
  readonly cancelCause: CancelCause | null;
  readonly endedAt: number | null;
  readonly report: ExitReport | null;
}

/** News about one block. */
export interface BlockNews {
  readonly now: number;
  /** Of its workers that were heard of lately. */
  readonly heartbeats: readonly WorkerHeartbeat[];
  /** The scheduler's answer; `absent`: it does not know the block; null: it was not asked or did not answer. */
  readonly status: JobStatus | "absent" | null;
  /** The script's last line. */
  readonly report: ExitReport | null;
}

/** A block that was just submitted. `id` null: sbatch did not say. */
export const newBlock = (name: string, id: string | null, now: number): Block => ({
  name,
  id,
  submittedAt: now,
  phase: id === null ? "in_doubt" : "pending",
  hasWorked: false,
  heardAt: null,
  runningSince: null,
  slots: 0,
  busy: 0,
  isLeaving: false,
  idleSince: null,
  code: "",
  reason: "",
  nodes: "",
  numGone: 0,
  cancelledAt: null,
  cancelCause: null,
  endedAt: null,
  report: null,
});

/** The block after the news. An ended block stays as it is. */
export const observeBlock = (block: Block, news: BlockNews): Block => {
  if (block.phase === "ended") return block;
  const named = withStatus(block, news.status);
  return news.heartbeats.length > 0 ? working(named, news) : silent(named, news);
};

const withStatus = (block: Block, status: BlockNews["status"]): Block => {
  if (status === null || status === "absent") return block;
  const { id, code, reason } = status;
  return {
    ...block,
    id: block.id ?? id,
    code,
    reason,
    nodes: status.nodes === "" ? block.nodes : status.nodes,
  };
};

const working = (block: Block, { now, heartbeats }: BlockNews): Block => {
  const busy = heartbeats.reduce((sum, worker) => sum + worker.busy, 0);
  const nodes = [...new Set(heartbeats.map(({ node }) => node))].sort().join(",");
  return {
    ...block,
    phase: "running",
    hasWorked: true,
    heardAt: now,
    runningSince: block.runningSince ?? now,
    slots: heartbeats.reduce((sum, worker) => sum + worker.slots, 0),
    busy,
    isLeaving: block.cancelledAt !== null || heartbeats.every(({ state }) => state === "draining"),
    idleSince: busy > 0 ? null : (block.idleSince ?? now),
    nodes: nodes === "" ? block.nodes : nodes,
    numGone: 0,
  };
};

const silent = (block: Block, news: BlockNews): Block => {
  const quiet: Block = { ...block, slots: 0, busy: 0, idleSince: null };
  if (news.report !== null) return reported(quiet, news, news.report);
  if (news.status === null) return quiet;
  if (news.status === "absent" || news.status.phase === "ended") return gone(quiet, news);
  switch (news.status.phase) {
    case "pending": // also after a requeue: then it is to be waited for anew
      return { ...quiet, phase: "pending", runningSince: null, numGone: 0 };
    case "running":
    case "ending":
      return { ...quiet, phase: "running", runningSince: quiet.runningSince ?? news.now, numGone: 0 };
    case "unknown":
      return { ...quiet, numGone: 0 };
  }
};

/** Ends of the script itself: SLURM may call an allocation so for a moment before it requeues it. */
const endsOfScript: ReadonlySet<string> = new Set(["COMPLETED", "FAILED"]);

/** After TERM that was not ours the allocation may have been preempted and requeued: the scheduler must say. */
const reported = (block: Block, news: BlockNews, report: ExitReport): Block => {
  const mayReturn = report.asked === "TERM" && block.cancelledAt === null;
  if (!mayReturn) return ended(block, news, report);
  // Once it is known to wait again it is of use, though nothing of it is heard until it starts.
  if (news.status === null) return { ...block, isLeaving: block.isLeaving || block.phase === "running" };
  if (news.status === "absent" || news.status.phase === "ended") {
    const isSure = news.status !== "absent" && !endsOfScript.has(news.status.code);
    return isSure || block.numGone > 0
      ? ended(block, news, report)
      : { ...block, isLeaving: true, numGone: block.numGone + 1 };
  }
  return news.status.phase === "pending"
    ? { ...block, phase: "pending", isLeaving: false, runningSince: null, numGone: 0 }
    : { ...block, isLeaving: true };
};

/** Answers in a row until a block is believed to be gone. */
const answersUntilGone = (block: Block, status: BlockNews["status"]): number => {
  if (block.cancelledAt !== null) return 1;
  if (block.hasWorked && status !== "absent") return 1;
  return block.phase === "running" ? 3 : 2;
};

const gone = (block: Block, news: BlockNews): Block => {
  const numGone = block.numGone + 1;
  const isGone = numGone >= answersUntilGone(block, news.status);
  return isGone ? ended({ ...block, numGone }, news, null) : { ...block, numGone };
};

const ended = (block: Block, { now }: BlockNews, report: ExitReport | null): Block => ({
  ...block,
  phase: "ended",
  slots: 0,
  busy: 0,
  endedAt: now,
  report,
});

/** A worker that lives so long has found what it needs. */
const provenMs = 60_000;

/** True for a block that shows that blocks of its card do start. */
export const hasProvenItself = ({ hasWorked, runningSince, report }: Block, now: number): boolean =>
  hasWorked && (report?.code === 0 || (runningSince !== null && now - runningSince >= provenMs));

/**
 * True for a block that ended by itself before a worker of it was heard of (and not because all work was done), or whose
 * worker gave up within a minute. A worker that a signal ended is no such case: somebody has killed it.
 */
export const hasFailedToStart = (block: Block): boolean => {
  const { phase, report, cancelCause, code } = block;
  if (phase !== "ended" || cancelCause === "unwanted" || code === "PREEMPTED") return false;
  if (report?.code === 0 || report?.asked === "TERM") return false;
  if (!block.hasWorked) return true;
  return report !== null && report.code < 128 && !hasProvenItself(block, block.endedAt ?? 0);
};

/** True if nothing of it can be relied on before the scheduler was asked. */
export const needsStatus = (block: Block, now: number): boolean =>
  block.phase !== "ended" && (block.heardAt === null || now - block.heardAt > heardLatelyMs);

const heardLatelyMs = 10_000;
