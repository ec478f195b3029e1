/** Runs a planned sweep on this machine: lock, events, view, table, and what is said at the end. */

import { dirname } from "node:path";
import type { LocalCard } from "../../cards/card.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../core/atomic-write.ts";
import { systemClock } from "../../core/clock.ts";
import { requireWritable } from "../../core/require-writable.ts";
import { LocalExecutor } from "../../executors/local-executor.ts";
import { type PlanOutcome, runPlan } from "../../executors/run-plan.ts";
import { EventLog } from "../../queue/event-log.ts";
import { LocalBroker } from "../../queue/local-broker.ts";
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
import { SweepTable } from "./sweep-table.ts";

/** How to run a planned sweep. */
export interface RunSweepOptions {
  readonly sweep: PlannedSweep;
  readonly card: LocalCard;
  /** The card as it was resolved, for `runs/sweeps/<id>/card.yaml`. */
  readonly cardText: string;
  readonly maxFails: number | null;
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
  const executor = new LocalExecutor({
    card,
    storeRoot: store.runs,
    logsRoot: store.logs,
    answerLeftBy: (task, attemptToken) => answerLeftBy(store.runs, task, attemptToken),
  });
  const broker = new LocalBroker({ clock: systemClock, leaseMs: null });
  const view = viewOf(options, executor.numSlots);
  const table = new SweepTable(sweep, process.cwd());
  const signals = onSignals((words) => (options.json ? undefined : printNote(words)));
  try {
    clearLeftovers({ plan, store, sweepDir: files.dir, root: process.cwd() });
    writeJsonAtomic(files.plan, plan);
    writeFileAtomic(files.experiment, experiment.sourceText);
    writeFileAtomic(files.card, options.cardText);
    if (!options.json) for (const warning of executor.warnings) printWarning(warning);
    const outcome = await runPlan({
      plan,
      broker,
      executor,
      submit: {
        retryPolicy: retryPolicyOf(card, experiment.retries),
        maxFailures: options.maxFails,
        expectedSec: sweep.orderSec,
      },
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
    await broker.close();
    events.close();
    lock.release();
  }
};

const retryPolicyOf = (card: LocalCard, retries: number): typeof defaultRetryPolicy => ({
  ...defaultRetryPolicy,
  budgets: {
    ...defaultRetryPolicy.budgets,
    task_error: card.retries ?? retries,
    worker_lost: card.crashLimit,
  },
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
