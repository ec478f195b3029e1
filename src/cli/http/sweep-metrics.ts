/**
 * A running sweep as Prometheus metrics: states from its events, workers from their heartbeats, and the driver's own
 * process. Names and labels are listed in docs/clusters.md and do not change their meaning.
 */
import client, { type Registry } from "prom-client";
import { packageVersion } from "../../core/package-root.ts";
import { taskClassOf } from "../../core/task-class.ts";
import type { Plan } from "../../plan/plan.ts";
import { taskStates } from "../../plan/task-state.ts";
import type { SweepEvent } from "../../queue/sweep-event.ts";
import type { WorkerHeartbeat, WorkerPool } from "../../queue/worker-heartbeat.ts";
import { SweepProgress } from "../output/sweep-progress.ts";

/** What is measured. */
export interface SweepMetricsOptions {
  readonly plan: Plan;
  /** Workers over Redis; null: there can be none. */
  readonly pool: WorkerPool | null;
  /** Slots of the driver itself, which count as one more worker. */
  readonly numSlots: number;
}

/** A Redis that does not answer by then counts as away; a scrape must not hang with it. */
const poolTimeoutMs = 2000;
/** From a no-op to a day. */
const secondsBuckets = [0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10_800, 36_000, 86_400];
const blockStates = ["submitted", "working", "ended", "refused", "drained", "cancelled"] as const;

