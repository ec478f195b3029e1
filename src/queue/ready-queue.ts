/**
 * Tasks that could start now, best first: builds before everything (others wait for them), then the longest expected
 * (so that no long task is left for the end), tasks of unknown length before known ones, then the plan's order.
 */
import type { Task, TaskKind } from "../plan/task.ts";
import type { LeaseRequest } from "./broker.ts";

interface Entry {
  readonly task: Task;
  /** Seconds; null: not known. */
  readonly expectedSec: number | null;
  readonly order: number;
}

const isBefore = (a: Entry, b: Entry): boolean => {
  const [rankA, rankB] = [rankOf(a.task.kind), rankOf(b.task.kind)];
  if (rankA !== rankB) return rankA < rankB;
  const [secondsA, secondsB] = [
    a.expectedSec ?? Number.POSITIVE_INFINITY,
    b.expectedSec ?? Number.POSITIVE_INFINITY,
  ];
  return secondsA === secondsB ? a.order < b.order : secondsA > secondsB;
};

const rankOf = (kind: TaskKind): number => (kind === "build-target" ? 0 : 1);

/** A priority queue; one binary heap a kind, so that workers that serve few kinds find theirs at once. */
export class ReadyQueue {
  readonly #heaps = new Map<TaskKind, Entry[]>();
  /** Still in a heap, but never given out: cheaper than to search for them when a large plan is cancelled. */
  readonly #removed = new Set<string>();

  /** Adds a task. `order`: its position in the plan. */
  push(task: Task, expectedSec: number | null, order: number): void {
    const heap = this.#heaps.get(task.kind) ?? [];
    this.#heaps.set(task.kind, heap);
    pushHeap(heap, { task, expectedSec, order });
  }

  /** Removes and returns the best task that the worker serves and has the time for, or null. */
  take(request: Pick<LeaseRequest, "serves" | "remainingSec">): Task | null {
    const tooLong: Entry[] = [];
    let found: Entry | null = null;
    for (let next = this.#popBest(request.serves); next !== null; next = this.#popBest(request.serves)) {
      if (this.#removed.has(next.task.id)) continue;
      if (request.remainingSec === null || (next.expectedSec ?? 0) <= request.remainingSec) {
        found = next;
        break;
      }
      tooLong.push(next);
    }
    for (const entry of tooLong) pushHeap(this.#heaps.get(entry.task.kind) as Entry[], entry);
    return found?.task ?? null;
  }

  /** Takes a task out for good. */
  remove(task: Task): void {
    this.#removed.add(task.id);
  }

  #popBest(serves: readonly TaskKind[] | null): Entry | null {
    let best: Entry[] | null = null;
    for (const [kind, heap] of this.#heaps) {
      if (heap.length === 0 || (serves !== null && !serves.includes(kind))) continue;
      if (best === null || isBefore(heap[0] as Entry, best[0] as Entry)) best = heap;
    }
    return best === null ? null : popHeap(best);
  }
}

const pushHeap = (heap: Entry[], entry: Entry): void => {
  let hole = heap.length;
  heap.push(entry);
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    if (!isBefore(entry, heap[parent] as Entry)) break;
    heap[hole] = heap[parent] as Entry;
    hole = parent;
  }
  heap[hole] = entry;
};

/** The heap must not be empty. */
const popHeap = (heap: Entry[]): Entry => {
  const top = heap[0] as Entry;
  const last = heap.pop() as Entry;
  if (heap.length === 0) return top;
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child++;
    if (!isBefore(heap[child] as Entry, last)) break;
    heap[hole] = heap[child] as Entry;
    hole = child;
  }
  heap[hole] = last;
  return top;
};
