/** Runs a planned sweep on this machine: lock, events, view, table, and what is said at the end. */

import { dirname } from "node:path";
import type { Card } from "../../cards/card.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../core/atomic-write.ts";
import { SweepError } from "../../core/errors.ts";
import { requireWritable } from "../../core/require-writable.ts";
import { lifeNeeded } from "../../executors/pilots/life-needed.ts";
import { type PlanOutcome, runPlan } from "../../executors/run-plan.ts";
import type { SubmitOptions } from "../../queue/broker.ts";
import { EventLog } from "../../queue/event-log.ts";
import { redisVariable } from "../../queue/redis/connection/redis-address.ts";
import type { RedisChoice } from "../../queue/redis/open-redis-broker.ts";
import type { SweepEvent } from "../../queue/sweep-event.ts";
import { acquireSweepLock } from "../../queue/sweep-lock.ts";
import { resultsFile } from "../../results/results-files.ts";
import { type Store, type SweepFiles, sweepFiles } from "../../runs/layout.ts";
import { readyBackend } from "../../tasks/ready-backend.ts";
import type { ListenAddress } from "../http/listen.ts";
import { type OpenMetrics, openSweepMetrics } from "../http/open-sweep-metrics.ts";
import { goOnWithoutReader } from "../output/closed-output.ts";
import { matrixView } from "../output/matrix-view.ts";
import { plainView } from "../output/plain-view.ts";
import { printJson, printNote } from "../output/print.ts";
import { SweepProgress, type SweepView } from "../output/sweep-progress.ts";
import { retryPolicyOf } from "./card-budgets.ts";
import { clearLeftovers } from "./clear-leftovers.ts";
import { withoutPasswords } from "./hide-address.ts";
import type { PlannedSweep } from "./plan-experiment.ts";
import { onSignals } from "./stop-signals.ts";
import { openSweepBroker, type SweepBroker } from "./sweep-broker.ts";
import { pilotsOf } from "./sweep-cards.ts";
import { openSweepExecutor, slotsOf } from "./sweep-executor.ts";
import { SweepTable } from "./sweep-table.ts";

/** How to run a planned sweep. */
export interface RunSweepOptions {
  readonly sweep: PlannedSweep;
  readonly cards: readonly Card[];
  /** The cards as they were resolved, for `runs/sweeps/<id>/card.yaml`. */
  readonly cardText: string;
  readonly maxFails: number | null;
  /** Where the queue is; null: in this process. */
  readonly redis: RedisChoice | null;
  /** False: finished work is done again. */
  readonly skip: boolean;
  /** Where Prometheus may ask; null: nowhere. */
  readonly metrics: ListenAddress | null;
  /** Events as JSON lines on stdout instead of a view. */
  readonly json: boolean;
}

/** What happened, and the rows that were written. */
export interface SweepEnd {
  readonly outcome: PlanOutcome;
  readonly table: SweepTable;
}

/** @throws SweepError `BUSY` if another process runs this sweep, `ENVIRONMENT` if workers cannot be started. */
export const runSweep = async (options: RunSweepOptions): Promise<SweepEnd> => {
  const { sweep } = options;
  const { plan, store } = sweep;
  requireFolders(store);
  goOnWithoutReader();
  const files = sweepFiles(store.runs, plan.id);
  const say = (words: string): void => (options.json ? undefined : printNote(words));
  const { events, opened, close } = await openQueue(options, files, say);
  const view = viewOf(options, slotsOf(options.cards));
  const onEvent = (event: SweepEvent): void => {
    events.append(event);
    metrics?.hear(event);
    view.onEvent(event);
    table.hear(event);
  };
  const table = new SweepTable(sweep, process.cwd());
  let metrics: OpenMetrics | null = null;
  const executor = openSweepExecutor({
    cards: options.cards,
    sweep,
    skip: options.skip,
    opened,
    onEvent: (body) => onEvent({ time: Date.now(), ...body }),
  });
  const signals = onSignals(say);
  signals.kill.addEventListener("abort", () => opened.leaveSoon());
  try {
    metrics = await openSweepMetrics(options, opened.pool);
    clearLeftovers({ plan, store, sweepDir: files.dir, root: process.cwd() });
    describeSweep(options, files);
    for (const where of [opened.invitation, metrics?.invitation ?? null]) if (where !== null) say(where);
    const onWarning = (message: string): void => onEvent({ time: Date.now(), kind: "warning", message });
    if (options.cards.some(({ type }) => type === "local"))
      await readyBackend(plan, { onWarning, onProgress: say });
    const outcome = await runPlan({
      plan,
      broker: opened.broker,
      executor,
      submit: submitOptionsOf(options),
      onEvent,
      onTaskFinal: (record) => table.update(record),
      stop: signals.stop,
      kill: AbortSignal.any([signals.kill, table.failed]),
    });
    view.close();
    await table.finish();
    return { outcome, table };
  } catch (error) {
    if (!opened.isAbandoned()) throw error;
    throw new SweepError("CANCELLED", `sweep ${plan.id} was stopped while Redis did not answer.`, {
      cause: error,
    });
  } finally {
    view.close();
    table.close();
    signals.close();
    await metrics?.close();
    await close();
  }
};