/** Follows the events of one sweep and answers scrapes. */
export class SweepMetrics {
  readonly #registry: Registry = new client.Registry();
  readonly #progress: SweepProgress;
  readonly #classes: ReadonlyMap<string, string>;
  readonly #readyAt = new Map<string, number>();
  readonly #blocks = new Map<string, { readonly card: string; readonly state: string }>();
  readonly #pool: WorkerPool | null;
  readonly #numSlots: number;
  readonly #seconds = this.#histogram("task_seconds", "Seconds of one attempt, by how it ended.", "outcome");
  readonly #waits = this.#histogram("task_wait_seconds", "Seconds from ready to started.");
  readonly #starts = this.#counter("task_starts_total", "Attempts that were started.", "class");
  readonly #retries = this.#counter(
    "task_retries_total",
    "Failed attempts that are repeated, by cause.",
    "class",
    "cause",
  );
  readonly #failures = this.#counter(
    "task_failures_total",
    "Tasks that failed for good, by cause.",
    "class",
    "cause",
  );
  readonly #lost = this.#counter("leases_lost_total", "Leases whose worker fell silent or died.", "class");
  readonly #given = this.#counter("tasks_given_back_total", "Attempts given back free of charge.", "class");
  readonly #changes = this.#counter("block_changes_total", "What happened to blocks.", "card", "state");
  readonly #warnings = this.#counter("warnings_total", "Warnings of the driver.");
  readonly #tasks = this.#gauge("tasks", "Tasks by state.", "class", "state");
  readonly #depth = this.#gauge("queue_depth", "Tasks that a worker could take now.", "class");
  readonly #blockCounts = this.#gauge(
    "blocks",
    "Blocks by the last that was heard of them.",
    "card",
    "state",
  );
  readonly #queueUp = this.#gauge("queue_up", "1 if the queue answers.");
  readonly #workers = this.#gauge("workers", "Workers that were heard of lately.", "state");
  readonly #slots = this.#gauge("worker_slots", "Slots of these workers.", "state");

  constructor({ plan, pool, numSlots }: SweepMetricsOptions) {
    this.#pool = pool;
    this.#numSlots = numSlots;
    this.#progress = new SweepProgress(plan, { numSlots, expectedSec: new Map() });
    this.#classes = new Map(plan.tasks.map(({ id, kind }) => [id, taskClassOf(kind)]));
    const labels = { sweep_id: plan.id, experiment: plan.experiment, version: packageVersion };
    this.#gauge("sweep_info", "The sweep that is driven.", ...Object.keys(labels)).set(labels, 1);
    this.#gauge("cells", "Cells of the plan.").set(plan.cells.length);
    client.collectDefaultMetrics({ register: this.#registry });
  }

  /** Media type of `text`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics as they are now. */
  async text(): Promise<string> {
    this.#countTasks();
    this.#countBlocks();
    await this.#countWorkers();
    return this.#registry.metrics();
  }

  /** Takes in one event. */
  hear(event: SweepEvent): void {
    this.#progress.apply(event);
    if (event.kind === "warning") this.#warnings.inc();
    if (event.kind === "block") {
      this.#blocks.set(event.block, { card: event.card, state: event.state });
      this.#changes.inc({ card: event.card, state: event.state });
    }
    if ("taskId" in event) this.#hearTask(event, this.#classes.get(event.taskId) ?? "unknown");
  }

  #hearTask(event: Extract<SweepEvent, { readonly taskId: string }>, name: string): void {
    switch (event.kind) {
      case "task_ready":
        this.#readyAt.set(event.taskId, event.time);
        return;
      case "task_started":
        this.#starts.inc({ class: name });
        this.#noteWait(event, name);
        return;
      case "task_done":
        this.#seconds.observe({ class: name, outcome: "done" }, event.seconds);
        return;
      case "task_failed":
        this.#seconds.observe({ class: name, outcome: event.cause }, event.seconds);
        this.#failures.inc({ class: name, cause: event.cause });
        return;
      case "retry":
        this.#retries.inc({ class: name, cause: event.cause });
        return;
      case "worker_lost":
        this.#lost.inc({ class: name });
        return;
      case "given_back":
        this.#given.inc({ class: name });
        return;
      default:
    }
  }

  #noteWait({ taskId, time }: { readonly taskId: string; readonly time: number }, name: string): void {
    const since = this.#readyAt.get(taskId);
    if (since !== undefined) this.#waits.observe({ class: name }, Math.max(0, (time - since) / 1000));
    this.#readyAt.delete(taskId);
  }

  #countTasks(): void {
    const counts = new Map<string, number>();
    for (const [id, { state }] of this.#progress.tasks) {
      const key = `${this.#classes.get(id)} ${state}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    for (const name of new Set(this.#classes.values())) {
      for (const state of taskStates)
        this.#tasks.set({ class: name, state }, counts.get(`${name} ${state}`) ?? 0);
      this.#depth.set({ class: name }, counts.get(`${name} ready`) ?? 0);
    }
  }

  #countBlocks(): void {
    const blocks = [...this.#blocks.values()];
    for (const card of new Set(blocks.map((block) => block.card)))
      for (const state of blockStates)
        this.#blockCounts.set(
          { card, state },
          blocks.filter((block) => block.card === card && block.state === state).length,
        );
  }

  async #countWorkers(): Promise<void> {
    const heard = await this.#heartbeats();
    this.#queueUp.set(heard === null ? 0 : 1);
    if (heard === null) return;
    for (const state of ["working", "draining"] as const)
      this.#workers.set({ state }, heard.filter((worker) => worker.state === state).length);
    const busy = heard.reduce((sum, worker) => sum + worker.busy, 0);
    this.#slots.set({ state: "busy" }, busy);
    this.#slots.set({ state: "idle" }, heard.reduce((sum, worker) => sum + worker.slots, 0) - busy);
  }

  /** Workers elsewhere and the driver's own; null: the queue does not answer. */
  async #heartbeats(): Promise<readonly Pick<WorkerHeartbeat, "state" | "slots" | "busy">[] | null> {
    const elsewhere = await this.#heartbeatsElsewhere();
    if (elsewhere === null || this.#numSlots === 0) return elsewhere;
    const away = elsewhere.reduce((sum, { busy }) => sum + busy, 0);
    const busy = Math.min(this.#numSlots, Math.max(0, this.#progress.counts().running - away));
    return [...elsewhere, { state: "working", slots: this.#numSlots, busy }];
  }

  async #heartbeatsElsewhere(): Promise<readonly WorkerHeartbeat[] | null> {
    const pool = this.#pool;
    if (pool === null) return [];
    const asked = async (): Promise<readonly WorkerHeartbeat[]> => pool.workers(); // throws before the plan is there
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), poolTimeoutMs);
    });
    const heard = await Promise.race([asked().catch(() => null), late]);
    clearTimeout(timer);
    return heard;
  }

  #gauge(name: string, help: string, ...labelNames: readonly string[]): client.Gauge {
    return new client.Gauge({
      name: `lambda_hat_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
    });
  }

  #counter(name: string, help: string, ...labelNames: readonly string[]): client.Counter {
    return new client.Counter({
      name: `lambda_hat_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
    });
  }

  #histogram(name: string, help: string, ...more: readonly string[]): client.Histogram {
    return new client.Histogram({
      name: `lambda_hat_${name}`,
      help,
      labelNames: ["class", ...more],
      buckets: secondsBuckets,
      registers: [this.#registry],
    });
  }
}
