/** What a slot is told once: who it is, what it serves, its limits, and how its process is started. */
import type { Json } from "../core/canonical-json.ts";
import type { Task, TaskKind } from "../plan/task.ts";
import type { SweepMark, TaskPaths } from "../queue/task-messages.ts";
import type { WarmProcessOptions } from "./warm-process.ts";

/** Looks for the finished work of one attempt of a task. */
export type AnswerLeftBy = (task: Task, attemptToken: string) => Json | undefined;

/** Settings of one slot. */
export interface SlotOptions {
  /** Unique name: `local/slot-0`. */
  readonly worker: string;
  /** What the tasks are done for; null: no other sweep is looked at. */
  readonly sweep: SweepMark | null;
  /** Kinds of task it takes; null: all. */
  readonly serves: readonly TaskKind[] | null;
  /** Seconds until the slot's machine is taken away; null: never. Asked before each task. */
  readonly remainingSec: () => number | null;
  /** Limit for tasks that name none; null: no limit. */
  readonly memoryMiB: number | null;
  /** From asking a task to give back (or TERM, when it is over its time) to KILL. */
  readonly graceMs: number;
  readonly process: Omit<WarmProcessOptions, "heapMiB">;
  /** Where the task's files go. */
  readonly pathsOf: (task: Task) => TaskPaths;
  /** What an attempt that died without an answer had finished all the same; undefined: nothing. */
  readonly answerLeftBy: AnswerLeftBy;
  /** Memory of a process and its descendants; null: not known. */
  readonly readMemoryMiB: (pid: number) => number | null;
}