/** The lock of the sweep, its event log and its broker; `close` ends all three. */
const openQueue = async (
  options: RunSweepOptions,
  files: SweepFiles,
  onWarning: (words: string) => void,
): Promise<{ events: EventLog; opened: SweepBroker; close: () => Promise<void> }> => {
  const lock = acquireSweepLock(files.lock);
  const events = new EventLog(files.events);
  const release = (): void => {
    events.close();
    lock.release();
  };
  try {
    const opened = await openSweepBroker({ ...options, onWarning });
    const close = async (): Promise<void> => {
      await opened.close();
      release();
    };
    return { events, opened, close };
  } catch (error) {
    release();
    throw error;
  }
};

const submitOptionsOf = ({ sweep, cards, maxFails }: RunSweepOptions): SubmitOptions => ({
  retryPolicy: retryPolicyOf(cards, sweep.experiment.retries),
  maxFailures: maxFails,
  expectedSec: lifeNeeded(sweep.plan.tasks, sweep.orderSec, pilotsOf(cards)),
});

/** What runs, from what, where and by which command line, which names the Redis also where the environment did. */
const describeSweep = ({ sweep, cardText, redis }: RunSweepOptions, files: SweepFiles): void => {
  writeJsonAtomic(files.plan, sweep.plan);
  writeFileAtomic(files.experiment, sweep.experiment.sourceText);
  writeFileAtomic(files.card, cardText);
  const isUnnamed = redis?.kind === "given" && redis.isFromEnvironment;
  const address = isUnnamed ? ["--redis", process.env[redisVariable] ?? ""] : [];
  const args = withoutPasswords([...process.argv.slice(2), ...address], files.redisUrl);
  const text = `${JSON.stringify({ args, cwd: process.cwd() }, null, 2)}\n`;
  writeFileAtomic(files.command, text, 0o600); // other keys of a card may be secret too
};

/** @throws SweepError `ENVIRONMENT` if results could not be written. */
const requireFolders = (store: Store): void => {
  requireWritable(
    store.runs,
    "Choose another with store_root in the experiment, or correct its permissions.",
  );
  for (const folder of [store.logs, dirname(resultsFile(process.cwd()))])
    requireWritable(folder, "Start from another working folder, or correct its permissions.");
};

/** JSON lines, a matrix on a terminal, or plain lines. Closing twice is closing once. */
const viewOf = ({ sweep, json }: RunSweepOptions, numSlots: number): SweepView => {
  const { plan, expectedSec } = sweep;
  if (json) return { onEvent: (event) => printJson(event, 0), close: () => {} };
  const progress = new SweepProgress(plan, { numSlots, expectedSec });
  const view =
    process.stderr.isTTY && plan.cells.length > 0 ? matrixView(plan, progress) : plainView(plan, progress);
  let isOpen = true;
  return {
    onEvent: (event: SweepEvent) => {
      progress.apply(event);
      view.onEvent(event);
    },
    close: () => {
      if (isOpen) view.close();
      isOpen = false;
    },
  };
};
