/**
 * Runs tasks on this machine: the slots of a local card, each with one warm process, supervised from this process.
 *
 * If this process dies, however it dies, the task processes end by themselves (see `workers/orphan-watch.ts`).
 */
import { join, resolve } from "node:path";
import type { LocalCard, LocalWorkers } from "../cards/card.ts";
import { packageRoot } from "../core/package-root.ts";
import type { Task } from "../plan/task.ts";
import type { TaskSource } from "../queue/broker.ts";
import { logPathsOf } from "../queue/log-paths.ts";
import type { SweepMark, TaskPaths } from "../queue/task-messages.ts";
import type { Executor } from "./executor.ts";
import { canReadMemory, groupMemoryMiB } from "./group-memory.ts";
import { Slot } from "./slot.ts";
import type { AnswerLeftBy } from "./slot-options.ts";

/** Where the tasks' files go, and how the broker is kept informed. */
export interface LocalExecutorOptions {
  readonly card: LocalCard;
  /** What the tasks are done for; default: no other sweep is looked at. */
  readonly sweep?: SweepMark;
  /** Absolute path of the store (`runs/`). */
  readonly storeRoot: string;
  /** Folder of the task logs; null: no log files. */
  readonly logsRoot: string | null;
  /** Finds what an attempt that died had finished all the same; default: nothing. */
  readonly answerLeftBy?: AnswerLeftBy;
  /** Leases are renewed so often; null: the broker does not ask for it. */
  readonly renewEveryMs?: number | null;
  /** Seconds until this machine is taken away; null or absent: never. */
  readonly remainingSec?: () => number | null;
  /** Environment of one slot, on top of the card's; slots are counted from 0. */
  readonly environmentOf?: (slot: number) => Readonly<Record<string, string>>;
  /** Compiled entry point of task processes; default: the one of this package. */
  readonly script?: string;
}

/** Memory is looked at so often. A task that allocates 2 GiB/s is at most 0.4 GiB over its limit when it is stopped. */
const checkEveryMs = 200;
const startTimeoutMs = 60_000;

/** The slots of one card. */
export class LocalExecutor implements Executor {
  readonly description: string;
  readonly numSlots: number;
  readonly warnings: readonly string[];
  readonly #slots: readonly Slot[];
  readonly #renewEveryMs: number | null;

  constructor(options: LocalExecutorOptions) {
    const { card } = options;
    this.#slots = card.executors.flatMap((workers) => slotsOf(workers, options));
    this.#renewEveryMs = options.renewEveryMs ?? null;
    this.numSlots = this.#slots.length;
    this.description = `${card.label}: ${card.executors.map(describeWorkers).join(", ")}`;
    const hasLimit = card.executors.some(({ memoryMiB }) => memoryMiB !== null);
    this.warnings =
      hasLimit && !canReadMemory()
        ? ["memory limits hold only for the JavaScript heap here, because this system has no /proc."]
        : [];
  }

  /** Tasks that run now; not those that have ended and are being told. */
  get numRunning(): number {
    return this.#slots.filter(({ taskId }) => taskId !== null).length;
  }

  async run(broker: TaskSource): Promise<void> {
    const unsubscribe = broker.subscribe((event) => {
      if (event.kind === "stop_requested") this.#slotOf(event.taskId)?.requestStop();
    });
    let renewedAt = performance.now();
    const checks = setInterval(() => {
      const isRenewalDue = this.#renewEveryMs !== null && performance.now() - renewedAt >= this.#renewEveryMs;
      if (isRenewalDue) renewedAt = performance.now();
      for (const slot of this.#slots) slot.check(broker, isRenewalDue);
    }, checkEveryMs);
    try {
      const ends = this.#slots.map((slot) =>
        slot.run(broker).catch((error: unknown) => {
          this.drain(); // a machine on which one slot cannot start is no better for the others
          throw error;
        }),
      );
      const failed = (await Promise.allSettled(ends)).find((end) => end.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    } finally {
      clearInterval(checks);
      unsubscribe();
    }
  }

  drain(): void {
    for (const slot of this.#slots) slot.drain();
  }

  kill(): void {
    for (const slot of this.#slots) slot.kill();
  }

  #slotOf(taskId: string): Slot | undefined {
    return this.#slots.find((slot) => slot.taskId === taskId);
  }
}

const slotsOf = (workers: LocalWorkers, options: LocalExecutorOptions): readonly Slot[] =>
  Array.from({ length: workers.slots }, (_, index) => {
    const { card, storeRoot, logsRoot } = options;
    const graceMs = card.graceSec * 1000;
    const name = `slot-${index}`;
    return new Slot({
      worker: `${workers.label}/${name}`,
      sweep: options.sweep ?? null,
      serves: workers.serves,
      remainingSec: options.remainingSec ?? (() => null),
      memoryMiB: workers.memoryMiB,
      graceMs,
      process: {
        script: options.script ?? join(packageRoot, "dist", "workers", "task-process.js"),
        workerInit: workers.workerInit,
        env: {
          ...threadEnvironment(workers.threadsPerTask),
          ...workers.env,
          ...options.environmentOf?.(index),
        },
        outputPath: card.runDir === null ? null : resolve(card.runDir, workers.label, `${name}.out`),
        startTimeoutMs,
      },
      pathsOf: (task) => pathsOf(task, storeRoot, logsRoot),
      answerLeftBy: options.answerLeftBy ?? (() => undefined),
      readMemoryMiB: groupMemoryMiB,
    });
  });

const pathsOf = (task: Task, storeRoot: string, logsRoot: string | null): TaskPaths => ({
  storeRoot,
  ...(logsRoot === null ? { log: null, err: null } : logPathsOf(task, logsRoot)),
});

/** Libraries that a task may load must not take more threads than its slot has. */
const threadEnvironment = (threads: number): Readonly<Record<string, string>> => ({
  OMP_NUM_THREADS: String(threads),
  OPENBLAS_NUM_THREADS: String(threads),
  MKL_NUM_THREADS: String(threads),
});

const describeWorkers = ({ label, slots, threadsPerTask }: LocalWorkers): string =>
  `${label} ${slots} slot${slots === 1 ? "" : "s"} × ${threadsPerTask} thread${threadsPerTask === 1 ? "" : "s"}`;
