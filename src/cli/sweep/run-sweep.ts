/** Runs a planned sweep on this machine: lock, events, view, table, and what is said at the end. */

import { dirname } from "node:path";
import type { LocalCard } from "../../cards/card.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../core/atomic-write.ts";
import { requireWritable } from "../../core/require-writable.ts";
import { LocalExecutor } from "../../executors/local-executor.ts";
import { type PlanOutcome, runPlan } from "../../executors/run-plan.ts";
import type { SubmitOptions } from "../../queue/broker.ts";
import { EventLog } from "../../queue/event-log.ts";
import type { RedisChoice } from "../../queue/redis/open-redis-broker.ts";
import { defaultRetryPolicy } from "../../queue/retry-policy.ts";
import type { SweepEvent } from "../../queue/sweep-event.ts";
import { acquireSweepLock } from "../../queue/sweep-lock.ts";
import { resultsFile } from "../../results/results-files.ts";
import { sweepFiles } from "../../runs/layout.ts";
import { answerLeftBy } from "../../tasks/task-answer.ts";
import { goOnWithoutReader } from "../output/closed-output.ts";
import { matrixView } from "../output/matrix-view.ts";
import { plainView } from "../output/plain-view.ts";
import { printJson, printNote, printWarning } from "../output/print.ts";
import { SweepProgress, type SweepView } from "../output/sweep-progress.ts";
import { clearLeftovers } from "./clear-leftovers.ts";
import type { PlannedSweep } from "./plan-experiment.ts";
import { onSignals } from "./stop-signals.ts";
import { openSweepBroker } from "./sweep-broker.ts";
import { SweepTable } from "./sweep-table.ts";

/** How to run a planned sweep. */
export interface RunSweepOptions {
  readonly sweep: PlannedSweep;
  readonly card: LocalCard;
  /** The card as it was resolved, for `runs/sweeps/<id>/card.yaml`. */
  readonly cardText: string;
  readonly maxFails: number | null;
  /** Where the queue is; null: in this process. */
  readonly redis: RedisChoice | null;
  /** False: finished work is done again. */
  readonly skip: boolean;
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
  const { sweep, card } = options;
  const { plan, store, experiment } = sweep;
  requireWritable(
    store.runs,
    "Choose another with store_root in the experiment, or correct its permissions.",
  );
  for (const folder of [store.logs, dirname(resultsFile(process.cwd()))])
    requireWritable(folder, "Start from another working folder, or correct its permissions.");
  goOnWithoutReader();
  const files = sweepFiles(store, plan.id);
  const lock = acquireSweepLock(files.lock);
  const events = new EventLog(files.events);
  const say = (words: string): void => (options.json ? undefined : printNote(words));
  const opened = await openSweepBroker({ ...options, onWarning: say }).catch((error: unknown) => {
    events.close();
    lock.release();
    throw error;
  });
  const executor = new LocalExecutor({
    card,
    storeRoot: store.runs,
    logsRoot: store.logs,
    answerLeftBy: (task, attemptToken) => answerLeftBy(store.runs, task, attemptToken),
    renewEveryMs: opened.renewEveryMs,
  });
  const view = viewOf(options, executor.numSlots);
  const table = new SweepTable(sweep, process.cwd());
  const signals = onSignals(say);
  try {
    clearLeftovers({ plan, store, sweepDir: files.dir, root: process.cwd() });
    writeJsonAtomic(files.plan, plan);
    writeFileAtomic(files.experiment, experiment.sourceText);
    writeFileAtomic(files.card, options.cardText);
    if (!options.json) for (const warning of executor.warnings) printWarning(warning);
    if (opened.invitation !== null) say(opened.invitation);
    const outcome = await runPlan({
      plan,
      broker: opened.broker,
      executor,
      submit: submitOptionsOf(options),
      onEvent: (event) => {
        events.append(event);
        view.onEvent(event);
      },
      onTaskFinal: (record) => table.update(record),
      stop: signals.stop,
      kill: signals.kill,
    });
    view.close();
    await table.finish();
    return { outcome, table };
  } finally {
    view.close();
    signals.close();
    await opened.close();
    events.close();
    lock.release();
  }
};

const submitOptionsOf = ({ sweep, card, maxFails }: RunSweepOptions): SubmitOptions => ({
  retryPolicy: {
    ...defaultRetryPolicy,
    budgets: {
      ...defaultRetryPolicy.budgets,
      task_error: card.retries ?? sweep.experiment.retries,
      worker_lost: card.crashLimit,
    },
  },
  maxFailures: maxFails,
  expectedSec: sweep.orderSec,
});

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
